import { isSandboxAccount } from "@tillkeeper/contract/accounts";
import { sandboxEndpoints as endpoints } from "@tillkeeper/contract/http/sandbox";
import type {
  SandboxRequest,
  SandboxRequestList,
  SandboxRequestQuery,
} from "@tillkeeper/contract/http/sandbox-requests";
import type { Clock } from "../platform/clock.ts";
import { type AnsweredRequest, answeredRequest, type OnAnswered } from "../platform/http/answered.ts";
import { bind, type Route } from "../platform/http/route.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { requireSandboxAccount } from "./only-here.ts";

/** Bounds of the log, together some 10 MB at most. */
const most = { accounts: 50, requests: 200, pathCharacters: 512 };

interface Kept {
  seq: number;
  shown: SandboxRequest;
}

/**
 * The last requests of each sandbox account that this server has answered, in memory. Reading the log is not logged: it would fill with
 * that.
 */
export class RequestLog {
  readonly #clock: Clock;
  readonly #ownAccount: () => string | undefined;
  /** The account with the oldest last request comes first. */
  readonly #accounts = new Map<string, Kept[]>();
  #seq = 0;

  /** `ownAccount`: the account that the sandbox was opened with. */
  constructor(clock: Clock, ownAccount: () => string | undefined) {
    this.#clock = clock;
    this.#ownAccount = ownAccount;
  }

  /** Keeps what was answered to a client. */
  readonly answered: OnAnswered = (request, reply) => {
    const answered = answeredRequest(request, reply);
    if (answered) this.note(answered);
  };

  /** Keeps a request, and drops the oldest beyond the bounds. */
  note({ account_id: account, path, code, ...request }: AnsweredRequest): void {
    if (!isSandboxAccount(account) || path.split("?", 1)[0] === endpoints.requests.path) return;
    const known = this.#accounts.get(account);
    // Any sender can name any account in a refused request for a token. Such requests must not push out the logs of others.
    if (!known && request.status >= 400 && account !== this.#ownAccount()) return;
    const kept = known ?? [];
    this.#accounts.delete(account);
    this.#accounts.set(account, kept);
    this.#seq += 1;
    const at = preciseTime(this.#clock.now());
    const shown = { ...request, at, path: path.slice(0, most.pathCharacters), ...(code !== undefined && { code }) };
    kept.push({ seq: this.#seq, shown });
    if (kept.length > most.requests) kept.shift();
    if (this.#accounts.size > most.accounts) this.#dropOldest();
  }

  /** Gives a page of an account's requests, newest first. */
  page(account: string, { limit, starting_after: after, ...filter }: SandboxRequestQuery): SandboxRequestList {
    const before = after === undefined ? Number.POSITIVE_INFINITY : Number(after);
    const found = (this.#accounts.get(account) ?? [])
      .filter(({ seq, shown }) => seq < before && matches(shown, filter))
      .toReversed();
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    return {
      requests: shown.map((kept) => kept.shown),
      ...(last && found.length > shown.length && { starting_after: String(last.seq) }),
    };
  }

  #dropOldest(): void {
    for (const account of this.#accounts.keys()) {
      if (account === this.#ownAccount()) continue;
      this.#accounts.delete(account);
      return;
    }
  }
}

type Filter = Pick<SandboxRequestQuery, "status" | "method" | "path">;

function matches(request: SandboxRequest, { status, method, path }: Filter): boolean {
  const isOfStatus =
    status === undefined ||
    (status.endsWith("xx")
      ? Math.floor(request.status / 100) === Number(status[0])
      : request.status === Number(status));
  return isOfStatus && (method === undefined || request.method === method) && (!path || request.path.includes(path));
}

/** The route that shows an account its requests; for a live account it looks as if it did not exist. */
export function requestLogRoutes(log: RequestLog): Route[] {
  return [
    bind(endpoints.requests, ({ caller, query }) => {
      requireSandboxAccount(caller);
      return log.page(caller.accountId, query);
    }),
  ];
}

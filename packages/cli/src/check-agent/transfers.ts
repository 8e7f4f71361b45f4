import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Transfer } from "@tillkeeper/contract/mqtt";

/** A request of the device for a file, or with one. */
export interface FileRequest {
  method: string;
  /** Behind the transfer's own address: `` for that, `file` for the release. */
  what: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface FileAnswer {
  status: number;
  body: unknown;
}

/** Answers a request; `silent` leaves it without an answer. */
export type AnswerFiles = (request: FileRequest) => FileAnswer | "silent";

const path = "/check-agent/files";

/** Where the files of operations go to and come from. Each operation has an address and a token of its own. */
export class Transfers {
  readonly #open = new Map<string, { token: string; answer: AnswerFiles }>();

  /** For a command. The address has a query already, which is allowed. */
  offer(serverUrl: string, expiresAt: Date, answer: AnswerFiles): Transfer {
    const id = randomUUID();
    const token = randomBytes(24).toString("base64url");
    this.#open.set(id, { token, answer });
    return { url: `${serverUrl}${path}/?transfer=${id}`, token, expires_at: expiresAt.toISOString() };
  }

  /** Undefined for what is none of these requests. */
  answer(url: URL, request: Omit<FileRequest, "what" | "query">): FileAnswer | "silent" | undefined {
    if (!url.pathname.startsWith(`${path}/`)) return undefined;
    const known = this.#open.get(url.searchParams.get("transfer") ?? "");
    if (!known) return failure(404, "not_found");
    if (request.headers.authorization !== `Bearer ${known.token}`) return failure(401, "invalid_token");
    return known.answer({ ...request, what: url.pathname.slice(path.length + 1), query: url.searchParams });
  }
}

/** As the server says no. */
export function failure(status: number, code: string): FileAnswer {
  return { status, body: { error: { code, message: `check-agent answers ${status}`, errors: [] } } };
}

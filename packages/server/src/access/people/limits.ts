import { ApiError } from "../../platform/errors.ts";
import { createSpanLimit } from "../../platform/http/limits/rate-limit.ts";

const spanSeconds = 300;
/** Failed attempts in five minutes, counted by each server process. */
const most = { perShare: 10, perNetwork: 50, perAddress: 50 };

/** What an attempt counts for. */
export interface Attempt {
  /** The network that it comes from. */
  network: string;
  /** The e-mail address, in lower case, whether or not it is a person's. */
  email: string;
  /** Whether a person has signed in with that address from that network before. */
  known: boolean;
}

/**
 * Limits failed attempts to sign in: of a network, of a network for one address, and of all networks for one address. The last does not
 * count for networks from which the person has signed in before, so that a stranger elsewhere locks no person out.
 */
export function signInLimits() {
  const perShare = createSpanLimit(most.perShare, spanSeconds);
  const perNetwork = createSpanLimit(most.perNetwork, spanSeconds);
  const perAddress = createSpanLimit(most.perAddress, spanSeconds);
  const turnsOf = ({ network, email, known }: Attempt) => [
    { limit: perShare, key: `${network} ${email}` },
    { limit: perNetwork, key: network },
    ...(known ? [] : [{ limit: perAddress, key: email }]),
  ];
  const limits = {
    /** Counts an attempt before its password is checked, so that a thousand at once get no more guesses. Throws `sign_in_locked`. */
    begin(attempt: Attempt): void {
      const taken: (() => void)[] = [];
      for (const { limit, key } of turnsOf(attempt)) {
        const wait = limit.take(key);
        if (wait > 0) {
          for (const giveBack of taken) giveBack();
          throw new ApiError("sign_in_locked", "Too many attempts have failed; wait before the next one.", {
            retryAfterSeconds: wait,
          });
        }
        taken.push(() => limit.giveBack(key));
      }
    },
    /** Takes the count back: successful attempts do not count. */
    succeeded(attempt: Attempt): void {
      for (const { limit, key } of turnsOf(attempt)) limit.giveBack(key);
    },
    /** Runs an attempt. It has failed if a password or a code was refused; nothing else counts. Throws `sign_in_locked`. */
    async run<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
      limits.begin(attempt);
      try {
        const result = await work();
        limits.succeeded(attempt);
        return result;
      } catch (error) {
        if (!isRefusal(error)) limits.succeeded(attempt);
        throw error;
      }
    },
  };
  return limits;
}

const refusals: ReadonlySet<string> = new Set(["sign_in_refused", "code_refused"]);

function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && refusals.has(error.code);
}
export type SignInLimits = ReturnType<typeof signInLimits>;

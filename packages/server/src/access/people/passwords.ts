import { randomBytes } from "node:crypto";
import { passwordCharactersMin } from "@tillkeeper/contract/http/people";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import { fairTurns, type Share } from "../../platform/load/fair-turns.ts";
import { derivesTo, slowHash } from "../auth/secrets/chosen-secrets.ts";

/**
 * Cost of one guess: 32 MB of memory, three times over. It is scrypt (RFC 7914), because the program also runs on Node 20 and 22, which
 * have no Argon2. Each hash holds its cost, so that it can be raised later.
 */
const cost = { N: 32_768, r: 8, p: 3 };

/**
 * A hash that no password has. It is compared where there is none, so that an unknown address takes as long as a known one. A person who
 * signs in by links alone has this hash.
 */
export const unmatchedHash = `scrypt$${cost.N}$${cost.r}$${cost.p}$${randomBytes(16).toString("base64url")}$${randomBytes(32).toString("base64url")}`;

/** One at a time: each takes a whole core. Networks take turns, so that guesses from one keep no person elsewhere from signing in. */
const inTurn = fairTurns({
  slots: 1,
  mostPerMember: 4,
  mostPerGroup: 16,
  mostWaiting: 200,
  overload: () =>
    new ApiError("too_many_requests", "Too many passwords are being checked; try again.", { retryAfterSeconds: 2 }),
});

/** Hashes a new password. Slow by design, so never call it in a transaction. */
export function hashPassword(password: string, share: Share): Promise<string> {
  return inTurn(share, () => slowHash(normal(password), cost));
}

/** Whether the password is the one of the hash; without a hash never, after the same time. */
export function matchesPassword(password: string, hash: string | undefined, share: Share): Promise<boolean> {
  return inTurn(share, async () => {
    const matches = await derivesTo(hash ?? unmatchedHash, normal(password));
    return matches && hash !== undefined;
  });
}

/** Keyboards write the same letter in several ways (NIST SP 800-63B, 3.1.1.2). */
function normal(password: string): string {
  return password.normalize("NFKC");
}

/** Throws `invalid_request` for a new password that is missing or too short. */
export function requireNewPassword(password: string | undefined): string {
  if (password !== undefined && password.length >= passwordCharactersMin) return password;
  throw invalidRequest({
    path: "/body/password",
    message: `must be the new password, of at least ${passwordCharactersMin} characters`,
  });
}

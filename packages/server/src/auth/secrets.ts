import { createHash, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { ApiError } from "../platform/errors.ts";
import { gather } from "../platform/gather.ts";

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);

/** Memory-hard: 32 MB and some 60 ms for each guess. Kept in each hash, so that it can be raised later. */
const cost = { N: 32_768, r: 8, p: 1 };
const keyBytes = 32;

/** A new secret of 256 random bits. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** For secrets that a person may have chosen. Answers `scrypt$N$r$p$salt$key`. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const options = { ...cost, maxmem: 128 * cost.N * cost.r * 2 };
  const key = await derivations(() => derive(secret, salt, keyBytes, options));
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/**
 * Each derivation holds a thread of the pool that files and name look-ups share, and anybody may ask for one: so only
 * two run at a time, few wait, and the rest are told to come again.
 */
const derivations = gather<() => Promise<Buffer>, Buffer>({
  slots: 2,
  maxBatch: 1,
  maxQueue: 40,
  overload: () =>
    new ApiError("too_many_requests", "Too many secrets are being checked; try again.", {
      headers: { "retry-after": "2" },
    }),
  run: async ([derivation]) => [await (derivation as () => Promise<Buffer>)()],
});

/** In constant time for a given hash. A hash in another form than `hashSecret`'s never matches. */
export async function secretMatches(secret: string, hash: string): Promise<boolean> {
  const [scheme, n, r, p, salt, key] = hash.split("$");
  if (scheme !== "scrypt" || !n || !r || !p || !salt || !key) return false;
  const expected = Buffer.from(key, "base64url");
  const options = { N: Number(n), r: Number(r), p: Number(p), maxmem: 128 * Number(n) * Number(r) * 2 };
  const actual = await derivations(() => derive(secret, Buffer.from(salt, "base64url"), expected.length, options));
  return timingSafeEqual(actual, expected);
}

/** For secrets of 256 random bits, where guessing is hopeless and thousands of terminals reconnect at once. */
export function sha256(secret: string | Buffer): Buffer {
  return createHash("sha256").update(secret).digest();
}

export function sha256Matches(secret: string | Buffer, expected: Buffer): boolean {
  const actual = sha256(secret);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

import { createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import QuickLRU from "quick-lru";
import { ApiError } from "../../../platform/errors.ts";
import { fairTurns, type Share } from "../../../platform/load/fair-turns.ts";

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);

/** What a hash costs: memory is 128 · N · r bytes, and time grows with p as well. */
export interface Cost {
  N: number;
  r: number;
  p: number;
}

/** Cost of one guess: 32 MB of memory and some 60 ms. Each hash holds its cost, so that it can be raised later. */
const costOfSecret = { N: 32_768, r: 8, p: 1 };
const keyBytes = 32;

/** The slow hash of a secret that a person chose: `scrypt$N$r$p$salt$key`. */
export interface ChosenHash {
  hash: string;
}

/** Hashes a chosen secret. Slow by design, so never call it while a transaction holds a connection. */
export async function hashChosen(secret: string): Promise<ChosenHash> {
  return { hash: await slowHash(secret, costOfSecret) };
}

/** The slow hash of a text, with the cost in it. */
export async function slowHash(secret: string, { N, r, p }: Cost): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(secret, salt, keyBytes, { N, r, p, maxmem: memoryFor({ N, r }) });
  const parts = ["scrypt", N, r, p, salt.toString("base64url"), key.toString("base64url")];
  return parts.join("$");
}

/** Twice the memory that the algorithm itself needs, in bytes. */
function memoryFor({ N, r }: { N: number; r: number }): number {
  return 128 * N * r * 2;
}

/**
 * Runs one slow check at a time, because each takes a whole core, and memory. Only clients with a chosen secret cause
 * checks, so a live server has none. Addresses take turns, and within an address its clients. A client waits for at
 * most one turn of each address, however many checks the others ask for.
 */
const inTurn = fairTurns({
  slots: 1,
  mostPerMember: 4,
  mostPerGroup: 16,
  mostWaiting: 1_000,
  overload: () =>
    new ApiError("too_many_requests", "Too many secrets of this client are being checked; try again.", {
      retryAfterSeconds: 2,
    }),
});

/**
 * Digests of secrets that matched, by the hash they matched: a client pays for the slow check once. A keyed digest is
 * of no use outside this process. The statement that reads the hash checks on every request that it is still valid.
 */
const matched = new QuickLRU<string, Buffer>({ maxSize: 1_000 });
const matchKey = randomBytes(32);

/**
 * Whether the hash is this secret's, in constant time for a given hash. `share` is the address and client that the
 * check counts for. Throws `too_many_requests` when that share is used up.
 */
export async function matchesChosen(secret: string, hash: string, share: Share): Promise<boolean> {
  const digest = createHmac("sha256", matchKey).update(secret).digest();
  const known = matched.get(hash);
  if (known && timingSafeEqual(known, digest)) return true;
  if (!(await inTurn(share, () => derivesTo(hash, secret)))) return false;
  matched.set(hash, digest);
  return true;
}

/** Whether the slow hash is this text's, each time anew. A hash in another form than `slowHash`'s never matches. */
export async function derivesTo(hash: string, secret: string): Promise<boolean> {
  const [scheme, n, r, p, salt, key] = hash.split("$");
  if (scheme !== "scrypt" || !n || !r || !p || !salt || !key) return false;
  const expected = Buffer.from(key, "base64url");
  const options = { N: Number(n), r: Number(r), p: Number(p) };
  const maxmem = memoryFor(options);
  const actual = await derive(secret, Buffer.from(salt, "base64url"), expected.length, { ...options, maxmem });
  return timingSafeEqual(actual, expected);
}

import QuickLRU from "quick-lru";
import { ApiError } from "../../errors.ts";

/** A rate limit with turns for each key. */
export interface RateLimit {
  /** 0: go on. Else the seconds to wait before the next turn, with their fractions. */
  take(key: string): number;
}

/** A token bucket for each key. */
export interface BucketLimit extends RateLimit {
  /** Gives a turn back that should not count. */
  giveBack(key: string): void;
}

export interface RateLimits {
  perClient: RateLimit;
  /** For routes without a token. */
  perAddress: RateLimit;
  /** For invalid access tokens. */
  badTokensPerAddress: BucketLimit;
  /** For devices that pair or request a token: many of them share one address. */
  devicesPerAddress: RateLimit;
}

/** A bucket holds the turns of this many seconds, so that a caller may catch up after a silence. */
const burstSeconds = 2;
/** Most buckets in memory; the least recently used bucket is full again anyway. */
const mostKeys = 20_000;

/**
 * A rate limit by the generic cell rate algorithm: each key keeps the moment at which its bucket will be full again.
 * Counted per server, by a monotonic clock.
 */
export function createRateLimit(perSecond: number, now: () => number = () => performance.now()): BucketLimit {
  const fullAgainAt = new QuickLRU<string, number>({ maxSize: mostKeys });
  const turnMs = 1000 / perSecond;
  const bucketMs = burstSeconds * 1000;
  return {
    take(key) {
      const at = now();
      const next = Math.max(fullAgainAt.get(key) ?? at, at) + turnMs;
      const tooSoonByMs = next - at - bucketMs;
      // Rounded: sums of fractions must not cost the last turn of a bucket.
      if (tooSoonByMs > 0.001) return tooSoonByMs / 1000;
      fullAgainAt.set(key, next);
      return 0;
    },
    giveBack(key) {
      const before = fullAgainAt.get(key);
      if (before !== undefined) fullAgainAt.set(key, before - turnMs);
    },
  };
}

/**
 * A limit of `turns` in any span of `spanSeconds`, counted one by one: for tries by which a secret could be guessed.
 */
export function createSpanLimit(
  turns: number,
  spanSeconds: number,
  now: () => number = () => performance.now(),
): BucketLimit {
  const taken = new QuickLRU<string, number[]>({ maxSize: mostKeys });
  const spanMs = spanSeconds * 1000;
  return {
    take(key) {
      const at = now();
      const recent = (taken.get(key) ?? []).filter((turn) => turn > at - spanMs);
      const [oldest = at] = recent;
      const full = recent.length >= turns;
      if (!full) recent.push(at);
      taken.set(key, recent);
      // Never 0 when it is full: 0 means that the turn was taken.
      return full ? Math.max(oldest + spanMs - at, 1) / 1000 : 0;
    },
    giveBack(key) {
      taken.get(key)?.pop();
    },
  };
}

/** Takes a turn, if there is a limit. Throws `too_many_requests`. */
export function takeTurn(limit: RateLimit | undefined, key: string): void {
  const waitSeconds = limit?.take(key) ?? 0;
  if (waitSeconds === 0) return;
  throw new ApiError("too_many_requests", "Too many requests in a short time; wait, then send it again.", {
    retryAfterSeconds: waitSeconds,
  });
}

/**
 * The network that counts as one sender: an IPv4 address, or the /64 of an IPv6 address. A /64 is the least that a
 * subscriber gets (RFC 6177 section 2).
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped || !address.includes(":")) return mapped ?? address;
  const [head = [], tail] = address.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  if (tail === undefined) return head.slice(0, 4).join(":");
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return [...head, ...zeros, ...tail].slice(0, 4).join(":");
}

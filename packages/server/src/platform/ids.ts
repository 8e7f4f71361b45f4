import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/** Random bytes are fetched in blocks: one system call per id would slow down code that creates thousands of ids. */
const idBytes = 16;
const pool = new Uint8Array(idBytes * 512);
let used = pool.length;

const latestMs = 2 ** 48 - 1;

/** Lower bound of all ids made at that time or later (RFC 9562, version 7: the first 48 bits are the milliseconds). */
export function lowestId(at: Date): string {
  const hex = Math.min(Math.max(at.getTime(), 0), latestMs).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** A UUID in order of creation (RFC 9562, version 7), so that it serves as the key of newest-first lists. */
export function newId(at: Date): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + idBytes);
  used += idBytes;
  return v7({ msecs: at.getTime(), random });
}

/**
 * An id with given digits in place of random ones: equal times and digits give equal ids. `digits` are at least 32
 * hexadecimal digits.
 */
export function idAt(at: Date, digits: string): string {
  const time = lowestId(at);
  return `${time.slice(0, 13)}-7${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

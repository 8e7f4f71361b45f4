import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/** Randomness comes by the block: one call into the system per id would be felt where ids are made by the thousand. */
const idBytes = 16;
const pool = new Uint8Array(idBytes * 512);
let used = pool.length;

const latestMs = 2 ** 48 - 1;

/** No id made at that time or later is lower (RFC 9562, version 7: the first 48 bits are the milliseconds). */
export function lowestId(at: Date): string {
  const hex = Math.min(Math.max(at.getTime(), 0), latestMs).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** A UUID whose order is the order of creation (RFC 9562, version 7), so that it serves as the key of newest-first lists. */
export function newId(at: Date): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + idBytes);
  used += idBytes;
  return v7({ msecs: at.getTime(), random });
}

/** The id of a thing of that time whose randomness was given elsewhere: the same for the same time and the same digits. */
export function idAt(at: Date, digits: string): string {
  const time = lowestId(at);
  return `${time.slice(0, 13)}-7${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

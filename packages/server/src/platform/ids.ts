import { v7 } from "uuid";

/** A UUID whose order is the order of creation (RFC 9562, version 7), so that it serves as the key of newest-first lists. */
export function newId(at: Date): string {
  return v7({ msecs: at.getTime() });
}

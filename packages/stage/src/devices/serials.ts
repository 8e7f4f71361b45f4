let last = 460_000_000_000;

/** A serial number; no two that it answers are equal. */
export function nextSerial(): string {
  last += 1;
  return String(last);
}

let last = 460_000_000_000;

/** Returns a serial number that no earlier call has returned. */
export function nextSerial(): string {
  last += 1;
  return String(last);
}

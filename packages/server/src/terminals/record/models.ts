/** Models by the prefix of their serial numbers (D9); the configuration adds a fleet's own. */
const modelBySerialPrefix: readonly (readonly [prefix: string, model: string])[] = [["SIMULATED-", "VIRTUAL"]];

/** The model for a serial number, or null for an unknown prefix. */
export function modelOfSerial(serial: string): string | null {
  return modelBySerialPrefix.find(([prefix]) => serial.startsWith(prefix))?.[1] ?? null;
}

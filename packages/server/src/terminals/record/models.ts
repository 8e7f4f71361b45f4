/** Models by how their serial numbers begin (D9); a fleet's own list comes by configuration. */
const modelBySerialPrefix: readonly (readonly [prefix: string, model: string])[] = [["SIMULATED-", "VIRTUAL"]];

/** The model of a device by its serial number, or null when the prefix is not known. */
export function modelOfSerial(serial: string): string | null {
  return modelBySerialPrefix.find(([prefix]) => serial.startsWith(prefix))?.[1] ?? null;
}

import { Type } from "typebox";

/**
 * The address of a device: one credential of one terminal, `{terminal_id}-D{n}` (docs/adr/0025). It is the user name and the
 * client id of its MQTT connections, and a level of its topics. So any broker can vouch for it by a rule on the user name.
 */
export const deviceAddressPattern = "^[PT]\\d{8}-T\\d{4,9}-D\\d{1,10}$";
const form = /^(([PT]\d{8})-T\d{4,9})-D\d{1,10}$/;

export const DeviceAddress = Type.String({
  pattern: deviceAddressPattern,
  description: "The terminal's id, `-D` and a number. Each device, pairing and password has a number of its own.",
  examples: ["T12345678-T0001-D3632400"],
});

/** Splits a device address into its parts; `undefined` for a text of another form. */
export function readDeviceAddress(
  text: string,
): { accountId: string; terminalId: string; address: string } | undefined {
  const [address, terminalId, accountId] = form.exec(text) ?? [];
  if (address === undefined || terminalId === undefined || accountId === undefined) return undefined;
  return { accountId, terminalId, address };
}

/** The address of a device. `number`: a positive integer, larger than in every earlier address of the terminal. */
export function deviceAddress(terminalId: string, number: number): string {
  return `${terminalId}-D${number}`;
}

const epochMs = Date.UTC(2020, 0, 1);

/**
 * The number of a terminal's next address: at least the seconds since 2020. So a database that went back to an earlier moment
 * does not give a number twice. Even a failover loses some seconds, and no terminal gets an address a second for long.
 */
export function nextDeviceNumber(last: number, now: Date): number {
  return Math.max(last + 1, Math.floor((now.getTime() - epochMs) / 1_000));
}

/** Whether `address` was given later than `than`, an address of the same terminal. */
export function isLaterAddress(address: string, than: string): boolean {
  return deviceNumber(address) > deviceNumber(than);
}

/** The number in a device address; 0 for a text of another form. */
export function deviceNumber(address: string): number {
  return Number(readDeviceAddress(address) ? address.slice(address.lastIndexOf("-D") + 2) : 0);
}

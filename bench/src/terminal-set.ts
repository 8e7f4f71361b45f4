import { deviceAddress } from "@tillkeeper/contract/addresses";

/** The account that everything happens in. */
export const accountId = "T99000001";

const firstNumber = 1_000_000;
/** A prime, so that no number of terminals below it shares a factor with it. */
const stride = 15_485_863;

/** Terminal ids all have seven digits, so that a prepared request can be overwritten in place. */
export function terminalId(number: number): string {
  return `${accountId}-T${firstNumber + number}`;
}

/** Of the device that the terminal is. */
export function addressOf(number: number): string {
  return deviceAddress(terminalId(number), 1);
}

export const terminalIdPrefix = `${accountId}-T`;
export const firstTerminalNumber = firstNumber;

/**
 * Walks through `size` terminals, each once, in an order that jumps over the whole set: neighbours in time are not
 * neighbours in an index.
 */
export function scattered(step: number, size: number): number {
  return (step * stride) % size;
}

import { deviceAddress } from "@tillkeeper/contract/addresses";

/** The account of all terminals, except in the benchmark `lists`. */
export const accountId = "T99000001";

const firstNumber = 1_000_000;
/** A prime: shares no factor with any smaller number of terminals. */
const stride = 15_485_863;

/** Returns a terminal id; all have seven digits, so that a prepared request can be overwritten in place. */
export function terminalId(number: number): string {
  return `${accountId}-T${firstNumber + number}`;
}

/** Returns the address of the terminal's device. */
export function addressOf(number: number): string {
  return deviceAddress(terminalId(number), 1);
}

export const terminalIdPrefix = `${accountId}-T`;
export const firstTerminalNumber = firstNumber;

/**
 * Returns the terminal for a step of a walk through `size` terminals, which visits each once and jumps over the whole
 * set. Successive requests therefore do not touch neighbours in an index.
 */
export function scattered(step: number, size: number): number {
  return (step * stride) % size;
}

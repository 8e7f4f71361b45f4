import { type DownChannel, downChannels } from "@tillkeeper/contract/mqtt";

/**
 * What a connection has subscribed to, as one number: two bits for each filter that a device may have, the granted QoS and one
 * more. A map would take half a kilobyte of each connection.
 */
export type Subscriptions = number;

export const noSubscriptions: Subscriptions = 0;

/** Where the bits of each filter are, by what stands behind the device's prefix. */
const shifts = new Map<string, number>(["+", "#", ...downChannels].map((filter, index) => [filter, index * 2]));

/** `qos` is 0 or 1; `undefined` for a filter that is taken back. */
export function withGranted(all: Subscriptions, filter: string, qos: number | undefined): Subscriptions {
  const shift = shiftOf(filter);
  return (all & ~(0b11 << shift)) | ((qos === undefined ? 0 : qos + 1) << shift);
}

/** The QoS with which a message of this channel is to be sent; `undefined` if it was not asked for. */
export function grantedOf(all: Subscriptions, channel: DownChannel): number | undefined {
  const granted = Math.max(bitsOf(all, "+"), bitsOf(all, "#"), bitsOf(all, channel));
  return granted === 0 ? undefined : granted - 1;
}

function bitsOf(all: Subscriptions, filter: string): number {
  return (all >> shiftOf(filter)) & 0b11;
}

function shiftOf(filter: string): number {
  const shift = shifts.get(filter);
  if (shift === undefined) throw new TypeError(`no filter of a device: ${filter}`);
  return shift;
}

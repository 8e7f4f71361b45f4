import { type DownChannel, downChannels } from "@tillkeeper/contract/mqtt";

/**
 * What a connection has subscribed to, as one number: two bits for each filter that a device may have, the granted QoS and one
 * more. A map would take half a kilobyte of each connection.
 */
export type Subscriptions = number;

export const noSubscriptions: Subscriptions = 0;

/** By what stands behind the device's prefix. */
const filters: readonly string[] = ["+", "#", ...downChannels];

/** `qos` is 0 or 1; `undefined` for a filter that is taken back. */
export function withGranted(all: Subscriptions, filter: string, qos: number | undefined): Subscriptions {
  const at = filters.indexOf(filter) * 2;
  if (at < 0) throw new TypeError(`no filter of a device: ${filter}`);
  return (all & ~(0b11 << at)) | ((qos === undefined ? 0 : qos + 1) << at);
}

/** The QoS with which a message of this channel is to be sent; `undefined` if it was not asked for. */
export function grantedOf(all: Subscriptions, channel: DownChannel): number | undefined {
  const granted = Math.max(...["+", "#", channel].map((filter) => (all >> (filters.indexOf(filter) * 2)) & 0b11));
  return granted === 0 ? undefined : granted - 1;
}

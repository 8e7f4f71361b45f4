import { type DownChannel, downChannels } from "@tillkeeper/contract/mqtt/topics";

/**
 * The subscriptions of a connection as one number. Each filter that a device may use has two bits: 0, or the granted
 * QoS plus one. A map would take half a kilobyte per connection.
 */
export type Subscriptions = number;

export const noSubscriptions: Subscriptions = 0;

/** The position of each filter's bits, by the part of the filter behind the device's topic prefix. */
const shifts = new Map<string, number>(["+", "#", ...downChannels].map((filter, index) => [filter, index * 2]));

/**
 * The subscriptions with a filter added (`qos` 0 or 1), changed, or removed (`undefined`). Throws `TypeError` for a
 * filter that no device may use.
 */
export function withGranted(all: Subscriptions, filter: string, qos: number | undefined): Subscriptions {
  const shift = shiftOf(filter);
  return (all & ~(0b11 << shift)) | ((qos === undefined ? 0 : qos + 1) << shift);
}

/**
 * The QoS with which messages of this channel are sent, the highest of the matching filters; `undefined` without a
 * subscription.
 */
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

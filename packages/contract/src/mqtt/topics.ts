/**
 * The device protocol: MQTT 5 or 3.1.1, JSON payloads, QoS 1, nothing retained, clean sessions.
 * Topics are `tillkeeper/v1/{address}/{channel}`; `channel-meanings.ts` says what each channel carries.
 * A PUBACK proves nothing: only a receipt shows that the server has committed a result.
 */
export const protocolVersion = 1;

export const upChannels = [
  "hello",
  "delivered",
  "started",
  "result",
  "cancel_refused",
  "heartbeat",
  "goodbye",
  "gone",
  "probe_answer",
] as const;
export type UpChannel = (typeof upChannels)[number];
export const downChannels = ["welcome", "command", "receipt", "cancel", "memory", "rejection", "probe"] as const;
export type DownChannel = (typeof downChannels)[number];

/**
 * The Message Expiry Interval (MQTT 5), in seconds, of agents' messages that are useless after that time. Messages of the
 * other channels do not expire.
 */
export const messageExpirySeconds: { readonly [Channel in UpChannel]?: number } = { heartbeat: 60, probe_answer: 3 };

const root = "tillkeeper/v1";

/** The topic of one channel. `address`: of the device that sends or receives. */
export function topic(address: string, channel: UpChannel | DownChannel): string {
  return `${root}/${address}/${channel}`;
}

/** The topic filters of all messages from devices, which the server subscribes to on an outside broker. */
export function upTopicFilters(): string[] {
  return upChannels.map((channel) => `${root}/+/${channel}`);
}

/** The prefix of all topics of one device, ending in `/`. The device may publish and subscribe to topics below it. */
export function deviceTopicPrefix(address: string): string {
  return `${root}/${address}/`;
}

const allChannels = [...upChannels, ...downChannels];

/** Splits a topic; `undefined` for a topic outside the protocol. The form of the address is not checked. */
export function parseTopic(text: string): { address: string; channel: UpChannel | DownChannel } | undefined {
  const [first, version, address, channel, ...rest] = text.split("/");
  if (`${first}/${version}` !== root || !address || !channel || rest.length > 0) return undefined;
  const known = allChannels.find((name) => name === channel);
  return known && { address, channel: known };
}

/**
 * Whether a device may connect with a client id: its address, or its address, a colon and any text, for a second connection.
 * A broker ends the older of two connections with one client id, so no device may use another device's address.
 */
export function clientIdBelongsTo(clientId: string, address: string): boolean {
  return clientId === address || clientId.startsWith(`${address}:`);
}

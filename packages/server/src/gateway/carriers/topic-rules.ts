import { deviceTopicPrefix, downChannels, parseTopic, upChannels } from "@tillkeeper/contract/mqtt";

/** What stands in a topic filter behind the device's prefix. What devices say is for the server alone. */
const filterEnds = new Set<string>([...downChannels, "+", "#"]);

/** Whether a device may subscribe to it. So few, and no others: what a connection may keep in memory has an end. */
export function maySubscribe(address: string, filter: string): boolean {
  const prefix = deviceTopicPrefix(address);
  return filter.startsWith(prefix) && filterEnds.has(filter.slice(prefix.length));
}

/** Whether a device may publish to it: to its own up channels, and nothing else. */
export function mayPublish(address: string, topic: string): boolean {
  const to = parseTopic(topic);
  return to?.address === address && upChannels.some((channel) => channel === to.channel);
}

/** Every filter that `maySubscribe` is true of, for brokers that want a list. */
export function filtersOf(address: string): string[] {
  return [...filterEnds].map((end) => `${deviceTopicPrefix(address)}${end}`);
}

import { deviceTopicPrefix, downChannels, parseTopic, upChannels } from "@tillkeeper/contract/mqtt/topics";

/** The filters that a device may use, behind its topic prefix. Up channels are for the server alone. */
const channelFilters = new Set<string>([...downChannels, "+", "#"]);

/** Whether a device may subscribe to a filter. The filters are few, which limits the memory that a connection takes. */
export function maySubscribe(address: string, filter: string): boolean {
  const prefix = deviceTopicPrefix(address);
  return filter.startsWith(prefix) && channelFilters.has(filter.slice(prefix.length));
}

/** Whether a device may publish to a topic: only to its own up channels. */
export function mayPublish(address: string, topic: string): boolean {
  const to = parseTopic(topic);
  return to?.address === address && upChannels.some((channel) => channel === to.channel);
}

/** All filters for which `maySubscribe` is true, for brokers that need a list. */
export function filtersOf(address: string): string[] {
  return [...channelFilters].map((end) => `${deviceTopicPrefix(address)}${end}`);
}

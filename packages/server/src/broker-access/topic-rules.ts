import { downChannels, parseTopic, terminalTopicPrefix, upChannels } from "@tillkeeper/contract/mqtt";

/** What stands in a topic filter behind the terminal's prefix. What terminals say is for the server alone. */
const filterEnds = new Set<string>([...downChannels, "+", "#"]);

/** Whether a terminal may subscribe to it. So few, and no others: what a connection may keep in memory has an end. */
export function maySubscribe(terminalId: string, filter: string): boolean {
  const prefix = terminalTopicPrefix(terminalId);
  return filter.startsWith(prefix) && filterEnds.has(filter.slice(prefix.length));
}

/** Whether a terminal may publish to it: to its own up channels, and nothing else. */
export function mayPublish(terminalId: string, topic: string): boolean {
  const to = parseTopic(topic);
  return to?.terminalId === terminalId && upChannels.some((channel) => channel === to.channel);
}

/** Every filter that `maySubscribe` is true of, for brokers that want a list. */
export function filtersOf(terminalId: string): string[] {
  return [...filterEnds].map((end) => `${terminalTopicPrefix(terminalId)}${end}`);
}

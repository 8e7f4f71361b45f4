import type { Socket } from "node:net";
import { parseTopic, topic, upChannels, upTopicFilters } from "@tillkeeper/contract/mqtt";
import { connectAsync } from "mqtt";
import type { Logger } from "../platform/log.ts";
import { StartupError } from "../platform/startup-error.ts";
import type { DeviceTransport, Receive } from "./transport.ts";

interface OutsideOptions {
  url: string;
  log: Logger;
  receive: Receive;
}

const connectTimeoutMs = 5_000;

/**
 * A broker that the operator runs (`MQTT_URL`). Who may use which topic is that broker's business: it must let each
 * terminal at its own topics only. Until it is set up so, the embedded broker is the safe choice.
 */
export async function connectOutsideBroker({ url, log, receive }: OutsideOptions): Promise<DeviceTransport> {
  const shown = withoutPassword(url);
  const client = await connectAsync(
    url,
    {
      protocolVersion: 4,
      clean: true,
      connectTimeout: connectTimeoutMs,
      reconnectPeriod: 1_000,
      // One failed first try is a wrong setting; later ones are a broker that comes back.
    },
    false,
  ).catch((error: unknown) => {
    throw new StartupError(`The MQTT broker at ${shown} (MQTT_URL) cannot be reached: ${messageOf(error)}`, {
      cause: error,
    });
  });
  (client.stream as Partial<Socket>).setNoDelay?.(true);
  client.on("connect", () => (client.stream as Partial<Socket>).setNoDelay?.(true));
  client.on("error", (error) => log.warn({ err: error }, "MQTT broker connection failed"));
  client.on("message", (name, payload) => {
    const from = parseTopic(name);
    const channel = from && upChannels.find((up) => up === from.channel);
    if (channel) void receive(from.terminalId, channel, payload);
  });
  await client.subscribeAsync(upTopicFilters(), { qos: 1 });

  return {
    url: () => shown,
    healthy: () => client.connected,
    publish: async (terminalId, channel, message) => {
      await client.publishAsync(topic(terminalId, channel), JSON.stringify(message), { qos: 1 });
    },
    disconnect: (terminalId) => log.warn({ terminal_id: terminalId }, "an outside broker has to end this connection"),
    hears: () => true,
    listening: () => undefined,
    connections: () => [],
    close: () => client.endAsync(),
  };
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  parsed.username = "";
  parsed.password = "";
  return parsed.href.replace(/\/$/, "");
}

function messageOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return message || code || "no answer";
}

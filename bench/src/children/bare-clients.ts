import type { Socket } from "node:net";
import { connectAsync, type MqttClient } from "mqtt";
import { answer, answerTopic, requestTopic } from "./bare-messages.ts";
import { serveParent } from "./serve-parent.ts";

const connected: MqttClient[] = [];

/** Connects `clients` MQTT clients; each publishes an answer for every message that it receives. */
async function start({ port, clients }: { port: number; clients: number }): Promise<void> {
  await Promise.all(Array.from({ length: clients }, (_, number) => connectClient(port, number)));
}

async function connectClient(port: number, number: number): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
  });
  connected.push(client);
  (client.stream as Socket).setNoDelay(true);
  client.on("message", () => client.publish(answerTopic(number), answer, { qos: 1 }));
  await client.subscribeAsync(requestTopic(number), { qos: 1 });
}

serveParent({ start }, async () => {
  await Promise.all(connected.map((client) => client.endAsync(true)));
});

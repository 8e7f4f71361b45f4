import type { Socket } from "node:net";
import { type CommandMessage, type ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import { topic } from "@tillkeeper/contract/mqtt/topics";
import { connectAsync, type MqttClient } from "mqtt";
import { machineMs } from "../parts/machine-clock.ts";
import type { DeviceAccess } from "../parts/seed.ts";
import { notifyParent, serveParent } from "./serve-parent.ts";

const connected: MqttClient[] = [];

/**
 * Connects one plain MQTT client per device, without the agent library. Each client reports when a command arrives and
 * publishes a result at once, so that the operation ends and the terminal is free again.
 */
async function start({ mqttUrl, devices }: { mqttUrl: string; devices: DeviceAccess[] }): Promise<void> {
  await Promise.all(devices.map((device) => connectTerminal(mqttUrl, device)));
}

async function connectTerminal(mqttUrl: string, { address, password }: DeviceAccess): Promise<void> {
  const client = await connectAsync(mqttUrl, {
    protocolVersion: 4,
    clean: true,
    clientId: address,
    username: address,
    password,
    reconnectPeriod: 0,
  });
  connected.push(client);
  (client.stream as Socket).setNoDelay(true);
  client.on("message", (_topic, payload) => {
    const at = machineMs();
    const { operation_id: id, operation } = JSON.parse(payload.toString()) as CommandMessage;
    notifyParent(id, at);
    const now = new Date().toISOString();
    const answer = { operation_id: id, operation, status: "COMPLETED", started_at: now, finished_at: now } as const;
    const result: ResultMessage = { ...answer, result: { opened: true } };
    client.publish(topic(address, "result"), JSON.stringify(result), { qos: 1 });
  });
  await client.subscribeAsync(topic(address, "command"), { qos: 1 });
}

serveParent({ start }, async () => {
  await Promise.all(connected.map((client) => client.endAsync(true)));
});

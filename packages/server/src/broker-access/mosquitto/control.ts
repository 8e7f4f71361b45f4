import { connectAsync, type MqttClient } from "mqtt";
import type { BrokerAddress } from "../access.ts";

/** A command of Mosquitto's dynamic security plugin, as its documentation names them. */
export type Command = { command: string } & Record<string, unknown>;

interface Reply {
  command: string;
  error?: string;
  data?: Record<string, unknown>;
}

const requestTopic = "$CONTROL/dynamic-security/v1";
const answerMs = 5_000;

/**
 * Says the commands to the plugin, in their order, over a connection of its own. Answers what came of each; a command
 * that is refused does not keep the others from being done. Rejects when no answer comes.
 */
export async function control({ url, ca }: BrokerAddress, commands: readonly Command[]): Promise<Reply[]> {
  const options = { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: answerMs, ...(ca && { ca }) } as const;
  const client = await connectAsync(url, options, false);
  try {
    const answered = answers(client, commands.length);
    await client.subscribeAsync(`${requestTopic}/response`, { qos: 1 });
    // The answer says more than a PUBACK, which would be waited for in vain when the connection ends.
    client.publish(requestTopic, JSON.stringify({ commands }), { qos: 1 });
    return await answered;
  } finally {
    client.end(true);
  }
}

function answers(client: MqttClient, count: number): Promise<Reply[]> {
  const answered = new Promise<Reply[]>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("the dynamic security plugin does not answer")), answerMs);
    const replies: Reply[] = [];
    client.on("message", (_topic, payload) => {
      replies.push(...(JSON.parse(payload.toString()) as { responses: Reply[] }).responses);
      if (replies.length < count) return;
      clearTimeout(late);
      resolve(replies);
    });
    client.once("close", () => {
      clearTimeout(late);
      reject(new Error("the broker closed the connection"));
    });
  });
  // Whoever waits for it may have failed before.
  answered.catch(() => undefined);
  return answered;
}

import { randomUUID } from "node:crypto";
import { connectAsync, type MqttClient } from "mqtt";
import type { BrokerAddress } from "../access.ts";

/** A command of Mosquitto's dynamic security plugin, named as in its documentation. */
export type Command = { command: string } & Record<string, unknown>;

interface Reply {
  command: string;
  error?: string;
  correlationData?: string;
  data?: Record<string, unknown>;
}

const requestTopic = "$CONTROL/dynamic-security/v1";
const answerMs = 5_000;
/**
 * The most commands in one message. For each change the plugin writes its whole file, and the broker carries no
 * messages meanwhile. So few also stay far below its `max_packet_size`.
 */
const mostCommands = 8;

/**
 * Sends commands to the plugin, in order, over a connection of its own. Answers the reply to each; a refused command
 * does not stop the others. Rejects when no reply comes.
 *
 * The plugin publishes its replies to all subscribers, other servers included; ours carry our correlation data.
 */
export async function sendCommands({ url, ca }: BrokerAddress, commands: readonly Command[]): Promise<Reply[]> {
  const options = { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: answerMs, ...(ca && { ca }) } as const;
  const client = await connectAsync(url, options, false);
  try {
    await client.subscribeAsync(`${requestTopic}/response`, { qos: 1 });
    const replies: Reply[] = [];
    const correlationData = randomUUID();
    for (let from = 0; from < commands.length; from += mostCommands) {
      const some = commands.slice(from, from + mostCommands).map((command) => ({ ...command, correlationData }));
      const answered = answers(client, correlationData, some.length);
      // The reply proves more than a PUBACK, which never comes once the connection has ended.
      client.publish(requestTopic, JSON.stringify({ commands: some }), { qos: 1 });
      replies.push(...(await answered));
    }
    return replies;
  } finally {
    client.end(true);
  }
}

function answers(client: MqttClient, mark: string, count: number): Promise<Reply[]> {
  const answered = new Promise<Reply[]>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("the dynamic security plugin does not answer")), answerMs);
    const replies: Reply[] = [];
    const over = () => {
      clearTimeout(late);
      client.removeListener("message", take);
      client.removeListener("close", closed);
    };
    const take = (_topic: string, payload: Buffer) => {
      const { responses } = JSON.parse(payload.toString()) as { responses: Reply[] };
      replies.push(...responses.filter(({ correlationData }) => correlationData === mark));
      if (replies.length < count) return;
      over();
      resolve(replies);
    };
    const closed = () => {
      over();
      reject(new Error("the broker closed the connection"));
    };
    client.on("message", take);
    client.once("close", closed);
  });
  // Prevents an unhandled rejection: the caller may have failed before it awaits this.
  answered.catch(() => undefined);
  return answered;
}

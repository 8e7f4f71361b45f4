import { randomUUID } from "node:crypto";
import { connectAsync, type MqttClient } from "mqtt";
import type { BrokerAddress } from "../access.ts";

/** A command of Mosquitto's dynamic security plugin, as its documentation names them. */
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
 * Each change has the plugin write its whole file, and the broker carries nothing for anybody meanwhile. So few are far from
 * its `max_packet_size`, too.
 */
const mostCommands = 8;

/**
 * Says the commands to the plugin, in their order, over a connection of its own. Answers what came of each; a command
 * that is refused does not keep the others from being done. Rejects when no answer comes.
 *
 * The plugin says its answers to all who listen for any, other servers too; ours are known by a mark.
 */
export async function control({ url, ca }: BrokerAddress, commands: readonly Command[]): Promise<Reply[]> {
  const options = { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: answerMs, ...(ca && { ca }) } as const;
  const client = await connectAsync(url, options, false);
  try {
    await client.subscribeAsync(`${requestTopic}/response`, { qos: 1 });
    const replies: Reply[] = [];
    const correlationData = randomUUID();
    for (let from = 0; from < commands.length; from += mostCommands) {
      const some = commands.slice(from, from + mostCommands).map((command) => ({ ...command, correlationData }));
      const answered = answers(client, correlationData, some.length);
      // The answer says more than a PUBACK, which would be waited for in vain when the connection ends.
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
  // Whoever waits for it may have failed before.
  answered.catch(() => undefined);
  return answered;
}

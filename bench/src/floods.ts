import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { topic } from "@tillkeeper/contract/mqtt";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { generate, type IConnectPacket, type Packet } from "mqtt-packet";
import type { Effort } from "./arguments.ts";
import { milliseconds, printAim, printTable } from "./print.ts";
import { type DeviceAccess, seedCredentials } from "./seed.ts";
import { median } from "./statistics.ts";
import { printDatabase, startSubject } from "./subject.ts";

const floodBytes = 1_000_000;
const idleMs = 2_000;
/** So long a flood is watched that the server takes to its end, or does not. */
const watchMs = 1_500;
/** Added to the longest wait without a flood, it is the most that another connection may wait: some turns of a few packets. */
const mostRatio = 10;

function connectOf(clientId: string): IConnectPacket {
  return { cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, clientId, keepalive: 0 };
}

function kindsOf(address: string): Record<string, Packet> {
  const said = (channel: "heartbeat" | "hello" | "result", payload: string): Packet => ({
    cmd: "publish",
    topic: topic(address, channel),
    payload,
    qos: 1,
    dup: false,
    retain: false,
    messageId: 7,
  });
  const session = "0b7a1bb1-6a4d-4f0e-8f0c-0d8d7b9a3c11";
  const at = new Date().toISOString();
  return {
    PINGREQ: { cmd: "pingreq" },
    PUBACK: { cmd: "puback", messageId: 7 },
    SUBSCRIBE: { cmd: "subscribe", messageId: 7, subscriptions: [{ topic: topic(address, "command"), qos: 1 }] },
    UNSUBSCRIBE: { cmd: "unsubscribe", messageId: 7, unsubscriptions: [topic(address, "command")] },
    "PUBLISH, not JSON": said("result", "x"),
    "PUBLISH heartbeat": said("heartbeat", JSON.stringify({ session, sent_at: at })),
    "PUBLISH hello": said(
      "hello",
      JSON.stringify({ protocol: 1, agent: "bench", session, sent_at: at, operations: [] }),
    ),
    "PUBLISH, 60 KB of zeros": said("result", JSON.stringify(Array.from({ length: 30_000 }, () => 0))),
    "CONNECT again": connectOf(address),
  };
}

/** What other terminals wait for an answer while one says 1 MB of one kind of packet. */
export async function floods({ rounds }: Effort, closing: Closing): Promise<void> {
  const kinds = Object.keys(kindsOf("T00000000-T0001"));
  const subject = await startSubject(closing, 1 + kinds.length * rounds);
  await printDatabase(subject);
  const [quiet, ...flooders] = await seedCredentials(subject.db, 1 + kinds.length * rounds);
  const port = Number(new URL(subject.mqttUrl).port);
  const other = await enter(port, quiet as DeviceAccess);
  closing.add(() => void other.destroy());
  await waits(other, 500);
  const idle = await waits(other, idleMs);
  const rows: string[][] = [];
  let worstRatio = 0;
  for (const kind of kinds) {
    const worst: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const device = flooders.pop() as DeviceAccess;
      const flooder = await enter(port, device);
      const single = generate(kindsOf(device.address)[kind] as Packet);
      flooder.write(Buffer.alloc(Math.ceil(floodBytes / single.length) * single.length, single));
      worst.push(Math.max(...(await waits(other, watchMs))));
      flooder.destroy();
    }
    const ratio = median(worst) / Math.max(...idle);
    worstRatio = Math.max(worstRatio, ratio);
    rows.push([kind, milliseconds(median(worst)), ratio.toFixed(1)]);
  }
  printTable(
    ["1 MB of", "another waits at worst, ms", ": worst while idle"],
    [["nothing", milliseconds(Math.max(...idle)), "1.0"], ...rows],
  );
  printAim("worst wait, flooded : idle", worstRatio.toFixed(1), `≤ ${mostRatio}`, worstRatio <= mostRatio);
}

async function enter(port: number, { address, password }: DeviceAccess): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  // A flood ends with its connection.
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(generate({ ...connectOf(address), username: address, password: Buffer.from(password) }));
  await once(socket, "data");
  // What comes back of a flood is read, and not looked at.
  socket.resume();
  return socket;
}

/** Asks again and again, for so long; answers what each answer took. */
async function waits(socket: Socket, forMs: number): Promise<number[]> {
  const all: number[] = [];
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const began = performance.now();
    socket.write(generate({ cmd: "pingreq" }));
    await once(socket, "data");
    all.push(performance.now() - began);
    // A terminal may bring 200 packets in 10 s.
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  return all;
}

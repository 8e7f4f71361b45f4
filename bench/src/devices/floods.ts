import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { topic } from "@tillkeeper/contract/mqtt/topics";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { generate, type IConnectPacket, type Packet } from "mqtt-packet";
import type { Effort } from "../arguments.ts";
import { milliseconds, printAim, printTable } from "../parts/print.ts";
import { type DeviceAccess, seedCredentials } from "../parts/seed.ts";
import { median } from "../parts/statistics.ts";
import { printDatabase, startSubject } from "../parts/subject.ts";

const floodBytes = 1_000_000;
const idleMs = 2_000;
/** Milliseconds for which waits are measured after a flood was sent, whether or not the server has read all of it. */
const watchMs = 1_500;
/** The most that a flood may multiply the longest wait by; it leaves room for some turns of a few packets. */
const mostRatio = 10;

function connectOf(clientId: string): IConnectPacket {
  return { cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, clientId, keepalive: 0 };
}

function packetsByKind(address: string): Record<string, Packet> {
  const publish = (channel: "heartbeat" | "hello" | "result", payload: string): Packet => ({
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
    "PUBLISH, not JSON": publish("result", "x"),
    "PUBLISH heartbeat": publish("heartbeat", JSON.stringify({ session, sent_at: at })),
    "PUBLISH hello": publish(
      "hello",
      JSON.stringify({ protocol: 1, agent: "bench", session, sent_at: at, operations: [] }),
    ),
    "PUBLISH, 60 KB of zeros": publish("result", JSON.stringify(Array.from({ length: 30_000 }, () => 0))),
    "CONNECT again": connectOf(address),
  };
}

/** Measures how long another terminal waits for a PINGRESP while one terminal sends 1 MB of one kind of packet. */
export async function floods({ rounds }: Effort, closing: Closing): Promise<void> {
  const kinds = Object.keys(packetsByKind("T00000000-T0001"));
  const subject = await startSubject(closing, 1 + kinds.length * rounds);
  await printDatabase(subject);
  const [quiet, ...flooders] = await seedCredentials(subject.db, 1 + kinds.length * rounds);
  const port = Number(new URL(subject.mqttUrl).port);
  const other = await connectDevice(port, quiet as DeviceAccess);
  closing.add(() => void other.destroy());
  await measureWaits(other, 500);
  const idle = await measureWaits(other, idleMs);
  const rows: string[][] = [];
  let worstRatio = 0;
  for (const kind of kinds) {
    const worst: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const device = flooders.pop() as DeviceAccess;
      const flooder = await connectDevice(port, device);
      const single = generate(packetsByKind(device.address)[kind] as Packet);
      flooder.write(Buffer.alloc(Math.ceil(floodBytes / single.length) * single.length, single));
      worst.push(Math.max(...(await measureWaits(other, watchMs))));
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

async function connectDevice(port: number, { address, password }: DeviceAccess): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  // The server may end the connection of a flooding terminal.
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(generate({ ...connectOf(address), username: address, password: Buffer.from(password) }));
  await once(socket, "data");
  // Answers to a flood are read and discarded.
  socket.resume();
  return socket;
}

/** Sends one PINGREQ after another for `forMs`; returns the milliseconds that each answer took. */
async function measureWaits(socket: Socket, forMs: number): Promise<number[]> {
  const all: number[] = [];
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const began = performance.now();
    socket.write(generate({ cmd: "pingreq" }));
    await once(socket, "data");
    all.push(performance.now() - began);
    // The server allows a terminal 200 packets in 10 s.
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  return all;
}

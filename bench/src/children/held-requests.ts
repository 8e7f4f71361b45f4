import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { machineMs } from "../parts/machine-clock.ts";
import { serveParent } from "./serve-parent.ts";

export interface HeldRequests {
  httpUrl: string;
  path: string;
  headers: Record<string, string>;
  count: number;
}

/** 250 a second: each request reads its subject first, and more would be refused. */
const atOnce = 100;
const betweenMs = 400;
const subject = /"subject":"bench-(\d+)"/g;

const sockets = new Set<Socket>();
/** When each event came to each stream, by the number of the event. */
let arrivals: [number: number, at: number][] = [];
let answered = 0;

/** Opens so many connections, each with one request whose answer takes its time. */
async function open({ httpUrl, path, headers, count }: HeldRequests): Promise<void> {
  const { hostname, port, host } = new URL(httpUrl);
  const head = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}`);
  const request = `${[`GET ${path} HTTP/1.1`, ...head].join("\r\n")}\r\n\r\n`;
  let left = count;
  const openSome = async () => {
    for (; left > 0; ) {
      left -= 1;
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
      follow(socket);
      socket.write(request);
      await sleep(betweenMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, openSome));
}

function follow(socket: Socket): void {
  sockets.add(socket);
  let isFirst = true;
  socket.on("error", () => socket.destroy());
  socket.on("close", () => sockets.delete(socket));
  // A frame is far smaller than a packet of the loopback, so a subject is never cut in two.
  socket.on("data", (chunk: Buffer) => {
    if (isFirst) answered += 1;
    isFirst = false;
    const at = machineMs();
    for (const [, number] of chunk.toString("latin1").matchAll(subject)) arrivals.push([Number(number), at]);
  });
}

/** What has come since the last call. */
function take(): { arrivals: typeof arrivals; answered: number; open: number } {
  const taken = { arrivals, answered, open: sockets.size };
  arrivals = [];
  return taken;
}

function close(): void {
  for (const socket of sockets) socket.destroy();
  answered = 0;
}

serveParent({ open, take, close }, async () => close());

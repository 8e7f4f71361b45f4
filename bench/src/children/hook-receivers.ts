import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { machineMs } from "../parts/machine-clock.ts";
import { serveParent } from "./serve-parent.ts";

export interface HookReceivers {
  /** Receivers that answer 200 at once. */
  healthy: number;
  /** Receivers that take a request and never answer. */
  hanging: number;
  /** Ports without a listener. */
  refusing: number;
}

export interface HookPlaces {
  healthy: string[];
  hanging: string[];
  refusing: string[];
}

/** The number of the event in a request, the receiver that got it, and when. */
export type HookArrival = [event: number, receiver: number, at: number];

const subject = /"subject":"bench-(\d+)"/;
const servers = new Set<Server>();
let arrivals: HookArrival[] = [];

/** Each receiver has a port of its own, so the server takes each for a host of its own. */
async function open({ healthy, hanging, refusing }: HookReceivers): Promise<HookPlaces> {
  const many = (size: number, start: (index: number) => Promise<Server>) =>
    Promise.all(Array.from({ length: size }, (_, index) => start(index)));
  const answering = await many(healthy, answeringServer);
  const silent = await many(hanging, () => listening(createServer(() => {})));
  const closed = await many(refusing, () => listening(createServer()));
  const places = {
    healthy: answering.map(urlOf),
    hanging: silent.map(urlOf),
    refusing: closed.map(urlOf),
  };
  for (const server of closed) end(server);
  return places;
}

function answeringServer(receiver: number): Promise<Server> {
  const server = createServer((request, response) => {
    const at = machineMs();
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const [, number] = subject.exec(Buffer.concat(parts).toString()) ?? [];
      if (number !== undefined) arrivals.push([Number(number), receiver, at]);
      response.writeHead(200).end();
    });
  });
  return listening(server);
}

async function listening(server: Server): Promise<Server> {
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
}

/** What has come since the last call. */
function take(): HookArrival[] {
  const taken = arrivals;
  arrivals = [];
  return taken;
}

function end(server: Server): void {
  servers.delete(server);
  server.closeAllConnections();
  server.close();
}

serveParent({ open, take }, async () => {
  for (const server of servers) end(server);
});

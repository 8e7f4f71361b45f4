import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A request as it came. */
export interface Received {
  url: string;
  headers: Record<string, string>;
  body: string;
  at: number;
}

/** What a receiver does with a request: answers a status, redirects, is late, never answers, or breaks the connection. */
export type Manner = { status: number; body?: string } | { redirect: string } | { afterMs: number } | "hang" | "break";
/** Decides what a receiver does with a request, at once or later. */
type Decision = (request: Received) => Manner | Promise<Manner>;

export interface Receiver {
  url: string;
  /** All requests, in the order in which they came. */
  received: Received[];
  /** The requests without pings. */
  events(): Received[];
  /** What it does from now on. A function decides for each request. */
  behave(manner: Manner | Decision): void;
  close(): Promise<void>;
}

/** A receiver of webhooks on a free port of this machine, which answers 200 unless it is told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let manner: Decision = () => ({ status: 200 });
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const one = await take(request);
    received.push(one);
    await answer(response, await manner(one));
  };
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    received,
    events: () => received.filter(({ headers }) => headers["event"] !== "ping"),
    behave: (next) => {
      manner = typeof next === "function" ? next : () => next;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function take(request: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const);
  return {
    url: request.url ?? "",
    headers: Object.fromEntries(headers),
    body: Buffer.concat(parts).toString(),
    at: Date.now(),
  };
}

async function answer(response: ServerResponse, manner: Manner): Promise<void> {
  if (manner === "hang") return;
  if (manner === "break") response.destroy();
  else if ("redirect" in manner) response.writeHead(302, { location: manner.redirect }).end();
  else if ("afterMs" in manner) {
    await sleep(manner.afterMs);
    response.writeHead(200).end();
  } else response.writeHead(manner.status, { "content-type": "text/plain" }).end(manner.body ?? "");
}

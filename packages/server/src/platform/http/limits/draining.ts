import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

interface Draining {
  settle: () => Promise<void>;
  finish: () => Promise<void>;
}

/** Time limits of the shutdown, in milliseconds. */
interface ShutdownLimits {
  /** After so long without a request a caller is taken to be done. */
  quiet: number;
  /** How long a load balancer may keep sending requests here. */
  longest: number;
  /** How long requests that have begun may take after that. */
  unfinished: number;
}

const usual: ShutdownLimits = { quiet: 300, longest: 5_000, unfinished: 10_000 };
const lookEveryMs = 20;

/**
 * Ends a server's connections without cutting a request, in two steps.
 *
 * `settle` runs before the server stops listening. It waits until no requests come, because a load balancer needs a
 * moment to see that this server is not ready. Meanwhile each answer must carry `connection: close`. `finish` runs
 * after that and waits for requests that have begun. It does not wait for silent connections, which browsers open
 * ahead.
 */
export function draining(server: Server, limits = usual): Draining {
  const requests = new Map<Socket, number>();
  let askedAt = 0;
  server.on("connection", (socket: Socket) => {
    requests.set(socket, 0);
    socket.once("close", () => requests.delete(socket));
  });
  server.on("request", ({ socket, url }: IncomingMessage, response: ServerResponse) => {
    // Health checks do not count: by them a load balancer only learns when to stop sending requests.
    if (!url?.startsWith("/health/")) askedAt = Date.now();
    count(requests, socket, 1);
    response.once("close", () => count(requests, socket, -1));
  });

  return {
    settle: async () => {
      const latest = Date.now() + limits.longest;
      while (Date.now() < Math.min(askedAt + limits.quiet, latest)) await sleep(lookEveryMs);
    },
    finish: async () => {
      const silentUntil = Date.now() + limits.quiet;
      const latest = Date.now() + limits.unfinished;
      while (requests.size > 0) {
        const now = Date.now();
        for (const [socket, running] of requests) if (now > (running > 0 ? latest : silentUntil)) socket.destroy();
        await sleep(lookEveryMs);
      }
    },
  };
}

function count(requests: Map<Socket, number>, socket: Socket, change: 1 | -1): void {
  const running = requests.get(socket);
  if (running !== undefined) requests.set(socket, running + change);
}

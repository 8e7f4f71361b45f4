import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

interface Draining {
  settle: () => Promise<void>;
  finish: () => Promise<void>;
}

/** In milliseconds. */
interface Patience {
  /** Nobody who has not asked for anything for so long is about to. */
  quiet: number;
  /** How long a balancer may go on sending requests here. */
  longest: number;
  /** How long requests that have begun may take from then on. */
  unfinished: number;
}

const usual: Patience = { quiet: 300, longest: 5_000, unfinished: 10_000 };
const lookEveryMs = 20;

/**
 * Ends a server's connections without cutting a request, in two steps: before it stops listening, and after.
 *
 * `settle` goes on listening until nobody asks any more, because whoever balances between servers needs a moment to see
 * that this one is not ready. Meanwhile each answer has to carry `connection: close`.
 * `finish` waits for requests that have begun. Silent connections, as browsers open them ahead, are not waited for.
 */
export function draining(server: Server, patience = usual): Draining {
  const requests = new Map<Socket, number>();
  let askedAt = 0;
  server.on("connection", (socket: Socket) => {
    requests.set(socket, 0);
    socket.once("close", () => requests.delete(socket));
  });
  server.on("request", ({ socket, url }: IncomingMessage, response: ServerResponse) => {
    // Whoever asks for our health only wants to know when to stop asking for anything else.
    if (!url?.startsWith("/health/")) askedAt = Date.now();
    count(requests, socket, 1);
    response.once("close", () => count(requests, socket, -1));
  });

  return {
    settle: async () => {
      const latest = Date.now() + patience.longest;
      while (Date.now() < Math.min(askedAt + patience.quiet, latest)) await sleep(lookEveryMs);
    },
    finish: async () => {
      const silentUntil = Date.now() + patience.quiet;
      const latest = Date.now() + patience.unfinished;
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

import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests of one connection that are handled at a time. Answers go out in the order of their requests anyway. */
const mostAtOnce = 4;
/** Requests of one connection that wait for those. Over it the connection ends: no client needs as many. */
export const mostWaiting = 64;

interface Line {
  handled: number;
  waiting: (() => void)[];
}

/**
 * Lets the requests of one connection take turns with everything else. HTTP/1.1 lets a client send requests without waiting
 * for answers (RFC 9112 section 9.3.2), and Node hands over all that came in one piece at once: some two thousand.
 * To be called before other listeners are added.
 */
export function handleInTurns(server: Server): void {
  const lines = new WeakMap<Socket, Line>();
  for (const handle of server.listeners("request") as RequestListener[]) {
    server.removeListener("request", handle);
    server.on("request", (request, response) => takeTurn(lines, { request, response, handle }));
  }
}

interface Turn {
  request: IncomingMessage;
  response: ServerResponse;
  handle: RequestListener;
}

function takeTurn(lines: WeakMap<Socket, Line>, { request, response, handle }: Turn): void {
  const { socket } = request;
  if (socket.destroyed) return;
  const line = lines.get(socket) ?? { handled: 0, waiting: [] };
  lines.set(socket, line);
  const begin = () => {
    line.handled += 1;
    response.once("close", () => {
      line.handled -= 1;
      setImmediate(() => next(socket, line));
    });
    handle(request, response);
  };
  if (line.handled < mostAtOnce && line.waiting.length === 0) begin();
  else if (line.waiting.length < mostWaiting) line.waiting.push(begin);
  else socket.destroy();
}

function next(socket: Socket, line: Line): void {
  if (socket.destroyed) line.waiting.length = 0;
  else if (line.handled < mostAtOnce) line.waiting.shift()?.();
}

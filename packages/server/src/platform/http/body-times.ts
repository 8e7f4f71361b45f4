import type { IncomingMessage, Server } from "node:http";

export interface BodyTimes {
  /** Lets a request take as long as it needs, as long as it keeps coming. */
  whileItComes(request: IncomingMessage): void;
}

/** Less than this in the usual time is nobody who sends a file, but somebody who holds a connection. */
const leastBytes = 16 * 1024;

/**
 * Ends requests whose body does not come in. Node has one time for all requests, which would cut off whoever sends a large
 * file over a slow line, so its own is off and this stands in for it.
 */
export function bodyTimes(server: Server, usualMs: number): BodyTimes {
  const patient = new WeakSet<IncomingMessage>();
  server.on("request", (request: IncomingMessage) => {
    if (!hasBody(request)) return;
    const { socket } = request;
    let read = socket.bytesRead;
    const timer = setInterval(() => {
      if (patient.has(request) && socket.bytesRead - read >= leastBytes) {
        read = socket.bytesRead;
        return;
      }
      clearInterval(timer);
      server.emit("clientError", new Error("the request did not come in"), socket);
    }, usualMs);
    timer.unref();
    const over = () => clearInterval(timer);
    request.once("end", over);
    request.once("close", over);
  });
  return { whileItComes: (request) => void patient.add(request) };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

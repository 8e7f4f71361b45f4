import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

export interface BodyTimes {
  /** How long a body may take. This and `span` are in milliseconds. */
  whole: number;
  /** For a body that may take longer: in each `span` at least `leastBytes` must arrive, unless they are its last. */
  span: number;
  leastBytes: number;
}

export interface BodyLimits {
  /** Lets the body of a request take longer, as long as it arrives at the least rate. */
  allowLong(request: IncomingMessage): void;
  /** Applies the usual limit again, from now on: for the rest of a refused body. */
  endSoon(request: IncomingMessage): void;
}

const usual: BodyTimes = { whole: 30_000, span: 30_000, leastBytes: 16 * 1024 };

/**
 * Ends requests whose body takes too long, so that no slow sender holds a connection for ever. Node has one time limit
 * for all requests; uploads from terminals on a mobile network need another one.
 */
export function limitBodies(server: Server, over: (socket: Socket) => void, times = usual): BodyLimits {
  const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();
  const stopTimer = (request: IncomingMessage) => clearTimeout(timers.get(request));
  const endSoon = (request: IncomingMessage) => {
    stopTimer(request);
    if (request.complete || request.destroyed) return;
    timers.set(
      request,
      setTimeout(() => over(request.socket), times.whole),
    );
  };
  // Runs before the framework's listener, which may call `allowLong`.
  server.prependListener("request", (request: IncomingMessage) => {
    if (!hasBody(request)) return;
    endSoon(request);
    request.once("close", () => stopTimer(request));
  });
  return {
    endSoon,
    allowLong(request) {
      stopTimer(request);
      let seen = request.socket.bytesRead;
      const look = () => {
        if (request.complete) return;
        const { bytesRead } = request.socket;
        if (bytesRead - seen < times.leastBytes) return over(request.socket);
        seen = bytesRead;
        timers.get(request)?.refresh();
      };
      timers.set(request, setTimeout(look, times.span));
    },
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

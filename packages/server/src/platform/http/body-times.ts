import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/** In milliseconds. */
export interface BodyTimes {
  /** How long a body may take. */
  whole: number;
  /** Of a body that may take longer: after so long without a byte, at most twice that, it is over. */
  stalled: number;
}

export interface BodyLimits {
  /** Lets the body of a request take as long as it comes at all. */
  allowLong(request: IncomingMessage): void;
  /** The usual time again, from now on: for what is left of a body that nobody wants any more. */
  endSoon(request: IncomingMessage): void;
}

const usual: BodyTimes = { whole: 30_000, stalled: 20_000 };

/**
 * Ends requests whose body takes too long, so that nobody holds a connection for ever by sending slowly. Node has one time
 * for all requests; uploads from terminals on a mobile network need another one than everything else.
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
  // Before whoever answers, who may allow it more.
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
        const { bytesRead } = request.socket;
        if (bytesRead === seen && !request.complete) return over(request.socket);
        seen = bytesRead;
        timers.get(request)?.refresh();
      };
      timers.set(request, setTimeout(look, times.stalled));
    },
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

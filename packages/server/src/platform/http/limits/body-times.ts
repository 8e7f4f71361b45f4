import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

export interface BodyTimes {
  /** How long a body may take; this and `span` in milliseconds. */
  whole: number;
  /** Of a body that may take longer: in each of these spans so many bytes must come, unless they are its last. */
  span: number;
  leastBytes: number;
}

export interface BodyLimits {
  /** Lets the body of a request take as long as it comes at no less than the least rate. */
  allowLong(request: IncomingMessage): void;
  /** The usual time again, from now on: for what is left of a body that nobody wants any more. */
  endSoon(request: IncomingMessage): void;
}

const usual: BodyTimes = { whole: 30_000, span: 30_000, leastBytes: 16 * 1024 };

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

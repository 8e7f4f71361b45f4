import { IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { networkOf } from "./rate-limit.ts";
import { RequestTurns } from "./request-turns.ts";

/**
 * Requests that a connection may have without an answer (pipelining). A network's piece of 64 KiB can hold 2,500 of
 * them.
 */
const mostUnanswered = 8;
/** Events of a server that hand on a request. */
const requestEvents: ReadonlySet<string | symbol> = new Set(["request", "checkExpectation", "checkContinue"]);

/**
 * Ends connections that send requests without waiting for answers: all requests that arrive at once are read at once,
 * and other connections wait meanwhile. A request over the limit is not handled, and the ones behind it are not read.
 * Requests within the limit take turns, network by network.
 */
export function limitPipelining(server: Server, over: (socket: Socket) => void): void {
  const counts = new WeakMap<Socket, number>();
  const turns = new RequestTurns();
  const emit = server.emit.bind(server) as (event: string | symbol, ...said: unknown[]) => boolean;
  const mayPass = ({ socket }: IncomingMessage, response: ServerResponse) => {
    if (socket.destroyed) return false;
    const count = counts.get(socket) ?? 0;
    if (count === mostUnanswered) {
      over(socket);
      socket.destroy();
      stopReading(socket);
      return false;
    }
    counts.set(socket, count + 1);
    response.once("close", () => counts.set(socket, (counts.get(socket) ?? 1) - 1));
    return true;
  };
  server.emit = (event: string | symbol, ...said: unknown[]) => {
    if (!requestEvents.has(event)) return emit(event, ...said);
    const [request, response] = said as [IncomingMessage, ServerResponse];
    if (!mayPass(request, response)) return true;
    turns.take(networkOf(request.socket.remoteAddress ?? ""), () => {
      if (!request.socket.destroyed) emit(event, ...said);
    });
    return true;
  };
}

/** The parser's return value for a request behind which no HTTP follows (an upgrade). */
const lastOfHttp = 2;
/** The parser's slot for its body callback (`kOnBody`). Without a callback, pieces of a body are not copied either. */
const onBody = 3;

/**
 * Makes Node's parser stop. Node parses an arrived piece to its end even when a request in it has ended the connection.
 * Those are up to 3,600 requests or 10,000 pieces of a body, in vain. The parser stops at a request that is declared
 * the last. Node documents no way to do so; `http-floods.test.ts` shows that this way works.
 */
function stopReading(socket: Socket): void {
  const { parser } = socket as { parser?: { onIncoming?: () => number; [onBody]?: unknown } | null };
  if (!parser) return;
  parser.onIncoming = () => lastOfHttp;
  const takePiece = parser[onBody];
  parser[onBody] = undefined;
  // Parsers are reused for other connections, in a later turn of the event loop at the earliest.
  setImmediate(() => {
    parser[onBody] = takePiece;
  });
}

/**
 * Pieces that each body may come in: `freePieces`, and one more for each `bytesPerPiece`. A network's own pieces are
 * far larger.
 */
const [freePieces, bytesPerPiece] = [50, 64];
/** Further pieces count for the connection, which may have sent several requests at once. */
const mostOfConnection = 500;

/**
 * A request class that limits bodies in pieces of a byte or two (chunks of HTTP/1.1). Each piece takes as much work as
 * a large one, and a hundred times its own memory until the body is complete.
 */
export function limitBodyPieces(over: (socket: Socket) => void): typeof IncomingMessage {
  const small = new WeakMap<Socket, number>();
  return class extends IncomingMessage {
    #pieces = 0;
    #bytes = 0;

    override push(piece: Buffer | null, encoding?: BufferEncoding): boolean {
      if (piece === null) return super.push(null);
      this.#pieces += 1;
      this.#bytes += piece.length;
      if (this.#pieces <= freePieces + this.#bytes / bytesPerPiece) return super.push(piece, encoding);
      const count = (small.get(this.socket) ?? 0) + 1;
      small.set(this.socket, count);
      if (count <= mostOfConnection) return super.push(piece, encoding);
      if (count === mostOfConnection + 1) {
        over(this.socket);
        stopReading(this.socket);
      }
      return false;
    }
  };
}

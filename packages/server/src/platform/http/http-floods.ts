import { IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { networkOf } from "./rate-limit.ts";
import { RequestTurns } from "./request-turns.ts";

/** Requests that a connection may have without an answer (pipelining). A network's piece of 64 KiB can hold 2,500 of them. */
const mostUnanswered = 8;
/** Events of a server that hand on a request. */
const requestEvents: ReadonlySet<string | symbol> = new Set(["request", "checkExpectation", "checkContinue"]);

/**
 * Ends connections that send request after request without waiting for answers: what the network brings at once is read
 * at once, and others wait until it is done. A request that is one too many goes no further, and what is behind it is not read.
 * Those within the limit take turns, network by network.
 */
export function limitUnanswered(server: Server, over: (socket: Socket) => void): void {
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

/** What the parser is told of a request behind which no HTTP follows (an upgrade). */
const lastOfHttp = 2;

/**
 * Node reads a piece that the network brought to its end, also when a request in it has ended the connection: up to 3,600
 * more, for nothing. Told that one of them is the last, its parser stops. There is no documented way to do so;
 * `http-floods.test.ts` shows that this one works.
 */
function stopReading(socket: Socket): void {
  const { parser } = socket as { parser?: { onIncoming?: () => number } | null };
  if (parser) parser.onIncoming = () => lastOfHttp;
}

/** Pieces that a body may come in: so many, and one more for each so many bytes. A network's own pieces are far larger. */
const [morePieces, bytesPerPiece] = [4_000, 64];

/**
 * Requests whose bodies do not come in pieces of a byte or two (chunks of HTTP/1.1): each piece takes as much work as a large
 * one, and a hundred times its own memory until the body is whole.
 */
export function messagesInLargePieces(over: (socket: Socket) => void): typeof IncomingMessage {
  return class extends IncomingMessage {
    #pieces = 0;
    #bytes = 0;
    #over = false;

    override push(piece: Buffer | null, encoding?: BufferEncoding): boolean {
      if (piece === null) return super.push(null);
      this.#pieces += 1;
      this.#bytes += piece.length;
      const most = morePieces + this.#bytes / bytesPerPiece;
      if (this.#pieces <= most) return super.push(piece, encoding);
      if (!this.#over) {
        this.#over = true;
        over(this.socket);
      }
      return false;
    }
  };
}

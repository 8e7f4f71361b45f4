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
/** Where the parser finds what takes pieces of a body (`kOnBody`). Without one, they are not copied either. */
const onBody = 3;

/**
 * Node reads a piece that the network brought to its end, also when something in it has ended the connection: up to 3,600
 * requests or 10,000 pieces of a body more, for nothing. Its parser stops at a request that it is told is the last. There is
 * no documented way to do so; `http-floods.test.ts` shows that this one works.
 */
function stopReading(socket: Socket): void {
  const { parser } = socket as { parser?: { onIncoming?: () => number; [onBody]?: unknown } | null };
  if (!parser) return;
  parser.onIncoming = () => lastOfHttp;
  const takePiece = parser[onBody];
  parser[onBody] = undefined;
  // Parsers serve other connections afterwards, which begin no sooner than in a later turn.
  setImmediate(() => {
    parser[onBody] = takePiece;
  });
}

/** Pieces that each body may come in: so many, and one more for each so many bytes. A network's own pieces are far larger. */
const [freePieces, bytesPerPiece] = [50, 64];
/** What is beyond that counts for the connection, which may have sent several requests at once. */
const mostOfConnection = 500;

/**
 * Requests whose bodies do not come in pieces of a byte or two (chunks of HTTP/1.1): each piece takes as much work as a large
 * one, and a hundred times its own memory until the body is whole.
 */
export function messagesInLargePieces(over: (socket: Socket) => void): typeof IncomingMessage {
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

import { IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests that a connection may have without an answer (pipelining). A network's piece of 64 KiB can hold 2,500 of them. */
const mostUnanswered = 8;
/** Events of a server that hand on a request. */
const requestEvents: ReadonlySet<string | symbol> = new Set(["request", "checkExpectation", "checkContinue"]);

/**
 * Ends connections that send request after request without waiting for answers: what the network brings at once is handled
 * at once, and others wait until it is done. A request that is one too many goes no further, nor does one behind it.
 */
export function limitUnanswered(server: Server, over: (socket: Socket) => void): void {
  const counts = new WeakMap<Socket, number>();
  const emit = server.emit.bind(server) as (event: string | symbol, ...said: unknown[]) => boolean;
  const mayPass = ({ socket }: IncomingMessage, response: ServerResponse) => {
    if (socket.destroyed) return false;
    const count = counts.get(socket) ?? 0;
    if (count === mostUnanswered) {
      over(socket);
      socket.destroy();
      return false;
    }
    counts.set(socket, count + 1);
    response.once("close", () => counts.set(socket, (counts.get(socket) ?? 1) - 1));
    return true;
  };
  server.emit = (event: string | symbol, ...said: unknown[]) => {
    if (requestEvents.has(event) && !mayPass(said[0] as IncomingMessage, said[1] as ServerResponse)) return true;
    return emit(event, ...said);
  };
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

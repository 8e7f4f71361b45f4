import { connect, type Socket } from "node:net";

export interface Answer {
  status: number;
  body: Buffer;
}

const headEnd = Buffer.from("\r\n\r\n");
const lengthHeader = "content-length: ";

/**
 * One keep-alive connection that carries one request at a time. It understands only the part of HTTP/1.1 that this
 * server's answers use. A full client would cost as much processor time as the measured server.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #answered: ((answer: Answer) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  /** Connects to the host and port of `httpUrl`; `from` is the local address to connect from. */
  static async open(httpUrl: string, from?: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(httpUrl);
    const local = from === undefined ? {} : { localAddress: from };
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, ...local });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new HttpConnection(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    const fail = (error: Error) => this.#failed?.(error);
    socket.on("error", fail);
    socket.on("close", () => fail(closedByServer()));
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
  }

  /** Sends a request. The caller must not change `bytes` before the answer; rejects when the connection ends first. */
  send(bytes: Buffer): Promise<Answer> {
    // The server ends connections that are idle for about a minute.
    if (this.#socket.destroyed || this.#socket.readableEnded) return Promise.reject(closedByServer());
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#failed = undefined;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = bytes;
    const end = bytes.indexOf(headEnd);
    if (end === -1) return;
    const head = bytes.toString("latin1", 0, end).toLowerCase();
    const lengthAt = head.indexOf(lengthHeader);
    if (lengthAt === -1) return this.#failed?.(new Error(`an answer without a length:\n${head}`));
    const length = Number.parseInt(head.slice(lengthAt + lengthHeader.length), 10);
    const bodyAt = end + headEnd.length;
    if (bytes.length < bodyAt + length) return;
    this.#received = Buffer.alloc(0);
    this.#answered?.({ status: Number(head.slice(9, 12)), body: bytes.subarray(bodyAt, bodyAt + length) });
  }
}

function closedByServer(): Error {
  return new Error("the server has closed a connection");
}

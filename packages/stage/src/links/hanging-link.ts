import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP link to a server that can be made to hang: it accepts all bytes, and returns none. */
export class HangingLink {
  readonly url: string;
  /** The number of bytes that the link still returns before it hangs. */
  #left = Number.POSITIVE_INFINITY;
  #method: string | undefined;
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", (near) => this.#carry(near, target));
  }

  static async to(target: number): Promise<HangingLink> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new HangingLink(server, target);
  }

  hang(afterBytes = 0): void {
    this.#left = afterBytes;
  }

  /** Hangs on requests with this HTTP method only. */
  hangOn(method: string): void {
    this.#method = method;
  }

  /** New connections work again; connections that hung are closed. */
  heal(): void {
    this.#left = Number.POSITIVE_INFINITY;
    this.#method = undefined;
    for (const end of this.#ends) end.destroy();
  }

  /** Resolves when a request arrives that gets no answer. */
  asked(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.heal();
    await closed;
  }

  #notifyWaiting(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #carry(near: Socket, target: number): void {
    const far = connect({ port: target, host: "127.0.0.1" });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#ends.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#ends.delete(one);
        other.destroy();
      });
    }
    near.on("data", (bytes) => {
      const hangs = this.#method !== undefined && bytes.toString("latin1").startsWith(`${this.#method} `);
      if (this.#left > 0 && !hangs) far.write(bytes);
      else this.#notifyWaiting();
    });
    far.on("data", (bytes) => {
      const through = bytes.subarray(0, this.#left);
      this.#left -= through.length;
      if (through.length > 0) near.write(through);
    });
  }
}

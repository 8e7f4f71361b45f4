import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  near: Socket;
  far: Socket;
  /** Data no longer passes, although both sockets stay open. */
  dead: boolean;
}

/** A TCP relay between the device and the broker, which cuts or silences connections on command. */
export class Relay {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (near) => this.#carry(near, target));
  }

  /** Listens on `host`, and forwards to the port `target` of this machine. */
  static async open(host: string, target: number): Promise<Relay> {
    const server = createServer({ noDelay: true }).listen(0, host);
    await once(server, "listening");
    return new Relay(server, target);
  }

  /** Resets every connection. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Silences the present connections in both directions, without closing them. Later connections are not affected. */
  silence(): void {
    for (const pair of this.#pairs) pair.dead = true;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
  }

  #carry(near: Socket, target: number): void {
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const pair = { near, far, dead: false };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("data", (chunk) => {
        if (!pair.dead) other.write(chunk);
      });
      one.on("error", () => one.destroy());
      one.once("close", () => {
        // The broker closes a silent connection. The device must not see that: it has to notice the silence by itself.
        if (pair.dead && one === far) return;
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
  }
}

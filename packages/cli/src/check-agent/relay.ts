import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  near: Socket;
  far: Socket;
  /** Nothing passes any more, and neither end is told. */
  dead: boolean;
}

/** The way between the device and the broker, to be cut and to go silent on command. */
export class Relay {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (near) => this.#carry(near, target));
  }

  /** Listens on this host, and carries to that port of this machine. */
  static async open(host: string, target: number): Promise<Relay> {
    const server = createServer({ noDelay: true }).listen(0, host);
    await once(server, "listening");
    return new Relay(server, target);
  }

  /** Breaks every connection. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Every connection that there is goes silent, in both directions, without an end. Later ones are as usual. */
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
        // The broker ends what is silent; the device is not to hear of that, or it would not have to notice by itself.
        if (pair.dead && one === far) return;
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
  }
}

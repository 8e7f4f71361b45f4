import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** How a link treats the next answers: it passes them on, or loses them and breaks the connection. */
type Mood = "calm" | "loses answers";

interface Pair {
  near: Socket;
  far: Socket;
  /** The link passes no more bytes, and neither peer notices. */
  dead: boolean;
}

/** A TCP link to a server that a test breaks at the worst moments. */
export class RoughLink {
  readonly port: number;
  mood: Mood = "calm";
  /** The number of broken connections so far. */
  breaks = 0;
  /** The first chunk of bytes in each direction, for each connection. */
  readonly openings: { asked: Buffer; answered: Buffer | undefined }[] = [];
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (near) => this.#carry(near, target));
  }

  static async to(target: number): Promise<RoughLink> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new RoughLink(server, target);
  }

  /** Resets all open connections, also with requests under way. */
  break(): void {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
      this.breaks += 1;
    }
  }

  /**
   * Stops passing bytes on all open connections without closing them, as when a firewall is replaced and loses its
   * state.
   */
  forget(): void {
    for (const pair of this.#pairs) pair.dead = true;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.break();
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
      one.on("error", () => one.destroy());
      one.once("close", () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    near.once("data", (asked: Buffer) => {
      const opening = { asked, answered: undefined as Buffer | undefined };
      this.openings.push(opening);
      far.once("data", (answered: Buffer) => {
        opening.answered = answered;
      });
    });
    near.on("data", (chunk) => {
      if (!pair.dead) far.write(chunk);
    });
    far.on("data", (chunk) => this.#answer(pair, chunk));
  }

  #answer({ near, dead }: Pair, chunk: Buffer): void {
    if (dead) return;
    if (this.mood === "calm") return void near.write(chunk);
    // The server has done the work, but its answer is lost.
    this.breaks += 1;
    near.resetAndDestroy();
  }
}

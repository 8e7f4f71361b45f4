import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What a link does with the next answers: pass them on, or lose them and break. */
type Mood = "calm" | "loses answers";

interface Pair {
  near: Socket;
  far: Socket;
  /** Nothing passes any more, and neither end is told. */
  dead: boolean;
}

/** A TCP link to a server that a test makes break, at the worst moments. */
export class RoughLink {
  readonly port: number;
  mood: Mood = "calm";
  /** How often it has broken so far. */
  breaks = 0;
  /** What each connection began with, so far as it came in one piece. */
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

  /** Breaks every connection there is, whatever is under way. */
  break(): void {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
      this.breaks += 1;
    }
  }

  /** Forgets every connection there is without telling anybody, as a firewall does that was replaced. */
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
    // The work is done, and nobody will be told.
    this.breaks += 1;
    near.resetAndDestroy();
  }
}

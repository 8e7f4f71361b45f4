import { connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";
import { listen } from "@tillkeeper/server/platform/listen";

interface Pair {
  near: Socket;
  /** Undefined until a held link lets the connection through. */
  far: Socket | undefined;
}

/**
 * A TCP proxy on a free loopback port, which a test can cut and hold. It asks for its target at each connection,
 * because the server behind it has another port after a restart.
 */
export class Link {
  readonly #target: () => NetConnectOpts | undefined;
  readonly #pairs = new Set<Pair>();
  #server: Server | undefined;
  #refusing = false;
  #held = false;
  port = 0;

  /** `target` returns undefined when no server is there: the connection is then reset. */
  constructor(target: () => NetConnectOpts | undefined) {
    this.#target = target;
  }

  async open(): Promise<void> {
    this.#server = createServer({ noDelay: true }, (near) => this.#accept(near));
    this.port = await listen(this.#server, "127.0.0.1", { number: 0, configured: true }, "a port of the proxies");
  }

  /** Resets all connections, and all new ones until `mend`. */
  cut(): void {
    this.#refusing = true;
    for (const pair of this.#pairs) drop(pair);
  }

  /** Holds back all bytes and all new connections until `mend`. Neither peer notices. */
  hold(): void {
    this.#held = true;
    for (const { near, far } of this.#pairs) {
      near.pause();
      far?.pause();
    }
  }

  mend(): void {
    this.#refusing = false;
    this.#held = false;
    for (const pair of this.#pairs) {
      if (pair.far === undefined) this.#connect(pair);
      pair.near.resume();
      pair.far?.resume();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => (this.#server ? this.#server.close(resolve) : resolve(undefined)));
  }

  #accept(near: Socket): void {
    const pair: Pair = { near, far: undefined };
    this.#pairs.add(pair);
    near.on("error", () => {});
    near.on("close", () => {
      this.#pairs.delete(pair);
      pair.far?.destroy();
    });
    if (this.#refusing) drop(pair);
    else if (this.#held) near.pause();
    else this.#connect(pair);
  }

  #connect(pair: Pair): void {
    const target = this.#target();
    if (!target) return drop(pair);
    const { near } = pair;
    const far = connect({ ...target, noDelay: true });
    pair.far = far;
    far.on("error", () => {});
    // However the far connection ended, a reset tells the near peer that this connection is gone.
    far.on("close", () => near.resetAndDestroy());
    this.#carry(near, far);
    this.#carry(far, near);
  }

  #carry(from: Socket, to: Socket): void {
    from.on("data", (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on("drain", () => {
      if (!this.#held) from.resume();
    });
    from.on("end", () => to.end());
  }
}

function drop({ near, far }: Pair): void {
  near.resetAndDestroy();
  // The far end may be a Unix socket, which knows no reset.
  far?.destroy();
}

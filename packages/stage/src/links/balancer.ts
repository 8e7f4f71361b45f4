import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const checkEveryMs = 50;

/**
 * A plain TCP balancer, as in front of any group of servers. Each connection goes to the next server in turn; a
 * server that refuses it is skipped. The balancer neither reads the bytes nor retries a broken connection. With
 * `checks` it polls the readiness of each server; a server that is not ready gets no connections while others are
 * ready.
 */
export class Balancer {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #ports: number[] = [];
  #turn = 0;
  readonly #unready = new Set<number>();
  readonly #ending = new AbortController();
  #checking: Promise<void> = Promise.resolve();
  /** Connections carried so far, by the server's port. */
  readonly carried = new Map<number, number>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#carry(socket));
  }

  static async start({ checks = false } = {}): Promise<Balancer> {
    const server = createServer({ noDelay: true });
    // One test sends two thousand requests at once, and all of them wait in this queue first.
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
    await once(server, "listening");
    const balancer = new Balancer(server);
    if (checks) balancer.#checking = balancer.#check();
    return balancer;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sets the ports for new connections; open connections stay. */
  use(ports: readonly number[]): void {
    this.#ports = [...ports];
  }

  /** Closes at once, without waiting for open connections. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#checking;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #carry(caller: Socket): void {
    this.#track(caller);
    this.#turn += 1;
    const inTurn = this.#ports.map((_, index) => this.#ports[(this.#turn + index) % this.#ports.length] as number);
    const ready = inTurn.filter((port) => !this.#unready.has(port));
    this.#try(caller, [...ready, ...inTurn.filter((port) => this.#unready.has(port))]);
  }

  async #check(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await Promise.all(this.#ports.map((port) => this.#checkOne(port)));
      await sleep(checkEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #checkOne(port: number): Promise<void> {
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(1_000)]);
    const headers = { connection: "close" };
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { headers, signal }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) this.#unready.delete(port);
    else this.#unready.add(port);
  }

  #try(caller: Socket, [port, ...others]: number[]): void {
    if (port === undefined) return void caller.destroy();
    const server = connect({ port, host: "127.0.0.1", noDelay: true });
    const refused = () => this.#try(caller, others);
    server.once("error", refused);
    server.once("connect", () => {
      server.off("error", refused);
      this.carried.set(port, (this.carried.get(port) ?? 0) + 1);
      this.#track(server);
      for (const [from, to] of [
        [caller, server],
        [server, caller],
      ] as const) {
        from.pipe(to);
        // Bytes before an orderly end must still reach the other side. A broken connection breaks on the other side,
        // too.
        from.once("close", () => (from.readableEnded ? to.end() : to.destroy()));
      }
      if (caller.destroyed) server.destroy();
    });
  }

  #track(socket: Socket): void {
    this.#open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#open.delete(socket));
  }
}

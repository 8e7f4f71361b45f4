import { createServer, type Server, type Socket } from "node:net";
import { Aedes, type Client } from "aedes";

export const password = "right";

/** A real broker on a loopback port that can be taken away and brought back, and that notes how connections end. */
export class TestBroker {
  readonly aedes: Aedes;
  /** Lets nobody in. */
  refuses = false;
  readonly connects: { clientId: string; clean: boolean; version: number }[] = [];
  /** The last bytes of each connection that has ended, of those in a version that it speaks. */
  readonly lastBytes: Buffer[] = [];
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Client>();
  #port = 0;

  private constructor(aedes: Aedes) {
    this.aedes = aedes;
    aedes.on("clientReady", (client) => this.#clients.add(client));
    aedes.on("clientDisconnect", (client) => this.#clients.delete(client));
    aedes.authenticate = (client, username, given, done) => {
      this.connects.push({ clientId: client.id, clean: client.clean, version: client.version });
      done(null, !this.refuses && username === client.id && given?.toString() === password);
    };
  }

  static async start(): Promise<TestBroker> {
    const broker = new TestBroker(await Aedes.createBroker());
    await broker.listen();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Accepts connections, on the same port as before. */
  async listen(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => {
      let last = Buffer.alloc(0);
      this.#sockets.add(socket);
      socket.on("data", (bytes) => {
        last = Buffer.from(bytes);
      });
      socket.on("close", () => {
        this.#sockets.delete(socket);
        if (client.version > 0) this.lastBytes.push(last);
      });
      const client = this.aedes.handle(socket);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    const address = server.address();
    if (address && typeof address === "object") this.#port = address.port;
  }

  /** Puts a message on every connection, whether it is subscribed to or not. */
  async push(topic: string, payload: string): Promise<void> {
    const packet = { cmd: "publish", topic, payload, qos: 0, retain: false, dup: false } as const;
    await Promise.all(
      [...this.#clients].map((client) => new Promise<void>((resolve) => client.publish(packet, () => resolve()))),
    );
  }

  /** Breaks every connection off. */
  sever(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Breaks every connection off and accepts no more. */
  async vanish(): Promise<void> {
    const closed = new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
    this.sever();
    await closed;
    this.#server = undefined;
  }

  async close(): Promise<void> {
    await this.vanish();
    await new Promise<void>((resolve) => this.aedes.close(resolve));
  }
}

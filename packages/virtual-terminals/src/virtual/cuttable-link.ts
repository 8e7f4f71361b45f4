import type { Connection, ConnectionSettings, Credential, OpenConnection } from "@tillkeeper/agent/links/connection";

/** Opens connections that can be cut for any time: while they are, nothing connects, and nothing passes. */
export class CuttableLink {
  #isUp = true;
  /** The connection of the agent that runs now. */
  #current: Cuttable | undefined;

  through(open: OpenConnection): OpenConnection {
    return (settings) => {
      const link = new Cuttable(open, settings, () => {
        if (this.#current === link) this.#current = undefined;
      });
      this.#current = link;
      if (this.#isUp) link.restore();
      return link;
    };
  }

  /** Cuts the network without a farewell, or puts it back. */
  setUp(isUp: boolean): void {
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    if (isUp) this.#current?.restore();
    else this.#current?.cut();
  }
}

class Cuttable implements Connection {
  readonly #open: OpenConnection;
  readonly #settings: ConnectionSettings;
  readonly #ended: () => void;
  #credential: Credential;
  #connection: Connection | undefined;
  /** Resolves when the socket of the connection that was cut is closed. */
  #cutting: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(open: OpenConnection, settings: ConnectionSettings, ended: () => void) {
    this.#open = open;
    this.#settings = settings;
    this.#ended = ended;
    this.#credential = settings.credential;
  }

  restore(): void {
    if (this.#isOver || this.#connection) return;
    const { events } = this.#settings;
    const connection: Connection = this.#open({
      ...this.#settings,
      credential: this.#credential,
      events: {
        up: (session) => this.#connection === connection && events.up(session),
        down: (why) => this.#connection === connection && events.down(why),
        message: (channel, payload) => this.#connection === connection && events.message(channel, payload),
      },
    });
    this.#connection = connection;
  }

  cut(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (!connection) return;
    this.#settings.events.down();
    this.#cutting = connection.destroy();
  }

  async send(...message: Parameters<Connection["send"]>): Promise<void> {
    await this.#connection?.send(...message);
  }

  proved(): void {
    this.#connection?.proved();
  }

  drop(): void {
    this.#connection?.drop();
  }

  use(credential: Credential): void {
    this.#credential = credential;
    this.#connection?.use(credential);
  }

  close(): Promise<void> {
    return this.#end((connection) => connection.close());
  }

  destroy(): Promise<void> {
    return this.#end((connection) => connection.destroy());
  }

  async #end(end: (connection: Connection) => Promise<void>): Promise<void> {
    this.#isOver = true;
    this.#ended();
    await this.#cutting;
    if (this.#connection) await end(this.#connection);
  }
}

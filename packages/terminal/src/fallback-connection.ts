import type { UpChannel } from "@tillkeeper/contract/mqtt";
import type { Connection, ConnectionEvents, ConnectionSettings, Credential, OpenConnection } from "./connection.ts";

/** How long MQTT may be away before HTTPS stands in. */
const patienceMs = 15_000;
/**
 * After another device has taken its place: longer than MQTT stands back then. Over HTTPS both would be there, and both
 * would carry out what one is told.
 */
const patienceOfTakenOverMs = 75_000;

/**
 * MQTT where it gets through, HTTPS where it does not. MQTT is tried all the time, and has the word as soon as it is up;
 * until then the other one carries. `overHttps` makes of the credential for MQTT the one for HTTPS: with some brokers not
 * only the address is another, because their passwords are of a kind of their own.
 */
export function withFallback(
  mqtt: OpenConnection,
  https: OpenConnection,
  overHttps: (credential: Credential) => Credential,
): OpenConnection {
  return (settings) => new FallbackConnection(settings, mqtt, (inStead) => openInStead(https, overHttps, inStead));
}

function openInStead(
  https: OpenConnection,
  overHttps: (credential: Credential) => Credential,
  settings: ConnectionSettings,
): StandIn {
  const connection = https({ ...settings, credential: overHttps(settings.credential) });
  return { connection, use: (credential) => connection.use(overHttps(credential)) };
}

interface StandIn {
  connection: Connection;
  use(credential: Credential): void;
}

class FallbackConnection implements Connection {
  readonly #settings: ConnectionSettings;
  readonly #openStandIn: (settings: ConnectionSettings) => StandIn;
  readonly #main: Connection;
  #mainUp = false;
  #standIn: StandIn | undefined;
  #standInUp = false;
  #credential: Credential;
  #cancelPatience = () => {};

  constructor(
    settings: ConnectionSettings,
    mqtt: OpenConnection,
    openStandIn: (settings: ConnectionSettings) => StandIn,
  ) {
    this.#settings = settings;
    this.#credential = settings.credential;
    this.#openStandIn = openStandIn;
    this.#main = mqtt({ ...settings, events: this.#mainEvents(settings.events) });
    this.#wait(patienceMs);
  }

  send(channel: UpChannel, message: object): Promise<void> {
    return this.#carrier.send(channel, message);
  }

  proved(): void {
    this.#carrier.proved();
  }

  drop(): void {
    this.#main.drop();
    this.#standIn?.connection.drop();
  }

  use(credential: Credential): void {
    this.#credential = credential;
    this.#main.use(credential);
    this.#standIn?.use(credential);
  }

  async close(): Promise<void> {
    this.#cancelPatience();
    await Promise.all([this.#main.close(), this.#standIn?.connection.close()]);
  }

  async destroy(): Promise<void> {
    this.#cancelPatience();
    await Promise.all([this.#main.destroy(), this.#standIn?.connection.destroy()]);
  }

  get #carrier(): Connection {
    return this.#mainUp ? this.#main : (this.#standIn?.connection ?? this.#main);
  }

  #mainEvents(events: ConnectionEvents): ConnectionEvents {
    return {
      up: (session) => {
        this.#mainUp = true;
        this.#endStandIn();
        events.up(session);
      },
      down: (why) => {
        this.#mainUp = false;
        events.down();
        this.#wait(why === "taken_over" ? patienceOfTakenOverMs : patienceMs);
      },
      message: (channel, payload) => events.message(channel, payload),
    };
  }

  #wait(ms: number): void {
    const { events, clock } = this.#settings;
    const standInEvents: ConnectionEvents = {
      up: (session) => {
        this.#standInUp = true;
        events.up(session);
      },
      down: () => this.#standInDown(),
      message: (channel, payload) => events.message(channel, payload),
    };
    this.#cancelPatience = clock.after(ms, () => {
      const settings = { ...this.#settings, credential: this.#credential, events: standInEvents };
      this.#standIn ??= this.#openStandIn(settings);
    });
  }

  #standInDown(): void {
    if (!this.#standInUp) return;
    this.#standInUp = false;
    this.#settings.events.down();
  }

  #endStandIn(): void {
    this.#cancelPatience();
    this.#standInDown();
    void this.#standIn?.connection.destroy();
    this.#standIn = undefined;
  }
}

import type { HelloMessage, UpChannel } from "@tillkeeper/contract/mqtt";
import { readMessage } from "../talk/wire.ts";
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
 * until then the other one carries. That one ends when the server has answered over MQTT: before, the server would take its
 * end for the loss of the terminal. `overHttps` makes of the credential for MQTT the one for HTTPS: with some brokers not
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
  #ending = new AbortController();
  /** The name of its link, while there is one. */
  #standInSession: string | undefined;
  /** Said over MQTT while the other one is still there: their `sent_at`. */
  readonly #hellos = new Set<string>();
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
    if (channel === "hello" && this.#mainUp && this.#standIn) this.#hellos.add((message as HelloMessage).sent_at);
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
        if (this.#standInSession !== undefined) events.down();
        this.#mainUp = true;
        this.#cancelPatience();
        events.up(session);
      },
      down: (why) => {
        this.#mainUp = false;
        this.#hellos.clear();
        events.down();
        if (why === "taken_over") this.#endStandIn();
        this.#wait(why === "taken_over" ? patienceOfTakenOverMs : patienceMs);
        // Still there, because the server had not answered yet.
        if (this.#standInSession !== undefined) events.up(this.#standInSession);
      },
      message: (channel, payload) => {
        events.message(channel, payload);
        if (channel === "welcome" && this.#answersMqtt(payload)) this.#endStandIn();
      },
    };
  }

  /** A welcome that was on its way already says nothing of MQTT. */
  #answersMqtt(payload: Uint8Array): boolean {
    if (!this.#standIn) return false;
    const welcome = readMessage("welcome", payload);
    return welcome.channel === "welcome" && this.#hellos.has(welcome.message.hello_sent_at);
  }

  #wait(ms: number): void {
    this.#cancelPatience();
    this.#cancelPatience = this.#settings.clock.after(ms, () => {
      if (this.#standIn) return;
      this.#ending = new AbortController();
      const events = this.#standInEvents(this.#settings.events, this.#ending.signal);
      this.#standIn = this.#openStandIn({ ...this.#settings, credential: this.#credential, events });
    });
  }

  /** What one that has been ended still says is no news. */
  #standInEvents(events: ConnectionEvents, ended: AbortSignal): ConnectionEvents {
    return {
      up: (session) => {
        if (ended.aborted) return;
        this.#standInSession = session;
        if (!this.#mainUp) events.up(session);
      },
      down: () => {
        if (ended.aborted) return;
        this.#standInSession = undefined;
        if (!this.#mainUp) events.down();
      },
      // What is said while MQTT is there comes by that, too, and once is enough. What was said just before, and is lost
      // here, the hello over MQTT brings back.
      message: (channel, payload) => {
        if (!this.#mainUp && !ended.aborted) events.message(channel, payload);
      },
    };
  }

  #endStandIn(): void {
    this.#cancelPatience();
    this.#hellos.clear();
    this.#ending.abort();
    const ending = this.#standIn;
    this.#standIn = undefined;
    this.#standInSession = undefined;
    void ending?.connection.destroy();
  }
}

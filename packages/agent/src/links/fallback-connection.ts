import type { HelloMessage } from "@tillkeeper/contract/mqtt/messages";
import type { UpChannel } from "@tillkeeper/contract/mqtt/topics";
import { readMessage } from "../talk/wire.ts";
import type { Connection, ConnectionEvents, ConnectionSettings, Credential, OpenConnection } from "./connection.ts";

/** How long MQTT may be down before HTTPS is opened. */
const patienceMs = 15_000;
/**
 * How long to wait with HTTPS after a takeover: longer than MQTT's pause then. Over HTTPS both devices would be
 * connected, and both would carry out each command.
 */
const patienceOfTakenOverMs = 75_000;

/**
 * A connection over MQTT where MQTT gets through, over HTTPS where it does not. MQTT is tried all the time, and carries
 * the messages as soon as it is up; until then HTTPS carries them. The HTTPS connection ends only when the server has
 * answered over MQTT: earlier, the server would take its end for the loss of the terminal. `overHttps` turns the
 * credential for MQTT into the credential for HTTPS. It may differ in the password, too, because some brokers have
 * passwords of their own kind.
 */
export function withFallback(
  mqtt: OpenConnection,
  https: OpenConnection,
  overHttps: (credential: Credential) => Credential,
): OpenConnection {
  return (settings) =>
    new FallbackConnection(settings, mqtt, (settingsOfFallback) => openFallback(https, overHttps, settingsOfFallback));
}

function openFallback(
  https: OpenConnection,
  overHttps: (credential: Credential) => Credential,
  settings: ConnectionSettings,
): Fallback {
  const connection = https({ ...settings, credential: overHttps(settings.credential) });
  return { connection, use: (credential) => connection.use(overHttps(credential)) };
}

interface Fallback {
  connection: Connection;
  use(credential: Credential): void;
}

class FallbackConnection implements Connection {
  readonly #settings: ConnectionSettings;
  readonly #openFallback: (settings: ConnectionSettings) => Fallback;
  readonly #mqtt: Connection;
  #mqttUp = false;
  #fallback: Fallback | undefined;
  #fallbackEnded = new AbortController();
  /** The session name of the HTTPS link; undefined while it is down. */
  #fallbackSession: string | undefined;
  /** `sent_at` of the hellos that were sent over MQTT while HTTPS is still open. */
  readonly #hellos = new Set<string>();
  #credential: Credential;
  #cancelPatience = () => {};

  constructor(settings: ConnectionSettings, mqtt: OpenConnection, open: (settings: ConnectionSettings) => Fallback) {
    this.#settings = settings;
    this.#credential = settings.credential;
    this.#openFallback = open;
    this.#mqtt = mqtt({ ...settings, events: this.#mqttEvents(settings.events) });
    this.#wait(patienceMs);
  }

  send(channel: UpChannel, message: object): Promise<void> {
    if (channel === "hello" && this.#mqttUp && this.#fallback) this.#hellos.add((message as HelloMessage).sent_at);
    return this.#carrier.send(channel, message);
  }

  proved(): void {
    this.#carrier.proved();
  }

  drop(): void {
    this.#mqtt.drop();
    this.#fallback?.connection.drop();
  }

  use(credential: Credential): void {
    this.#credential = credential;
    this.#mqtt.use(credential);
    this.#fallback?.use(credential);
  }

  async close(): Promise<void> {
    this.#cancelPatience();
    await Promise.all([this.#mqtt.close(), this.#fallback?.connection.close()]);
  }

  async destroy(): Promise<void> {
    this.#cancelPatience();
    await Promise.all([this.#mqtt.destroy(), this.#fallback?.connection.destroy()]);
  }

  get #carrier(): Connection {
    return this.#mqttUp ? this.#mqtt : (this.#fallback?.connection ?? this.#mqtt);
  }

  #mqttEvents(events: ConnectionEvents): ConnectionEvents {
    return {
      up: (session) => {
        if (this.#fallbackSession !== undefined) events.down();
        this.#mqttUp = true;
        this.#cancelPatience();
        events.up(session);
      },
      down: (why) => {
        this.#mqttUp = false;
        this.#hellos.clear();
        events.down();
        if (why === "taken_over") this.#endFallback();
        this.#wait(why === "taken_over" ? patienceOfTakenOverMs : patienceMs);
        // HTTPS is still open, because the server had not answered over MQTT yet.
        if (this.#fallbackSession !== undefined) events.up(this.#fallbackSession);
      },
      message: (channel, payload) => {
        events.message(channel, payload);
        if (channel === "welcome" && this.#answersMqtt(payload)) this.#endFallback();
      },
    };
  }

  /**
   * Whether a welcome answers a hello over MQTT; it may also answer an earlier hello over HTTPS, which proves nothing.
   */
  #answersMqtt(payload: Uint8Array): boolean {
    if (!this.#fallback) return false;
    const welcome = readMessage("welcome", payload);
    return welcome.channel === "welcome" && this.#hellos.has(welcome.message.hello_sent_at);
  }

  #wait(ms: number): void {
    this.#cancelPatience();
    this.#cancelPatience = this.#settings.clock.after(ms, () => {
      if (this.#fallback) return;
      this.#fallbackEnded = new AbortController();
      const events = this.#fallbackEvents(this.#settings.events, this.#fallbackEnded.signal);
      this.#fallback = this.#openFallback({ ...this.#settings, credential: this.#credential, events });
    });
  }

  /** The callbacks for an HTTPS connection; after `ended` aborts they do nothing. */
  #fallbackEvents(events: ConnectionEvents, ended: AbortSignal): ConnectionEvents {
    return {
      up: (session) => {
        if (ended.aborted) return;
        this.#fallbackSession = session;
        if (!this.#mqttUp) events.up(session);
      },
      down: () => {
        if (ended.aborted) return;
        this.#fallbackSession = undefined;
        if (!this.#mqttUp) events.down();
      },
      // The server sends to MQTT, too, while that is up, and one copy is enough. A message from just before that is
      // lost here is sent again after the hello over MQTT.
      message: (channel, payload) => {
        if (!this.#mqttUp && !ended.aborted) events.message(channel, payload);
      },
    };
  }

  #endFallback(): void {
    this.#cancelPatience();
    this.#hellos.clear();
    this.#fallbackEnded.abort();
    const ending = this.#fallback;
    this.#fallback = undefined;
    this.#fallbackSession = undefined;
    void ending?.connection.destroy();
  }
}

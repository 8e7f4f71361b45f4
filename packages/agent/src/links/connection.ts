import type { DownChannel, UpChannel } from "@tillkeeper/contract/mqtt";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";

/** Where and as whom a device connects: what `POST …/terminals/{terminal_id}/credentials` answers, or a
 * `DeviceCredential` gives. */
export interface Credential {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. As a function like the password: brokers move. */
  url: string | (() => string);
  /** The device's address: its user name, and a level of its topics. As a function like the password. */
  address: string | (() => string);
  /** As a function it is asked for at each attempt to connect: a token changes. */
  password: string | (() => string);
  /** Told when the broker does not accept it. */
  refused?: () => void;
  /**
   * Told when the journal is an old copy: the device needs another address, and is silent until it has one. Without it the
   * agent stops.
   */
  memoryLost?: () => void;
  /**
   * Calls back whenever a connection opened before is to be opened anew, because the broker will end it with the password
   * it was opened by, or because the device has another address. Answers how to stop that.
   */
  whenOutdated?: (reopen: () => void) => () => void;
  /** The MQTT client id, as answered; left out, the address. As a function like the password. */
  clientId?: string | (() => string);
  /** PEM text of the certificates that the broker's must be signed by, in place of those that the system trusts. */
  ca?: string;
}

/** What a credential says at this moment. */
export function current(value: string | (() => string)): string {
  return typeof value === "function" ? value() : value;
}

export interface ConnectionEvents {
  /** Connected and subscribed. `session` names this connection, as the will does that the broker holds. */
  up(session: string): void;
  /** `taken_over`: another connection with this client id has come, or seems to. */
  down(why?: "taken_over"): void;
  message(channel: DownChannel, payload: Uint8Array): void;
}

/** A link to the broker that looks after itself: it connects again until it is closed. */
export interface Connection {
  /** Resolves when the broker has it or the link is gone: a PUBACK proves nothing. Never rejects. */
  send(channel: UpChannel, message: object): Promise<void>;
  /** The server has answered: the link was a good one, and the next may come quickly. */
  proved(): void;
  /** Breaks the socket off; a new connection follows. */
  drop(): void;
  /** Connects again with another credential. */
  use(credential: Credential): void;
  /** Says DISCONNECT and ends. */
  close(): Promise<void>;
  /** Ends without a word, as a power cut would. */
  destroy(): Promise<void>;
}

export interface ConnectionSettings {
  credential: Credential;
  clock: Clock;
  log: Logger;
  /** Names the next connection. */
  nextSession: () => string;
  events: ConnectionEvents;
}

/** Begins to connect. Throws only for a URL it cannot use. */
export type OpenConnection = (settings: ConnectionSettings) => Connection;

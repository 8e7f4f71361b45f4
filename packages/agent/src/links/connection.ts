import type { DownChannel, UpChannel } from "@tillkeeper/contract/mqtt/topics";
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";

/**
 * Where a device connects and how it authenticates. `POST …/terminals/{terminal_id}/credentials` answers such a
 * credential, and `DeviceCredential` keeps one up to date.
 */
export interface Credential {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`. A function is called at each attempt to connect: brokers move. */
  url: string | (() => string);
  /**
   * The device's address: its user name, and a level of its topics. A function is called at each attempt to connect.
   */
  address: string | (() => string);
  /** The password or token. A function is called at each attempt to connect: a token changes. */
  password: string | (() => string);
  /** Called when the broker refuses this credential. */
  refused?: () => void;
  /**
   * Called when the journal is an old copy. The device needs another address then, and the agent sends nothing until it
   * has that. Without this function the agent stops.
   */
  memoryLost?: () => void;
  /**
   * Registers `reopen`, which is called whenever the open connection must be opened anew. That is so when the broker
   * will end it together with its old password, or when the device has another address. Returns a function that
   * unregisters it.
   */
  whenOutdated?: (reopen: () => void) => () => void;
  /**
   * The MQTT client id as the server answered it; left out, the address. A function is called at each attempt to
   * connect.
   */
  clientId?: string | (() => string);
  /**
   * PEM text of the certificate authorities for the broker's certificate, in place of the authorities that the system
   * trusts.
   */
  ca?: string;
}

/** Returns the present value of a credential's field. */
export function current(value: string | (() => string)): string {
  return typeof value === "function" ? value() : value;
}

/** The callbacks of a connection. They must not throw: the connection does not catch their errors. */
export interface ConnectionEvents {
  /** Called when connected and subscribed. `session` is the name of this connection, which stands in its will, too. */
  up(session: string): void;
  /** Called when the connection is lost. `taken_over`: another connection with this client id has come, or seems to. */
  down(why?: "taken_over"): void;
  /** Called for each message, with its channel and its JSON text in UTF-8. */
  message(channel: DownChannel, payload: Uint8Array): void;
}

/**
 * A connection to the server that restores itself: after a loss it connects again, until it is closed. Only `use`
 * throws.
 */
export interface Connection {
  /**
   * Sends a message; does nothing while there is no link. Resolves when the broker has acknowledged it or the link is
   * lost: a PUBACK proves nothing. Never rejects.
   */
  send(channel: UpChannel, message: object): Promise<void>;
  /** Called by the agent when the server has answered on this link: after a loss, the next attempt may come quickly. */
  proved(): void;
  /** Destroys the socket; a new link follows. */
  drop(): void;
  /** Connects again with another credential. Throws for a URL that this kind of connection cannot use. */
  use(credential: Credential): void;
  /** Sends DISCONNECT and ends. Resolves when the socket is closed. */
  close(): Promise<void>;
  /** Ends without a DISCONNECT, as a power cut does. Resolves when the socket is closed. */
  destroy(): Promise<void>;
}

/** The settings of a connection, which keeps them over all its links. */
export interface ConnectionSettings {
  credential: Credential;
  clock: Clock;
  log: Logger;
  /** Returns the name of the next link; called once for each attempt. */
  nextSession: () => string;
  events: ConnectionEvents;
}

/** Begins to connect, and returns at once. Throws only for a URL that this kind of connection cannot use. */
export type OpenConnection = (settings: ConnectionSettings) => Connection;

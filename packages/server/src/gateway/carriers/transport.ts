import type { Messages } from "@tillkeeper/contract/mqtt/messages";
import type { DownChannel, UpChannel } from "@tillkeeper/contract/mqtt/topics";
import type { BrokerGrant, MqttLogin, TakenCredential } from "../../terminals/credentials/broker-grant.ts";

/**
 * Carries messages between the gateway and terminals: the embedded broker, an outside broker, or long polling. It only
 * carries: nothing about an operation depends on whether a publish succeeded.
 */
export interface DeviceTransport {
  /**
   * Begins to take connections, and hands every message of a device to `receive`. Called once, after everything that
   * messages need stands. Throws `StartupError` when the port is in use, or the broker does not answer.
   */
  listen(receive: Receive): Promise<void>;
  /** The URL that terminals connect to, `mqtt://host:port`. */
  url: () => string;
  /** The URL for programs on this machine that connect as terminals, and the certificates that they have to trust. */
  inside: () => { url: string; ca?: string };
  /**
   * Sends a message to the device with this address, and to no other. Called for each command, answer and probe.
   * Resolves when the broker has taken the message, which says nothing about the device. Rejects when the broker cannot
   * be reached; the outbox sends again.
   */
  publish<C extends DownChannel>(address: string, channel: C, message: Messages[C]): Promise<void>;
  /**
   * Makes the broker accept a credential, and ends the connections of `former`. Called after the commit that creates
   * the credential. Rejects when the broker cannot be reached at the moment.
   */
  admit(admission: BrokerGrant): Promise<MqttLogin>;
  /**
   * Takes back what `admit` did, for a credential that turned out to be over. A renewal of it stays. Rejects when the
   * broker cannot be reached.
   */
  withdraw(credential: TakenCredential): Promise<void>;
  /**
   * Makes a broker end the connections of ended tokens, if it does not do so by itself. Called by `tokenEndWorker`.
   * Rejects when the broker cannot be reached.
   */
  lapse(credentials: TakenCredential[]): Promise<void>;
  /** Ends the connections of an address whose credential is over. Returns at once; never throws. */
  disconnect(address: string): void;
  /**
   * Whether a command published here may reach the terminal. Always true while connected to a broker that all servers
   * share.
   */
  hears: (terminalId: string) => boolean;
  /** Terminals reachable here: those for which `hears` is true. `undefined` = any terminal may be (outside broker). */
  listening(): string[] | undefined;
  /** The connections of devices here. Empty for an outside broker, which manages its connections itself. */
  connections(): DeviceConnection[];
  /** Whether messages can be carried at the moment. */
  healthy(): boolean;
  close(): Promise<void>;
}

export interface DeviceConnection {
  /** The connection stays while this is the terminal's address and its tokens are renewed. */
  address: string;
  /**
   * When the connection ends regardless of renewals: the end of its own token. Set where the device may have another
   * connection beside it.
   */
  endsAt?: Date;
  end(): void;
}

/** How a message was received. */
export interface Sender {
  /** Over MQTT if not set. */
  by?: "https";
  /** Over HTTPS: which message of its request it is, counted from 0. */
  index?: number;
}

/**
 * Handles a message from a device that was allowed to send it as this address; the address may have been replaced
 * since. Called for each message by all carriers. Must not throw or reject.
 */
export type Receive = (address: string, channel: UpChannel, payload: Buffer, sender?: Sender) => Promise<void>;

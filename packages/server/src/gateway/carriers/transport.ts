import type { DownChannel, Messages, UpChannel } from "@tillkeeper/contract/mqtt";
import type { Admission, Admitted, TakenCredential } from "../../terminals/credentials/broker-grant.ts";

/**
 * What carries messages between the gateway and terminals: the broker in this process, or an outside one. It only
 * carries: nothing about an operation depends on whether a publish succeeded.
 */
export interface DeviceTransport {
  /** Where terminals connect, `mqtt://host:port`. */
  url: () => string;
  /** Where programs on this machine connect as terminals, and whose certificates they trust then. */
  inside: () => { url: string; ca?: string };
  /**
   * Resolves when the broker has taken the message, which says nothing about the device. It goes to the device with this
   * address, and to no other.
   */
  publish<C extends DownChannel>(address: string, channel: C, message: Messages[C]): Promise<void>;
  /** Makes the broker take a credential. Rejects when that cannot be told at the moment. */
  admit(admission: Admission): Promise<Admitted>;
  /** Takes back what `admit` made for a credential that turned out to be over; what was renewed meanwhile stays. */
  withdraw(credential: TakenCredential): Promise<void>;
  /** Tells a broker that ends nothing by itself whose tokens are over. Rejects when it could not be told. */
  lapse(credentials: TakenCredential[]): Promise<void>;
  /** Sends away the device with this address, whose credential is over. */
  disconnect(address: string): void;
  /** Whether a command published here may reach the terminal: whenever it is connected, with a broker that all servers share. */
  hears: (terminalId: string) => boolean;
  /** All terminals that `hears` is true of; `undefined` for every terminal there is. */
  listening(): string[] | undefined;
  /** Who is connected by which address; nobody at an outside broker, whose business that is. */
  connections(): DeviceConnection[];
  /** Whether messages can be carried at the moment. */
  healthy(): boolean;
  close(): Promise<void>;
}

export interface DeviceConnection {
  /** It stays as long as this is the terminal's, and tokens of it are renewed. */
  address: string;
  /** When it is over whatever is renewed: the end of its token, where the device may have another connection beside it. */
  endsAt?: Date;
  end(): void;
}

/** How a message came. */
export interface Sender {
  /** MQTT unless told otherwise. */
  by?: "https";
}

/** A message from a device that was allowed to send it as this address, which may have been replaced since. Must not throw. */
export type Receive = (address: string, channel: UpChannel, payload: Buffer, sender?: Sender) => Promise<void>;

import type { DownChannel, Messages, UpChannel } from "@tillkeeper/contract/mqtt";
import type { Admission, Admitted, TakenCredential } from "../terminals/admission.ts";

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
   * Resolves when the broker has taken the message, which says nothing about the terminal. With `only` the credential of
   * the one device that it is for, as far as it is known here who is connected by which.
   */
  publish<C extends DownChannel>(
    terminalId: string,
    channel: C,
    message: Messages[C],
    only?: string | null,
  ): Promise<void>;
  /** Whether it is known of everybody who is connected by which credential. An outside broker does not say. */
  tellsApart: boolean;
  /** Whether only those get in who hold a credential of ours; else the operator's own rules say who does. */
  holdersOnly: boolean;
  /** Makes the broker take a credential. Rejects when that cannot be told at the moment. */
  admit(admission: Admission): Promise<Admitted>;
  /**
   * From now on brings here what other servers send to a terminal that waits at this one, and not at the broker; until it is
   * ended. Left out where other servers could not reach the broker either.
   */
  standIn?: { begin(terminalId: string): void; end(terminalId: string): void };
  /** Takes back what `admit` made for a credential that turned out to be over; what another one has stays. */
  withdraw(credential: TakenCredential): Promise<void>;
  /** Tells a broker that ends nothing by itself whose tokens are over. Rejects when it could not be told. */
  lapse(credentials: TakenCredential[]): Promise<void>;
  /** Sends away whoever is connected as this terminal, whose credential is over. */
  disconnect(terminalId: string): void;
  /** Whether a command published here may reach the terminal: whenever it is connected, with a broker that all servers share. */
  hears: (terminalId: string) => boolean;
  /** All terminals that `hears` is true of; `undefined` for every terminal there is. */
  listening(): string[] | undefined;
  /** Who is connected with which credential; nobody at an outside broker, whose business that is. */
  connections(): DeviceConnection[];
  /** Whether messages can be carried at the moment. */
  healthy(): boolean;
  close(): Promise<void>;
}

export interface DeviceConnection {
  terminalId: string;
  /** The one that it was let in by; it stays as long as that is the terminal's, and tokens of it are renewed. */
  credentialId: string;
  /** When it is over whatever is renewed: the end of its token, where the terminal may have another connection beside it. */
  endsAt?: Date;
  end(): void;
}

/** A terminal whose last connection to this server has ended. Must not throw. */
export type Left = (terminalId: string) => void;

/** What another server has sent to a terminal that this one stands in for. Must not throw. */
export type Overhear = (terminalId: string, channel: DownChannel, payload: Buffer) => void;

/** What is known of who sent a message. */
export interface Sender {
  /** MQTT unless told otherwise. */
  by?: "https";
  /** The credential that let the sender in. It may have been replaced since. An outside broker does not tell. */
  credentialId?: string | undefined;
}

/** A message from a terminal that was allowed to send it. Must not throw. */
export type Receive = (terminalId: string, channel: UpChannel, payload: Buffer, sender?: Sender) => Promise<void>;

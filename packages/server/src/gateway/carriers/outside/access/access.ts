import type { Admission, Admitted, TakenCredential } from "../../../../terminals/credentials/broker-grant.ts";

/** How an outside broker knows which device may connect, and what it may use (docs/brokers.md). */
export interface BrokerAccess {
  /**
   * What this server itself connects with, where the broker's address does not say it; with the name of the servers' share
   * where that cannot be made from the password, because each server has another one.
   */
  own(): { username: string; password: string; share?: string } | undefined;
  /** Before each connection of this server: makes the broker ready for it, and for the devices there are. */
  prepare(): Promise<void>;
  /**
   * Makes the broker take the device's address; the former one's is for `revoke`. Rejects when the broker could not be
   * told; the device must not be answered a password then.
   */
  admit(admission: Admission): Promise<Admitted>;
  /** Takes back what was admitted of this generation, if the broker keeps that; what another one has stays. */
  withdraw(credential: TakenCredential): Promise<void>;
  /** Makes the broker forget the address, and ends its connections. Rejects when the broker could not be told. */
  revoke(address: string): Promise<void>;
  /**
   * Ends what tokens opened that are over, as far as that is not the broker's own doing; what was renewed meanwhile stays.
   * Rejects when the broker could not be told.
   */
  lapse(credentials: TakenCredential[]): Promise<void>;
}

/** Where the broker is, and whose certificates it may show beside those that the system trusts. */
export interface BrokerAddress {
  url: string;
  ca?: string | undefined;
}

import type { BrokerGrant, MqttLogin, TakenCredential } from "../../../../terminals/credentials/broker-grant.ts";

/**
 * Manages at an outside broker which device may connect, and what it may use (docs/brokers.md). One implementation per
 * kind of access: asking, JWT, Mosquitto.
 */
export interface BrokerAccess {
  /**
   * The login of this server, where the broker's URL has none. `share` names the servers' shared subscription, where it
   * cannot be derived from the password because each server has a different one.
   */
  own(): { username: string; password: string; share?: string } | undefined;
  /**
   * Called before each connection of this server: prepares the broker for this server and for the live devices. Rejects
   * when the broker cannot be reached; the connection is then tried again later.
   */
  prepare(): Promise<void>;
  /**
   * Makes the broker accept the device's address; the former address is for `revoke`. Rejects when the broker cannot be
   * reached. The device must not be given a password then.
   */
  admit(admission: BrokerGrant): Promise<MqttLogin>;
  /**
   * Takes back what `admit` did for this generation, if the broker stores it. Another generation's entry stays. Rejects
   * when the broker cannot be reached.
   */
  withdraw(credential: TakenCredential): Promise<void>;
  /**
   * Makes the broker forget the address, and ends its connections. Called when an address is over. Rejects when the
   * broker cannot be reached.
   */
  revoke(address: string): Promise<void>;
  /**
   * Ends the connections of ended tokens, unless the broker does so by itself; what was renewed meanwhile stays. Called
   * by `tokenEndWorker`. Rejects when the broker cannot be reached.
   */
  lapse(credentials: TakenCredential[]): Promise<void>;
}

/** The URL of the broker, and the PEM text of certificates to trust in addition to the system's. */
export interface BrokerAddress {
  url: string;
  ca?: string | undefined;
}

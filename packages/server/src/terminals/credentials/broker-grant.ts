/** A credential that a broker is to accept from now on. */
export interface BrokerGrant {
  /** The device's address: user name and client id. */
  address: string;
  password: string;
  /** Changes after the device's tokens were over; all tokens that were renewed in time share it. */
  generation: string;
  /** When the token ends; undefined for a password. */
  expiresAt?: Date;
  /** The address that `address` replaces: the broker forgets it, and its connections are ended. */
  former?: string | undefined;
}

/** A credential that the broker accepted before. */
export type TakenCredential = Pick<BrokerGrant, "address" | "generation">;

/** What the device has to connect with. Brokers that cannot ask this server give passwords of their own kind. */
export interface MqttLogin {
  username: string;
  password: string;
  clientId: string;
}

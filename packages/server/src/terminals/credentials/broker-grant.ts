/** A credential that the broker is to take from now on. */
export interface Admission {
  /** The device's address: user name and client id. */
  address: string;
  password: string;
  /** Another one after the device's tokens were over; the same for each token that was renewed in time. */
  generation: string;
  /** Of a token. */
  expiresAt?: Date;
  /** The address that this one replaces: the broker forgets it, and who is connected by it is sent away. */
  former?: string | undefined;
}

/** One that the broker took before. */
export type TakenCredential = Pick<Admission, "address" | "generation">;

/** What the device is to connect with: brokers that cannot ask us take a password of their own kind. */
export interface Admitted {
  username: string;
  password: string;
  clientId: string;
}

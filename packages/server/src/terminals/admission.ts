/** A credential that the broker is to take from now on. */
export interface Admission {
  terminalId: string;
  password: string;
  /** Another one for each replacement, and after tokens were over; the same for each token that was renewed in time. */
  generation: string;
  /** `ends`: whoever is connected with an older credential is sent away. `stays`: this one renews it. */
  former: "ends" | "stays";
  /** Of a token. */
  expiresAt?: Date;
  /**
   * With `ends`: called when nobody is connected with an older credential any more, and nobody will be. That may be later
   * than the credential is answered, where the broker could not be told at once.
   */
  formerEnded?: () => Promise<void>;
}

/** One that the broker took before. */
export type TakenCredential = Pick<Admission, "terminalId" | "generation">;

/** What the terminal is to connect with: brokers that cannot ask us take a password of their own kind. */
export interface Admitted {
  username: string;
  password: string;
  clientId: string;
}

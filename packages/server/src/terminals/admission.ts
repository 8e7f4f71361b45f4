/** A credential that the broker is to take from now on. */
export interface Admission {
  terminalId: string;
  password: string;
  /** Another one for each replacement; the same for each renewed token. */
  generation: string;
  /** `ends`: whoever is connected with an older credential is sent away. `stays`: this one renews it. */
  former: "ends" | "stays";
  /** Of a token. */
  expiresAt?: Date;
}

/** What the terminal is to connect with: brokers that cannot ask us take a password of their own kind. */
export interface Admitted {
  username: string;
  password: string;
  clientId: string;
}

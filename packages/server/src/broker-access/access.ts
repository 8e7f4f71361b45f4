import type { Admission, Admitted, TakenCredential } from "../terminals/admission.ts";

/** How an outside broker knows which terminal may connect, and what it may use (docs/brokers.md). */
export interface BrokerAccess {
  /** What this server itself connects with, where the broker's address does not say it. */
  own(): { username: string; password: string } | undefined;
  /** Before each connection of this server: makes the broker ready for it, and for the terminals there are. */
  prepare(): Promise<void>;
  /** Whether the broker lets in only who holds a credential of ours; else its operator's own rules say who gets in. */
  holdersOnly: boolean;
  /**
   * Whether a credential that is admitted in place of another one ends that. `in the end`: it calls `formerEnded` itself,
   * once that is certain. `no`: `revoke` is to be called after it.
   */
  endsFormer: "at once" | "in the end" | "no";
  /** Rejects when the broker could not be told; the terminal must not be answered a password then. */
  admit(admission: Admission): Promise<Admitted>;
  /** Takes back what was admitted of this generation, if the broker keeps that; what another one has stays. */
  withdraw(credential: TakenCredential): Promise<void>;
  /** Ends what the terminal holds and its connections. Rejects when the broker could not be told. */
  revoke(terminalId: string): Promise<void>;
  /**
   * Ends what tokens opened that are over, as far as that is not the broker's own doing; what was renewed meanwhile stays.
   * Rejects when the broker could not be told.
   */
  lapse(credentials: TakenCredential[]): Promise<void>;
  close(): Promise<void>;
}

/** Where the broker is, and whose certificates it may show beside those that the system trusts. */
export interface BrokerAddress {
  url: string;
  ca?: string | undefined;
}

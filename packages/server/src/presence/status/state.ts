import type { PresenceReason } from "@tillkeeper/contract/presence";
import type { DeviceFault } from "@tillkeeper/contract/telemetry";
import type { Selectable } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { HeardStatus } from "./status.ts";

/** Who said it: it counts only if the address is the terminal's when it is written. */
interface Said {
  address: string;
}

/** What is heard of a terminal, with the instant when it came in. */
export type PresenceEvent =
  | ({ kind: "hello"; at: Date; session: string; nextExpectedAt: Date } & Said)
  | ({
      kind: "heartbeat";
      at: Date;
      session: string;
      nextExpectedAt: Date;
      roundTripMs: number | null;
      fault: DeviceFault | null;
    } & Said)
  /** Any other message. */
  | ({ kind: "heard"; at: Date; nextExpectedAt: Date } & Said)
  /** An end is believed of whoever names the connection. */
  | { kind: "goodbye"; at: Date; session: string }
  | { kind: "gone"; at: Date; session: string };

/** A row of `terminal_presence` without its key. */
export type PresenceState = Omit<Selectable<Tables["terminal_presence"]>, "account_id" | "terminal_id">;

export interface Change {
  at: Date;
  status: HeardStatus;
  reason: PresenceReason;
}

export interface After {
  /** The same object when nothing changed. */
  state: PresenceState | undefined;
  /** For the history. */
  changes: Change[];
}

/** The same, as far as its status goes. */
export interface Step {
  state: PresenceState | undefined;
  change?: Change;
}

import type { PresenceReason } from "@tillkeeper/contract/presence";
import type { DeviceFault } from "@tillkeeper/contract/telemetry";
import type { Selectable } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { HeardStatus } from "./status.ts";

/** The device that a message came from. It counts only if the address is the terminal's when the event is written. */
interface FromDevice {
  address: string;
}

/** One event per message of a terminal, with the time of its arrival. */
export type PresenceEvent =
  | ({ kind: "hello"; at: Date; session: string; nextExpectedAt: Date } & FromDevice)
  | ({
      kind: "heartbeat";
      at: Date;
      session: string;
      nextExpectedAt: Date;
      roundTripMs: number | null;
      fault: DeviceFault | null;
    } & FromDevice)
  /** Any other message. */
  | ({ kind: "heard"; at: Date; nextExpectedAt: Date } & FromDevice)
  /** Ends need no address: they name the connection that has ended. */
  | { kind: "goodbye"; at: Date; session: string }
  | { kind: "gone"; at: Date; session: string };

/** A row of `terminal_presence` without its key. */
export type PresenceState = Omit<Selectable<Tables["terminal_presence"]>, "account_id" | "terminal_id">;

export interface Change {
  at: Date;
  status: HeardStatus;
  reason: PresenceReason;
}

export interface AppliedEvent {
  /** Identical to the former state when nothing changed. */
  state: PresenceState | undefined;
  /** The entries for the history. */
  changes: Change[];
}

/** The outcome of an event as far as the status goes. */
export interface StatusStep {
  state: PresenceState | undefined;
  change?: Change;
}

import type { DayConfiguration } from "../days.ts";
import type { DeviceHistory } from "../devices/history.ts";
import type { Fault } from "../plan/faults.ts";

/** All that a run leaves behind: what was planned and done, what devices did, and what the server says of it. Times in epoch milliseconds. */
export interface History {
  stores: readonly StoreHistory[];
  terminals: readonly TerminalHistory[];
  visits: readonly Visit[];
  closings: readonly ToldClosing[];
  missed: readonly ToldMissed[];
  /** Store and business day of every closing. */
  days: ReadonlyMap<string, { storeId: string; businessDay: string }>;
  /** Of each `end_of_day` that a closing sent: the closing, and whose terminal it was for. */
  operations: ReadonlyMap<string, { closingId: string; terminalId: string }>;
}

/** What people made of a store, oldest first: each entry holds from its time to that of the next. */
export interface StoreHistory {
  storeId: string;
  states: readonly { at: number; configuration: DayConfiguration; enabled: boolean; suspended: boolean }[];
}

export interface TerminalHistory {
  terminalId: string;
  faults: readonly Fault[];
  /** To which store it belonged from when on. */
  stores: readonly { at: number; store: number }[];
  /** Its devices, oldest first, and how many sales the former one left in its batch. */
  devices: readonly { from: number; openCountBefore: number; history: DeviceHistory }[];
}

/** A time at which the simulated clock went, long enough for everything to be done that could be. */
export interface Visit {
  at: number;
  until: number;
}

/** A closing, by the last report of its day. */
export interface ToldClosing {
  id: string;
  storeId: string;
  businessDay: string;
  terminals: readonly { terminalId: string; state: string; closeId?: string; count?: number; amount?: number }[];
  totals: { batches: number; count: number; amount: number } | undefined;
}

/** An event `store_closing_missed`. */
export interface ToldMissed {
  storeId: string;
  businessDay: string;
  reason: string;
  at: number;
  terminals: readonly string[];
}

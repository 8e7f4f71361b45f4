import type { Tx } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import { moveTerminals } from "./life-cycle.ts";

interface StorePlace {
  accountId: string;
  /** The generated id of the store. */
  storeRef: string;
}

/**
 * Turns the live terminals of a store INACTIVE; each remembers what it was (D5, D11). The store's own row must have been
 * changed in the same transaction before: its lock keeps terminals from being moved or registered into it meanwhile.
 */
export function suspendTerminalsOfStore(tx: Tx, clock: Clock, at: StorePlace): Promise<void> {
  return moveTerminals(tx, clock, "store_suspended", at);
}

/** Gives the terminals of a store back the status they had, or have earned since. The same condition holds. */
export function resumeTerminalsOfStore(tx: Tx, clock: Clock, at: StorePlace): Promise<void> {
  return moveTerminals(tx, clock, "store_resumed", at);
}

import type { Tx } from "../../db/db.ts";
import type { EventActor } from "../../events/write.ts";
import type { Clock } from "../../platform/clock.ts";
import { moveTerminals } from "./life-cycle.ts";

interface StorePlace {
  accountId: string;
  /** The generated id of the store. */
  storeRef: string;
  told: EventActor;
}

/**
 * Moves the live terminals of a store to INACTIVE; each remembers its status (D5, D11). The transaction must have
 * changed the store's row before: its lock keeps terminals from being moved or registered into the store meanwhile.
 */
export function suspendTerminalsOfStore(tx: Tx, clock: Clock, at: StorePlace): Promise<void> {
  return moveTerminals(tx, clock, "store_suspended", at);
}

/**
 * Gives the terminals of a store back the status that they had, or have reached since. The store's row must have been
 * changed before, as for `suspendTerminalsOfStore`.
 */
export function resumeTerminalsOfStore(tx: Tx, clock: Clock, at: StorePlace): Promise<void> {
  return moveTerminals(tx, clock, "store_resumed", at);
}

import type { Db, Tx } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import type { OrganizationRegister } from "../organizations/register.ts";

/** What happens to a store's terminals with it; they belong to a feature above this one, which is handed in. */
type OnTerminalsOfStore = (tx: Tx, clock: Clock, store: { accountId: string; storeRef: string }) => Promise<void>;

export interface StoreDeps {
  db: Db;
  clock: Clock;
  /** The Norwegian register: the only country whose sub-units can be looked up. */
  register: OrganizationRegister;
  /** The store is suspended: its live terminals turn INACTIVE (D5). */
  suspendTerminals: OnTerminalsOfStore;
  /** The store is not suspended any more: its terminals go back to what they were. */
  resumeTerminals: OnTerminalsOfStore;
}

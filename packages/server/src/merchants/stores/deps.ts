import type { MailRecipient, MailStanding } from "@tillkeeper/contract/http/mail-schemas";
import type { Autopilot } from "@tillkeeper/contract/http/store-configuration";
import type { Db, Tx } from "../../db/db.ts";
import type { EventActor } from "../../events/write.ts";
import type { Clock } from "../../platform/clock.ts";
import type { OrganizationRegister } from "../organizations/register.ts";
import type { ClosingPlan } from "./closing-plan.ts";

/**
 * Changes the terminals of a store. The caller passes it in, because terminals belong to a higher layer. Called in the
 * transaction that changes the store; an error rolls that transaction back.
 */
type OnTerminalsOfStore = (
  tx: Tx,
  clock: Clock,
  store: { accountId: string; storeRef: string; told: EventActor },
) => Promise<void>;

export interface StoreDeps {
  db: Db;
  clock: Clock;
  /** The Norwegian register: the only country whose sub-units can be looked up. */
  register: OrganizationRegister;
  /** Tells what the autopilot of a store does next: days and their times belong to a higher layer. */
  autopilot: (tx: Tx, plan: ClosingPlan) => Promise<Autopilot>;
  /** Says why no mail is sent to a store's addresses: a port, as mail is a higher room. */
  mail: (tx: Tx, accountId: string, mailTo: readonly MailRecipient[]) => Promise<MailStanding>;
  /** Called when a store is suspended: its live terminals turn INACTIVE (D5). */
  suspendTerminals: OnTerminalsOfStore;
  /** Called when a suspension ends: the store's terminals return to their former status. */
  resumeTerminals: OnTerminalsOfStore;
}

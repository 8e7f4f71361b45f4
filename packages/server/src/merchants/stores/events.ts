import type { Store } from "@tillkeeper/contract/http/stores";
import type { Tx } from "../../db/db.ts";
import { type EventActor, type NewEvent, writeEvents } from "../../events/write.ts";

/** The event of a changed store. `cause` is the action of the audit log. */
export function storeEvent(
  { accountId, at, ...actor }: EventActor & { accountId: string; at: Date },
  cause: string,
  store: Store,
): NewEvent {
  const type = storeEventTypes[cause] ?? "account_store_update";
  const { clientId, requestId } = actor;
  return { accountId, type, cause, at, subject: store.id, storeRef: store.id, actor: clientId, requestId, data: store };
}

const storeEventTypes: Record<string, "account_store_add" | "account_store_delete"> = {
  "store.create": "account_store_add",
  "store.delete": "account_store_delete",
};

/** Writes the event of a changed store. */
export function tellStore(
  tx: Tx,
  actor: EventActor & { accountId: string; at: Date },
  cause: string,
  store: Store,
): Promise<void> {
  return writeEvents(tx, [storeEvent(actor, cause, store)]);
}

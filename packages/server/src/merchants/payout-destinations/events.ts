import type { Tx } from "../../db/db.ts";
import { type EventActor, writeEvents } from "../../events/write.ts";
import type { Clock } from "../../platform/clock.ts";
import { presentListItem } from "./present.ts";
import type { DestinationRow } from "./queries.ts";

interface Told {
  /** The action of the audit log. */
  cause: string;
  row: DestinationRow;
}

/** Writes the event of a payout destination that was created or changed; one that is archived is gone for who uses it. */
export function tellDestination(
  tx: Tx,
  { clock }: { clock: Clock },
  { clientId, requestId }: EventActor,
  { cause, row }: Told,
): Promise<void> {
  return writeEvents(tx, [
    {
      accountId: row.account_id,
      type: typeOf(cause, row),
      cause,
      at: clock.now(),
      subject: row.payout_destination_id,
      actor: clientId,
      requestId,
      // Its stores in other accounts are not counted: the transaction sees one account.
      data: presentListItem(row, { stores: 0, terminals: 0 }),
    },
  ]);
}

function typeOf(cause: string, { case_status: status }: DestinationRow) {
  if (cause === "payout_destination.create") return "account_payout_destination_add";
  return status === "ARCHIVED" ? "account_payout_destination_delete" : "account_payout_destination_update";
}

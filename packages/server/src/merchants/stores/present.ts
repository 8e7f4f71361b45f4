import {
  type Store,
  type StoreListItem,
  type SuspensionReason,
  suspensionReasons,
} from "@tillkeeper/contract/http/stores";
import { type TerminalStatus, terminalStatuses } from "@tillkeeper/contract/terminal-status";
import { documentedTime } from "../../platform/timestamps.ts";
import type { StoreRow } from "./queries.ts";

type Suspension = Pick<StoreRow, "status" | "suspended_by_operator" | "suspended_by_destination">;

/** What keeps the store suspended, for answers and records. */
export function suspendedBy(row: Suspension): SuspensionReason[] {
  if (row.status !== "SUSPENDED") return [];
  const holds = { operator: row.suspended_by_operator, payout_destination: row.suspended_by_destination };
  return suspensionReasons.filter((reason) => holds[reason]);
}

export function presentStore(row: StoreRow, terminals: Store["terminals"]): Store {
  return { ...presentFields(row, terminals.length), terminals };
}

export function presentListItem(row: StoreRow, counts: { status: TerminalStatus; count: number }[]): StoreListItem {
  const total = counts.reduce((sum, entry) => sum + entry.count, 0);
  const summary = counts.toSorted((a, b) => terminalStatuses.indexOf(a.status) - terminalStatuses.indexOf(b.status));
  return {
    ...presentFields(row, total),
    terminals_summary: summary.map(({ status, count }) => ({ status, count })),
  };
}

function presentFields(row: StoreRow, liveTerminals: number) {
  const reasons = suspendedBy(row);
  return {
    store_id: row.store_id,
    id: row.id,
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
    status: row.status,
    ...(reasons.length > 0 && { suspended_by: reasons }),
    verified: row.verified,
    number_of_terminals: liveTerminals,
    ...(row.organization && { organization: row.organization }),
    ...(row.store_name !== null && { store_name: row.store_name }),
    ...(row.email !== null && { email: row.email }),
    ...(row.phone_number !== null && { phone_number: row.phone_number }),
    ...(row.address && { address: row.address }),
    ...(row.coordinates && { coordinates: row.coordinates }),
    ...(row.website !== null && { website: row.website }),
    ...(row.payout_destination_id !== null && {
      payout_destination: {
        payout_destination_id: row.payout_destination_id,
        status: row.destination_status ?? "",
        type: row.destination_type ?? "",
        ...(row.merchant_category_code !== null && { merchant_category_code: row.merchant_category_code }),
      },
    }),
  };
}

import type { Terminal, TerminalListItem, TerminalStore } from "@tillkeeper/contract/http/terminals";
import { ApiError } from "../../platform/errors.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import type { DestinationRow, TerminalRow } from "./rows.ts";

/** A terminal as answers show it: the documented fields in the documented order. */
export function presentTerminal(row: TerminalRow): Terminal {
  const reason = row.status === "ERROR" && row.sync_failed ? "SYNC_ERROR" : row.status_reason;
  return {
    terminal_id: row.terminal_id,
    device_serial_number: row.device_serial_number,
    id: row.id,
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    ...(row.deleted_by !== null && { deleted_by: row.deleted_by }),
    ...(row.deleted_at && { deleted_at: documentedTime(row.deleted_at) }),
    ...(row.device_model !== null && { device_model: row.device_model }),
    store_id: row.store_id,
    status: row.status,
    ...(reason !== null && { status_reason: reason }),
  };
}

/** A terminal with its store, as lists show it. */
export function presentWithStore(row: TerminalRow & { destination?: DestinationRow | null }): TerminalListItem {
  return { ...presentTerminal(row), store: presentStore(row, row.destination ?? null) };
}

function presentStore(row: TerminalRow, destination: DestinationRow | null): TerminalStore {
  return {
    id: row.store_ref,
    store_id: row.store_id,
    ...(row.store_name !== null && { store_name: row.store_name }),
    ...(destination && {
      payout_destination: {
        payout_destination_id: destination.payout_destination_id,
        status: destination.case_status,
        type: destination.type,
        ...(destination.merchant_category_code !== null && {
          merchant_category_code: destination.merchant_category_code,
        }),
      },
    }),
  };
}

export function terminalNotFound(): ApiError {
  return new ApiError("terminal_not_found", "There is no such terminal.");
}

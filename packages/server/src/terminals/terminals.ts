import { simulatedSerialPattern } from "@tillkeeper/contract/accounts";
import type { Terminal, TerminalCreate, TerminalList } from "@tillkeeper/contract/http/terminals";
import { recordChange } from "../audit/audit.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { cutPage } from "../platform/http/paging.ts";
import type { Caller } from "../platform/http/route.ts";
import { newId } from "../platform/ids.ts";
import { documentedTime } from "../platform/timestamps.ts";
import { findStore } from "../stores/stores.ts";
import { modelOfSerial } from "./models.ts";
import { findTerminal, listTerminals, nextTerminalNumber, type TerminalRow } from "./queries.ts";

export interface TerminalDeps {
  db: Db;
  clock: Clock;
  /** Told of every new virtual terminal once it is committed, so that it connects at once. */
  virtualTerminalAdded: () => void;
}

/** Registers a terminal (D8-D11). Throws `store` errors as 400, `serial_number_taken`, `simulated_not_allowed`. */
export async function createTerminal(deps: TerminalDeps, caller: Caller, input: TerminalCreate): Promise<Terminal> {
  const simulated = isSimulated(caller.accountId, input.device_serial_number);
  const terminal = await inTenant(deps.db, caller.accountId, async (tx) => {
    const store = await findStore(tx, caller.accountId, input.store_id);
    if (!store || store.status === "DELETED") {
      throw new ApiError("invalid_request", "There is no such store.", {
        errors: [{ path: "/body/store_id", message: "does not exist" }],
      });
    }
    const terminalId = await insertTerminal(tx, deps.clock, caller, { ...input, storeRef: store.id, simulated });
    const created = present((await findTerminal(tx, caller.accountId, terminalId)) as TerminalRow);
    await recordChange(tx, deps.clock, caller, {
      action: "terminal.create",
      subject: { type: "terminal", id: terminalId },
      after: created,
    });
    return created;
  });
  if (simulated) deps.virtualTerminalAdded();
  return terminal;
}

function isSimulated(accountId: string, serial: string): boolean {
  if (!serial.toUpperCase().startsWith("SIMULATED")) return false;
  if (accountId.startsWith("T") && simulatedSerialPattern(accountId).test(serial)) return true;
  throw new ApiError("simulated_not_allowed", "This account may not register that virtual terminal.", {
    errors: [
      {
        path: "/body/device_serial_number",
        message: "must be SIMULATED-{account id}-{3 digits}, on a sandbox account",
      },
    ],
  });
}

async function insertTerminal(
  tx: Tx,
  clock: Clock,
  caller: Caller,
  input: TerminalCreate & { storeRef: string; simulated: boolean },
): Promise<string> {
  const now = clock.now();
  const number = await nextTerminalNumber(tx, caller.accountId);
  const terminalId = `${caller.accountId}-T${String(number).padStart(4, "0")}`;
  const inserted = await tx
    .insertInto("terminals")
    .values({
      account_id: caller.accountId,
      terminal_id: terminalId,
      number,
      id: newId(now),
      store_ref: input.storeRef,
      device_serial_number: input.device_serial_number,
      device_model: input.device_model ?? modelOfSerial(input.device_serial_number),
      simulated: input.simulated,
      // D10, D11: a virtual terminal needs neither pairing nor configuration.
      status: input.simulated ? "ACTIVE" : "PENDING",
      status_reason: null,
      created_at: now,
      created_by: caller.clientId,
      updated_at: now,
      deleted_at: null,
      deleted_by: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("terminal_id")
    .executeTakeFirst();
  if (!inserted) {
    // Says nothing of whose it is (D9, D21). The number taken above is given back with the transaction.
    throw new ApiError("serial_number_taken", "A terminal with this serial number is registered already.", {
      errors: [{ path: "/body/device_serial_number", message: "is taken" }],
    });
  }
  return terminalId;
}

/** Throws `terminal_not_found`, also for terminals of other accounts. */
export async function getTerminal(deps: TerminalDeps, accountId: string, terminalId: string): Promise<Terminal> {
  const row = await inTenant(deps.db, accountId, (tx) => findTerminal(tx, accountId, terminalId));
  if (!row) throw terminalNotFound();
  return present(row);
}

export function terminalNotFound(): ApiError {
  return new ApiError("terminal_not_found", "There is no such terminal.");
}

export async function getTerminals(
  deps: TerminalDeps,
  accountId: string,
  query: { limit: number; starting_after?: string; include_deleted?: boolean },
): Promise<TerminalList> {
  const cursor = query.starting_after === undefined ? undefined : terminalNumber(query.starting_after, accountId);
  const page = { below: cursor, limit: query.limit + 1, includeDeleted: query.include_deleted ?? false };
  const rows = await inTenant(deps.db, accountId, (tx) => listTerminals(tx, accountId, page));
  const { page: terminals, last } = cutPage(rows, query.limit);
  return { terminals: terminals.map(present), ...(last && { starting_after: last.terminal_id }) };
}

/** The cursor is the id of the last terminal on the page before. */
function terminalNumber(cursor: string, accountId: string): number {
  const digits = cursor.startsWith(`${accountId}-T`) ? cursor.slice(accountId.length + 2) : "";
  if (/^\d{4,9}$/.test(digits)) return Number(digits);
  throw new ApiError("invalid_request", "The request is not valid; see `errors`.", {
    errors: [{ path: "/query/starting_after", message: "is not a value that a page of this list gave" }],
  });
}

function present(row: TerminalRow): Terminal {
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
    ...(row.status_reason !== null && { status_reason: row.status_reason }),
  };
}

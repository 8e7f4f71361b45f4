import type { Terminal, TerminalUpdate } from "@tillkeeper/contract/http/terminals";
import { recordChange } from "../../access/audit/audit.ts";
import type { Db, Tx } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { type Caller, requireExpected } from "../../platform/http/route.ts";
import { tellTerminal } from "./events.ts";
import { moveTerminals } from "./life-cycle.ts";
import { lockStore, noSuchStore, requireActive } from "./lock-store.ts";
import { presentTerminal, terminalNotFound } from "./present.ts";
import { findTerminal, lockTerminal, type TerminalRow } from "./rows.ts";

interface UpdateDeps {
  db: Db;
  clock: Clock;
}

/**
 * Moves a terminal to another store, or changes its model (D12); identity and history stay. An update without a change
 * leaves no audit entry. Throws `terminal_not_found`, also for deleted terminals, `store_suspended`, and
 * `invalid_request` for an unknown store.
 */
export function updateTerminal(
  { db, clock }: UpdateDeps,
  caller: Caller,
  terminalId: string,
  input: TerminalUpdate,
): Promise<Terminal> {
  const { accountId } = caller;
  return retried(() =>
    inTenant(db, accountId, async (tx) => {
      const store = input.store_id === undefined ? undefined : await lockStore(tx, accountId, input.store_id);
      const row = await lockTerminal(tx, accountId, terminalId);
      if (!row || row.status === "DELETED") throw terminalNotFound();
      const before = presentTerminal(row);
      requireExpected(caller, before);
      if (input.store_id !== undefined && !store) throw noSuchStore();
      const moves = store !== undefined && store.id !== row.store_ref;
      const model = input.device_model ?? row.device_model;
      if (!moves && model === row.device_model) return before;
      if (moves) requireActive(store);
      await changeRow(tx, clock, row, { store_ref: store?.id ?? row.store_ref, device_model: model });
      if (moves) await moveTerminals(tx, clock, "store_resumed", { accountId, terminalId, told: "by the caller" });
      const after = presentTerminal((await findTerminal(tx, accountId, terminalId)) as TerminalRow);
      const subject = { type: "terminal", id: terminalId };
      await recordChange(tx, clock, caller, { action: "terminal.update", subject, before, after });
      await tellTerminal(tx, caller, { cause: "terminal.update", terminalId, at: clock.now() });
      return after;
    }),
  );
}

async function changeRow(
  tx: Tx,
  clock: Clock,
  row: TerminalRow,
  { store_ref, device_model }: Pick<TerminalRow, "store_ref" | "device_model">,
): Promise<void> {
  await tx
    .updateTable("terminals")
    .set({ store_ref, device_model, updated_at: clock.now() })
    .where("account_id", "=", row.account_id)
    .where("terminal_id", "=", row.terminal_id)
    .execute();
}

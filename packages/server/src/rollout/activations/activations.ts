import type { Activation, ActivationList } from "@tillkeeper/contract/http/activations";
import { recordChange } from "../../access/audit/audit.ts";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { cutPage } from "../../platform/http/paging.ts";
import type { Caller } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { terminalNotFound } from "../../terminals/record/present.ts";
import { lockTerminal } from "../../terminals/record/rows.ts";
import { type ActivationRow, findLiveTerminal, findRunning, insertActivation, listActivations } from "./queries.ts";

export interface ActivationDeps {
  db: Db;
  clock: Clock;
}

/** Starts an activation (D11). Throws `terminal_not_found`, and `activation_running` while another activation runs. */
export function startActivation(
  { db, clock }: ActivationDeps,
  caller: Caller,
  terminalId: string,
): Promise<Activation> {
  const { accountId } = caller;
  return inTenant(db, accountId, async (tx) => {
    const activation = await beginActivation(tx, clock, caller, terminalId);
    if (!activation) throw await alreadyRunning(tx, accountId, terminalId, clock.now());
    return activation;
  });
}

/**
 * As `startActivation`, in the caller's transaction; undefined while another activation runs. Throws `terminal_not_found`.
 */
export async function beginActivation(
  tx: Tx,
  clock: Clock,
  caller: Caller,
  terminalId: string,
): Promise<Activation | undefined> {
  const { accountId, clientId } = caller;
  const terminal = await lockTerminal(tx, accountId, terminalId);
  if (!terminal || terminal.status === "DELETED") throw terminalNotFound();
  const now = clock.now();
  const row = await insertActivation(tx, {
    account_id: accountId,
    id: newId(now),
    terminal_id: terminalId,
    store_id: terminal.store_id,
    status: "RUNNING",
    attempt: 0,
    look_at: now,
    ask_at: now,
    created_at: now,
    created_by: clientId,
    updated_at: now,
    updated_by: clientId,
  });
  if (!row) return undefined;
  const activation = presentActivation(row);
  await recordChange(tx, clock, caller, {
    action: "activation.create",
    subject: { type: "activation", id: row.id },
    after: activation,
  });
  return activation;
}

/** An activation can be over after its next question, so `Retry-After` is the time until that. */
async function alreadyRunning(tx: Tx, accountId: string, terminalId: string, now: Date): Promise<ApiError> {
  const row = await findRunning(tx, accountId, terminalId);
  return new ApiError("activation_running", "The terminal is being activated already.", {
    errors: [
      {
        path: "/path/terminal_id",
        message: "has a running activation",
        ...(row && { running: { id: row.id, created_by: row.created_by, attempt: row.attempt } }),
      },
    ],
    retryAfterSeconds: row && (row.ask_at.getTime() - now.getTime()) / 1000,
  });
}

/**
 * A page of activations, newest first. `next` is the `starting_after` of the following page, absent on the last. Throws
 * `terminal_not_found`.
 */
export function getActivations(
  { db }: ActivationDeps,
  accountId: string,
  { terminalId, startingAfter, limit }: { terminalId: string; startingAfter: string | undefined; limit: number },
): Promise<{ activations: ActivationList; next?: string }> {
  return inTenant(db, accountId, async (tx) => {
    if (!(await findLiveTerminal(tx, accountId, terminalId))) throw terminalNotFound();
    const rows = await listActivations(tx, accountId, { terminalId, below: startingAfter, limit: limit + 1 });
    const { page, last } = cutPage(rows, limit);
    return { activations: page.map(presentActivation), ...(last && { next: last.id }) };
  });
}

/** The activation as answers and the audit log show it. */
export function presentActivation(row: ActivationRow): Activation {
  return {
    id: row.id,
    terminal_id: row.terminal_id,
    store_id: row.store_id,
    status: row.status,
    attempt: row.attempt,
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
    account_id: row.account_id,
  };
}

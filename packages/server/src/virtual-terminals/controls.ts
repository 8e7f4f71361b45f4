import { randomUUID } from "node:crypto";
import type { TerminalControls } from "@tillkeeper/contract/http/sandbox-terminals";
import type { EndOfDayResult } from "@tillkeeper/contract/operations";
import type { PutInTrade, TimedControls } from "@tillkeeper/contract/simulated-work";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Db } from "../db/db.ts";
import type { Tables } from "../db/tables/schema.ts";
import type { RealClock } from "../platform/clock.ts";
import type { TerminalKey } from "../terminals/terminal-keys.ts";

type ControlRow = Selectable<Tables["virtual_terminal_controls"]>;
export type ActionRow = Selectable<Tables["virtual_terminal_actions"]>;

/** The controls as they were set last, and whether the terminal was told; undefined: they were never set. */
export async function findControls(
  db: Kysely<Tables>,
  { accountId, terminalId }: TerminalKey,
): Promise<ControlRow | undefined> {
  return await db
    .selectFrom("virtual_terminal_controls")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst();
}

/** The controls for a terminal that starts. */
export async function controlsOf(db: Kysely<Tables>, terminal: TerminalKey): Promise<TimedControls> {
  const row = await findControls(db, terminal);
  return row ? timed(row) : { controls: {} };
}

export async function setControls(
  db: Kysely<Tables>,
  { accountId, terminalId }: TerminalKey,
  { controls, until }: { controls: TerminalControls; until: Date | null },
): Promise<void> {
  const set = { controls: JSON.stringify(controls), until };
  await db
    .insertInto("virtual_terminal_controls")
    .values({ account_id: accountId, terminal_id: terminalId, ...set })
    .onConflict((conflict) =>
      conflict
        .columns(["account_id", "terminal_id"])
        .doUpdateSet({ ...set, version: sql`virtual_terminal_controls.version + 1` }),
    )
    .execute();
}

/** Stores a control that a terminal has to do once; answers the control's id. */
export async function addAction(
  db: Kysely<Tables>,
  { accountId, terminalId }: TerminalKey,
  action: { kind: ActionRow["kind"]; amount?: number; tip?: number },
): Promise<string> {
  const id = randomUUID();
  const { kind, amount = 0, tip = 0 } = action;
  await db
    .insertInto("virtual_terminal_actions")
    .values({ account_id: accountId, terminal_id: terminalId, id, kind, amount, tip })
    .execute();
  return id;
}

export async function findAction(db: Kysely<Tables>, accountId: string, id: string): Promise<ActionRow> {
  return await db
    .selectFrom("virtual_terminal_actions")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
}

/** The trade that was put into a terminal's batches from an instant on; without it, all. */
export async function tradeSince(
  db: Kysely<Tables>,
  { accountId, terminalId }: TerminalKey,
  since: string | undefined,
): Promise<PutInTrade[]> {
  const all = db
    .selectFrom("virtual_terminal_actions")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("happened_at", "is not", null);
  const rows = await (since === undefined ? all : all.where("happened_at", ">=", new Date(since))).execute();
  return rows.flatMap(({ id, kind, amount, tip, happened_at: at }) =>
    kind === "close" || at === null ? [] : [{ id, kind, amount: Number(amount), tip: Number(tip), atMs: at.getTime() }],
  );
}

export interface HolderDeps {
  db: Db;
  clock: RealClock;
  serverId: string;
}

/** The rows of a table whose terminals this server runs. */
const heldBy = ({ clock, serverId }: HolderDeps) => sql<boolean>`exists (
  select from virtual_terminal_leases as lease
  where lease.account_id = of.account_id and lease.terminal_id = of.terminal_id
    and lease.server_id = ${serverId} and lease.leased_until > ${clock.realNow()})`;

/** Controls of terminals of this server that it was not told yet. */
export async function waitingControls(deps: HolderDeps): Promise<(ControlRow & { timed: TimedControls })[]> {
  const rows = await deps.db.sql
    .selectFrom("virtual_terminal_controls as of")
    .selectAll()
    .whereRef("version", ">", "in_force_version")
    .where(heldBy(deps))
    .execute();
  return rows.map((row) => ({ ...row, timed: timed(row) }));
}

/** Actions of terminals of this server that are not over, in the order in which they were asked for. */
export async function waitingActions(deps: HolderDeps): Promise<ActionRow[]> {
  return await deps.db.sql
    .selectFrom("virtual_terminal_actions as of")
    .selectAll()
    .where("done", "=", false)
    .where(heldBy(deps))
    .orderBy("number")
    .limit(1_000)
    .execute();
}

export async function noteInForce({ db }: HolderDeps, { account_id, terminal_id, version }: ControlRow): Promise<void> {
  await db.sql
    .updateTable("virtual_terminal_controls")
    .set({ in_force_version: version })
    .where("account_id", "=", account_id)
    .where("terminal_id", "=", terminal_id)
    .where("in_force_version", "<", version)
    .execute();
}

/** Notes when an action happens; trade is over with that. Answers false when the terminal has left this server. */
export async function noteHappened(deps: HolderDeps, action: ActionRow, atMs: number): Promise<boolean> {
  const { numUpdatedRows } = await deps.db.sql
    .updateTable("virtual_terminal_actions as of")
    .set({ happened_at: new Date(atMs), done: action.kind !== "close" })
    .where("account_id", "=", action.account_id)
    .where("id", "=", action.id)
    .where(heldBy(deps))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Ends a close; without a result, nothing was closed. */
export async function endClose({ db }: HolderDeps, action: ActionRow, result: EndOfDayResult | undefined) {
  await db.sql
    .updateTable("virtual_terminal_actions")
    .set({ done: true, result: result === undefined ? null : JSON.stringify(result) })
    .where("account_id", "=", action.account_id)
    .where("id", "=", action.id)
    .execute();
}

function timed({ controls, until }: ControlRow): TimedControls {
  return { controls, untilMs: until?.getTime() };
}

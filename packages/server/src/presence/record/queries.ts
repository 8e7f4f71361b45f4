import type { OpenBatch, TelemetryField } from "@tillkeeper/contract/telemetry";
import { type Kysely, type Selectable, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Tables } from "../../db/tables/schema.ts";
import { type TerminalKey, terminalKeys } from "../../terminals/terminal-keys.ts";
import type { PresenceState } from "../status/state.ts";
import { mostAheadMs } from "../status/status.ts";

export type PresenceRow = Selectable<Tables["terminal_presence"]>;

/** The ids of the terminals that have a presence row. */
export async function findKnownTerminals(db: Kysely<Tables>, origins: TerminalKey[]): Promise<Set<string>> {
  const { rows } = await sql<{ terminal_id: string }>`
    select presence.terminal_id from terminal_presence as presence
    join ${terminalKeys.of(origins, "key")} on key.account_id = presence.account_id and key.terminal_id = presence.terminal_id`.execute(
    db,
  );
  return new Set(rows.map((row) => row.terminal_id));
}

/** Reads and locks presence rows until the end of the transaction. Skips rows locked by another transaction. */
export async function lockFreePresence(db: Kysely<Tables>, origins: TerminalKey[]): Promise<PresenceRow[]> {
  const { rows } = await sql<PresenceRow>`
    select presence.* from terminal_presence as presence
    join ${terminalKeys.of(origins, "key")} on key.account_id = presence.account_id and key.terminal_id = presence.terminal_id
    for no key update of presence skip locked`.execute(db);
  return rows;
}

/**
 * The terminals whose messages count, with their present addresses. A deleted terminal counts until its last operation
 * ends.
 */
export async function findLiveAddresses(db: Kysely<Tables>, origins: TerminalKey[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ terminal_id: string; address: string }>`
    select credential.terminal_id, credential.address from terminal_credentials as credential
    join ${terminalKeys.of(origins, "key")} on key.account_id = credential.account_id and key.terminal_id = credential.terminal_id`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.terminal_id, row.address]));
}

/**
 * Locks the credentials against replacement until the end of the transaction, and answers the terminals whose lock was
 * free. To be called before `lockFreePresence`, which is the order of a replacement.
 */
export async function lockFreeCredentials(db: Kysely<Tables>, origins: TerminalKey[]): Promise<Set<string>> {
  const { rows } = await sql<{ terminal_id: string }>`
    select credential.terminal_id from terminal_credentials as credential
    join ${terminalKeys.of(origins, "key")} on key.account_id = credential.account_id and key.terminal_id = credential.terminal_id
    for share of credential skip locked`.execute(db);
  return new Set(rows.map((row) => row.terminal_id));
}

const saved = batchTable<TerminalKey & { state: PresenceState }>({
  account_id: ["text", (row) => row.accountId],
  terminal_id: ["text", (row) => row.terminalId],
  session: ["text", ({ state }) => state.session],
  status: ["text", ({ state }) => state.status],
  since: ["timestamptz", ({ state }) => state.since],
  connected_at: ["timestamptz", ({ state }) => state.connected_at],
  last_heard_at: ["timestamptz", ({ state }) => state.last_heard_at],
  next_expected_at: ["timestamptz", ({ state }) => state.next_expected_at],
  lost_at: ["timestamptz", ({ state }) => state.lost_at],
  shut_down_at: ["timestamptz", ({ state }) => state.shut_down_at],
  round_trip_ms: ["integer", ({ state }) => state.round_trip_ms],
  fault_code: ["text", ({ state }) => state.fault_code],
  fault_message: ["text", ({ state }) => state.fault_message],
  fault_at: ["timestamptz", ({ state }) => state.fault_at],
  fault_ended_at: ["timestamptz", ({ state }) => state.fault_ended_at],
  other_session: ["text", ({ state }) => state.other_session],
  returns: ["integer", ({ state }) => state.returns],
  returned_at: ["timestamptz", ({ state }) => state.returned_at],
});

export async function savePresence(
  db: Kysely<Tables>,
  rows: (TerminalKey & { state: PresenceState })[],
): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    insert into terminal_presence (${sql.raw(saved.columns)})
    select * from ${saved.of(rows, "saved")}
    on conflict (account_id, terminal_id) do update set
      session = excluded.session, status = excluded.status, since = excluded.since,
      connected_at = excluded.connected_at, last_heard_at = excluded.last_heard_at,
      next_expected_at = excluded.next_expected_at, lost_at = excluded.lost_at, shut_down_at = excluded.shut_down_at,
      round_trip_ms = excluded.round_trip_ms, fault_code = excluded.fault_code, fault_message = excluded.fault_message,
      fault_at = excluded.fault_at, fault_ended_at = excluded.fault_ended_at, other_session = excluded.other_session,
      returns = excluded.returns, returned_at = excluded.returned_at`.execute(db);
}

/** Extends `next_expected_at` of terminals whose server closes: they have as long to reconnect as after a heartbeat. */
export async function extendDeadlines(
  db: Kysely<Tables>,
  origins: TerminalKey[],
  { now, nextExpectedAt }: { now: Date; nextExpectedAt: Date },
): Promise<void> {
  const horizon = new Date(now.getTime() + mostAheadMs);
  await sql`
    update terminal_presence as presence set
      last_heard_at = case when presence.last_heard_at > ${horizon} then ${now}::timestamptz else presence.last_heard_at end,
      next_expected_at = greatest(
        case when presence.last_heard_at <= ${horizon} then presence.next_expected_at end, ${nextExpectedAt}::timestamptz
      )
    from ${terminalKeys.of(origins, "key")}
    where key.account_id = presence.account_id and key.terminal_id = presence.terminal_id
      and presence.next_expected_at is not null`.execute(db);
}

export function findPresence(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<PresenceRow | undefined> {
  return db
    .selectFrom("terminal_presence")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst();
}

/** Ends the fault of a terminal: the device that reported it has been replaced. */
export async function endFault(db: Kysely<Tables>, { accountId, terminalId }: TerminalKey, at: Date): Promise<void> {
  await db
    .updateTable("terminal_presence")
    .set({ fault_ended_at: at })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("fault_at", "is not", null)
    .where("fault_ended_at", "is", null)
    .execute();
}

/** The open batch of a terminal's device, with the time at which the server heard of it. */
export interface ToldOpenBatch {
  address: string;
  openBatch: OpenBatch;
  at: Date;
}

/** Removes the open batch from the terminal's telemetry, and answers it. */
export async function removeOpenBatch(
  db: Kysely<Tables>,
  { accountId, terminalId }: TerminalKey,
): Promise<ToldOpenBatch | undefined> {
  const row = await db
    .deleteFrom("terminal_telemetry")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("field", "=", "open_batch")
    .returning(["address", "value", "at"])
    .executeTakeFirst();
  return row && row.address !== null
    ? { address: row.address, openBatch: row.value as OpenBatch, at: row.at }
    : undefined;
}

/**
 * Prepares for another device: forgets the named fields, and keeps the others until the new device reports its own, with the
 * time from which reports count.
 */
export async function noteDeviceChange(
  db: Kysely<Tables>,
  { accountId, terminalId }: TerminalKey,
  at: Date,
  forgotten: readonly TelemetryField[],
): Promise<void> {
  await db
    .deleteFrom("terminal_telemetry")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("field", "in", forgotten)
    .execute();
  await db
    .updateTable("terminal_telemetry")
    .set({ device_changed_at: at })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .execute();
}

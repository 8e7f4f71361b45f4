import type { TelemetryField } from "@tillkeeper/contract/telemetry";
import { type Kysely, type RawBuilder, type Selectable, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { PresenceState } from "../status/state.ts";
import { mostAheadMs } from "../status/status.ts";

export interface Origin {
  accountId: string;
  terminalId: string;
}

export type PresenceRow = Selectable<Tables["terminal_presence"]>;

/** The ids of the terminals that have a presence row. */
export async function knownAmong(db: Kysely<Tables>, origins: Origin[]): Promise<Set<string>> {
  const { rows } = await sql<{ terminal_id: string }>`
    select presence.terminal_id from terminal_presence as presence
    join ${keysOf(origins)} on key.account_id = presence.account_id and key.terminal_id = presence.terminal_id`.execute(
    db,
  );
  return new Set(rows.map((row) => row.terminal_id));
}

/** Reads and locks presence rows until the end of the transaction. Skips rows locked by another transaction. */
export async function lockFreePresence(db: Kysely<Tables>, origins: Origin[]): Promise<PresenceRow[]> {
  const { rows } = await sql<PresenceRow>`
    select presence.* from terminal_presence as presence
    join ${keysOf(origins)} on key.account_id = presence.account_id and key.terminal_id = presence.terminal_id
    for no key update of presence skip locked`.execute(db);
  return rows;
}

/**
 * The terminals whose messages count, with their present addresses. A deleted terminal counts until its last operation
 * ends.
 */
export async function liveAmong(db: Kysely<Tables>, origins: Origin[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ terminal_id: string; address: string }>`
    select credential.terminal_id, credential.address from terminal_credentials as credential
    join ${keysOf(origins)} on key.account_id = credential.account_id and key.terminal_id = credential.terminal_id`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.terminal_id, row.address]));
}

/**
 * Locks the credentials against replacement until the end of the transaction, and answers the terminals whose lock was
 * free. To be called before `lockFreePresence`, which is the order of a replacement.
 */
export async function keepFreeCredentials(db: Kysely<Tables>, origins: Origin[]): Promise<Set<string>> {
  const { rows } = await sql<{ terminal_id: string }>`
    select credential.terminal_id from terminal_credentials as credential
    join ${keysOf(origins)} on key.account_id = credential.account_id and key.terminal_id = credential.terminal_id
    for share of credential skip locked`.execute(db);
  return new Set(rows.map((row) => row.terminal_id));
}

function keysOf(origins: Origin[]): RawBuilder<unknown> {
  const accounts = origins.map(({ accountId }) => accountId);
  const terminals = origins.map(({ terminalId }) => terminalId);
  return sql`unnest(${accounts}::text[], ${terminals}::text[]) as key (account_id, terminal_id)`;
}

/** Inserts or updates presence rows. The values are arrays, so the statement's text does not depend on their number. */
export async function savePresence(db: Kysely<Tables>, rows: (Origin & { state: PresenceState })[]): Promise<void> {
  if (rows.length === 0) return;
  const all = <T>(read: (state: PresenceState) => T) => rows.map(({ state }) => read(state));
  await sql`
    insert into terminal_presence (
      account_id, terminal_id, session, status, since, connected_at, last_heard_at, next_expected_at,
      lost_at, shut_down_at, round_trip_ms, fault_code, fault_message, fault_at, fault_ended_at,
      other_session, returns, returned_at
    )
    select * from unnest(
      ${rows.map((row) => row.accountId)}::text[], ${rows.map((row) => row.terminalId)}::text[],
      ${all((state) => state.session)}::text[], ${all((state) => state.status)}::text[],
      ${all((state) => state.since)}::timestamptz[], ${all((state) => state.connected_at)}::timestamptz[],
      ${all((state) => state.last_heard_at)}::timestamptz[], ${all((state) => state.next_expected_at)}::timestamptz[],
      ${all((state) => state.lost_at)}::timestamptz[], ${all((state) => state.shut_down_at)}::timestamptz[],
      ${all((state) => state.round_trip_ms)}::integer[], ${all((state) => state.fault_code)}::text[],
      ${all((state) => state.fault_message)}::text[], ${all((state) => state.fault_at)}::timestamptz[],
      ${all((state) => state.fault_ended_at)}::timestamptz[], ${all((state) => state.other_session)}::text[],
      ${all((state) => state.returns)}::integer[], ${all((state) => state.returned_at)}::timestamptz[]
    )
    on conflict (account_id, terminal_id) do update set
      session = excluded.session, status = excluded.status, since = excluded.since,
      connected_at = excluded.connected_at, last_heard_at = excluded.last_heard_at,
      next_expected_at = excluded.next_expected_at, lost_at = excluded.lost_at, shut_down_at = excluded.shut_down_at,
      round_trip_ms = excluded.round_trip_ms, fault_code = excluded.fault_code, fault_message = excluded.fault_message,
      fault_at = excluded.fault_at, fault_ended_at = excluded.fault_ended_at, other_session = excluded.other_session,
      returns = excluded.returns, returned_at = excluded.returned_at`.execute(db);
}

/** Extends `next_expected_at` of terminals whose server closes: they have as long to reconnect as after a heartbeat. */
export async function expectLater(
  db: Kysely<Tables>,
  origins: Origin[],
  { now, nextExpectedAt }: { now: Date; nextExpectedAt: Date },
): Promise<void> {
  const horizon = new Date(now.getTime() + mostAheadMs);
  await sql`
    update terminal_presence as presence set
      last_heard_at = case when presence.last_heard_at > ${horizon} then ${now}::timestamptz else presence.last_heard_at end,
      next_expected_at = greatest(
        case when presence.last_heard_at <= ${horizon} then presence.next_expected_at end, ${nextExpectedAt}::timestamptz
      )
    from ${keysOf(origins)}
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
export async function endFault(db: Kysely<Tables>, { accountId, terminalId }: Origin, at: Date): Promise<void> {
  await db
    .updateTable("terminal_presence")
    .set({ fault_ended_at: at })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("fault_at", "is not", null)
    .where("fault_ended_at", "is", null)
    .execute();
}

/**
 * Prepares for another device: forgets the named fields, and keeps the others until the new device reports its own, with the
 * time from which reports count.
 */
export async function awaitOtherTelemetry(
  db: Kysely<Tables>,
  { accountId, terminalId }: Origin,
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

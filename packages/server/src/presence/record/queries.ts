import { type Kysely, type RawBuilder, type Selectable, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { PresenceState } from "../status/events.ts";
import { mostAheadMs } from "../status/status.ts";

export interface Origin {
  accountId: string;
  terminalId: string;
}

export type PresenceRow = Selectable<Tables["terminal_presence"]>;

/** Those of them of which something is known. */
export async function knownAmong(db: Kysely<Tables>, origins: Origin[]): Promise<Set<string>> {
  const { rows } = await sql<{ terminal_id: string }>`
    select presence.terminal_id from terminal_presence as presence
    join ${keysOf(origins)} on key.account_id = presence.account_id and key.terminal_id = presence.terminal_id`.execute(
    db,
  );
  return new Set(rows.map((row) => row.terminal_id));
}

/** What is known of those terminals that nobody else keeps. Keeps it as it is until the transaction ends. */
export async function lockFreePresence(db: Kysely<Tables>, origins: Origin[]): Promise<PresenceRow[]> {
  const { rows } = await sql<PresenceRow>`
    select presence.* from terminal_presence as presence
    join ${keysOf(origins)} on key.account_id = presence.account_id and key.terminal_id = presence.terminal_id
    for no key update of presence skip locked`.execute(db);
  return rows;
}

/**
 * Those of them that may say something, with the address that they have: a deleted one only until its last operation is over.
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
 * Nobody replaces their credentials until the transaction ends; answers those of which nobody is just doing so. To be taken
 * before `lockFreePresence`, as a replacement does.
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

/** Arrays, not a row of parameters for each: the text stays the same however many there are. */
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

/** Terminals whose servers go away and that have to come back to others: they get as long as after a heartbeat. */
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

/** The device that told of a fault is the terminal's no longer. */
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

/** Other hardware has taken the terminal's place: what was told stays, and is told anew when that one tells it. */
export async function awaitOtherTelemetry(
  db: Kysely<Tables>,
  { accountId, terminalId }: Origin,
  at: Date,
): Promise<void> {
  await db
    .updateTable("terminal_telemetry")
    .set({ device_changed_at: at })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .execute();
}

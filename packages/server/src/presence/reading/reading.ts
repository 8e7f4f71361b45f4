import type {
  PresenceChangeList,
  PresenceCounts,
  StorePresence,
  StorePresenceList,
  StorePresenceSummary,
  TelemetryHistory,
  TerminalPresence,
  TerminalTelemetry,
} from "@tillkeeper/contract/http/presence";
import { presenceBySeverity } from "@tillkeeper/contract/presence";
import type { TelemetryHistoryField } from "@tillkeeper/contract/telemetry";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { storeNotFound } from "../../merchants/stores/changes.ts";
import type { RealClock } from "../../platform/clock.ts";
import { cutPage, numberAfter } from "../../platform/http/paging.ts";
import { endOfNamed, preciseTime } from "../../platform/timestamps.ts";
import { devicesOverTime } from "../../terminals/record/device-over-time.ts";
import { terminalNotFound } from "../../terminals/record/present.ts";
import { statusAt, withoutFutureTimes } from "../status/status.ts";
import { listeningSince } from "../watch/watch.ts";
import {
  findStore,
  findTerminal,
  latestTelemetry,
  listChanges,
  listStores,
  listTelemetryHistory,
  type StoreRow,
  type TerminalPresenceRow,
  terminalsOfStores,
} from "./queries.ts";

export interface ReadingDeps {
  db: Db;
  clock: RealClock;
}

/** The time of an answer, for which all its terminals are shown, and since when servers have been listening. */
interface Moment {
  now: Date;
  since: Date;
}

function read<T>(
  { db, clock }: ReadingDeps,
  accountId: string,
  work: (tx: Tx, moment: Moment) => Promise<T>,
): Promise<T> {
  return inTenant(db, accountId, async (tx) => {
    const now = clock.realNow();
    return work(tx, { now, since: await listeningSince(tx, now) });
  });
}

/** Throws `terminal_not_found`, also for terminals of other accounts. Deleted terminals are answered. */
export function getPresence(deps: ReadingDeps, accountId: string, terminalId: string): Promise<TerminalPresence> {
  return read(deps, accountId, async (tx, moment) => present(await existing(tx, accountId, terminalId), moment));
}

/** Like `getPresence`, but throws `terminal_not_found` for deleted terminals too. */
export function getLivePresence(deps: ReadingDeps, accountId: string, terminalId: string): Promise<TerminalPresence> {
  return read(deps, accountId, async (tx, moment) => {
    const terminal = await existing(tx, accountId, terminalId);
    if (terminal.deleted) throw terminalNotFound();
    return present(terminal, moment);
  });
}

async function existing(tx: Tx, accountId: string, terminalId: string): Promise<TerminalPresenceRow> {
  const terminal = await findTerminal(tx, accountId, terminalId);
  if (!terminal) throw terminalNotFound();
  return terminal;
}

export interface HistoryQuery {
  "at.gte"?: string;
  "at.lte"?: string;
  starting_after?: string;
  limit: number;
  field?: TelemetryHistoryField;
}

function pageOf(terminalId: string, query: HistoryQuery) {
  const { "at.gte": from, "at.lte": to, starting_after: below, limit, field } = query;
  return {
    terminalId,
    from: from === undefined ? undefined : new Date(from),
    before: to === undefined ? undefined : endOfNamed(to),
    below,
    limit: limit + 1,
    field,
  };
}

/** A page of a terminal's presence changes, newest first. Throws `terminal_not_found`. */
export function getChanges(
  { db }: ReadingDeps,
  accountId: string,
  terminalId: string,
  query: HistoryQuery,
): Promise<PresenceChangeList> {
  return inTenant(db, accountId, async (tx) => {
    await existing(tx, accountId, terminalId);
    const rows = await listChanges(tx, accountId, pageOf(terminalId, query));
    const { page, last } = cutPage(rows, query.limit);
    const changes = page.map(({ id, at, status, reason }) => ({ id, at: preciseTime(at), status, reason }));
    return { changes, ...(last && { starting_after: last.id }) };
  });
}

/**
 * The latest value of each field that the terminal has ever reported, however old, with the serial number of the device
 * then. Throws `terminal_not_found`.
 */
export function getTelemetry({ db }: ReadingDeps, accountId: string, terminalId: string): Promise<TerminalTelemetry> {
  return inTenant(db, accountId, async (tx) => {
    await existing(tx, accountId, terminalId);
    const telemetryOf = await readTelemetry(tx, accountId, [terminalId]);
    return { terminal_id: terminalId, telemetry: telemetryOf(terminalId) };
  });
}

async function readTelemetry(
  tx: Tx,
  accountId: string,
  terminalIds: string[],
): Promise<(terminalId: string) => TerminalTelemetry["telemetry"]> {
  const rows = await latestTelemetry(tx, accountId, terminalIds);
  const serialOf = await devicesOverTime(tx, accountId, rows);
  const byTerminal = Map.groupBy(rows, (row) => row.terminal_id);
  return (terminalId) =>
    Object.fromEntries(
      (byTerminal.get(terminalId) ?? []).map((row) => [
        row.field,
        {
          value: row.value,
          since: preciseTime(row.since),
          at: preciseTime(row.at),
          device_serial_number: serialOf(row),
        },
      ]),
    );
}

export function getTelemetryHistory(
  { db }: ReadingDeps,
  accountId: string,
  terminalId: string,
  query: HistoryQuery,
): Promise<TelemetryHistory> {
  return inTenant(db, accountId, async (tx) => {
    await existing(tx, accountId, terminalId);
    const rows = await listTelemetryHistory(tx, accountId, pageOf(terminalId, query));
    const { page, last } = cutPage(rows, query.limit);
    const serialOf = await devicesOverTime(tx, accountId, page);
    const changes = page.map((row) => ({
      id: row.id,
      field: row.field,
      value: row.value,
      at: preciseTime(row.at),
      device_serial_number: serialOf(row),
    }));
    return { changes, ...(last && { starting_after: last.id }) };
  });
}

/** A store with its terminals, and the telemetry of each where it is asked for. Throws `store_not_found`. */
export function getStorePresence(
  deps: ReadingDeps,
  accountId: string,
  { storeId, includes = [] }: { storeId: string; includes: readonly "telemetry"[] | undefined },
): Promise<StorePresence> {
  return read(deps, accountId, async (tx, moment) => {
    const store = await findStore(tx, accountId, storeId);
    if (!store) throw storeNotFound();
    const rows = await terminalsOfStores(tx, accountId, [store.id]);
    const terminals = rows.map((row) => present(row, moment));
    const shown = summary(store, terminals);
    if (!includes.includes("telemetry")) return { ...shown, terminals };
    const ids = terminals.map(({ terminal_id: id }) => id);
    const telemetryOf = await readTelemetry(tx, accountId, ids);
    return { ...shown, terminals: terminals.map((one) => ({ ...one, telemetry: telemetryOf(one.terminal_id) })) };
  });
}

/**
 * A page of stores, newest first, each with its number of terminals per status. Throws `invalid_request` for a wrong
 * cursor.
 */
export function getStoresPresence(
  deps: ReadingDeps,
  accountId: string,
  { limit, starting_after }: { limit: number; starting_after?: string },
): Promise<StorePresenceList> {
  const below = numberAfter(`${accountId}-`, starting_after);
  return read(deps, accountId, async (tx, moment) => {
    const rows = await listStores(tx, accountId, { below, limit: limit + 1 });
    const { page, last } = cutPage(rows, limit);
    const terminals = await terminalsOfStores(
      tx,
      accountId,
      page.map(({ id }) => id),
    );
    const byStore = Map.groupBy(terminals, (row) => row.store_ref);
    const stores = page.map((store) =>
      summary(
        store,
        (byStore.get(store.id) ?? []).map((row) => present(row, moment)),
      ),
    );
    return { stores, ...(last && { starting_after: last.id }) };
  });
}

function summary({ id, store_id }: StoreRow, terminals: TerminalPresence[]): StorePresenceSummary {
  const counts: PresenceCounts = { online: 0, late: 0, offline: 0, never: 0, shut_down: 0 };
  for (const { status } of terminals) counts[status] += 1;
  const worst = presenceBySeverity.find((status) => counts[status] > 0);
  return { id, store_id, counts, ...(worst && { worst }) };
}

function present(
  { terminal_id, created_at, presence: known }: TerminalPresenceRow,
  { now, since }: Moment,
): TerminalPresence {
  if (!known) return { terminal_id, status: "never", since: preciseTime(created_at) };
  const presence = withoutFutureTimes(known, now, since);
  const standing = statusAt(presence, since, now);
  const { next_expected_at: expected, round_trip_ms, fault_code, fault_message, fault_at, fault_ended_at } = presence;
  return {
    terminal_id,
    status: standing.status,
    since: preciseTime(standing.since),
    last_heard_at: preciseTime(presence.last_heard_at),
    ...(expected && { next_expected_at: preciseTime(expected) }),
    ...(round_trip_ms !== null && { round_trip_ms }),
    ...(fault_code !== null &&
      fault_at && {
        fault: {
          code: fault_code,
          ...(fault_message !== null && { message: fault_message }),
          at: preciseTime(fault_at),
          ...(fault_ended_at && { ended_at: preciseTime(fault_ended_at) }),
        },
      }),
  };
}

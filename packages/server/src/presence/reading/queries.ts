import { type Kysely, type Selectable, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { lowestId } from "../../platform/ids.ts";
import type { PresenceRow } from "../record/queries.ts";

/** A terminal with its presence row; null where it has never connected. */
export interface TerminalPresenceRow {
  terminal_id: string;
  store_ref: string;
  created_at: Date;
  deleted: boolean;
  presence: PresenceRow | null;
}

export async function findTerminal(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<TerminalPresenceRow | undefined> {
  const rows = await selectTerminals(db, accountId).where("terminal_id", "=", terminalId).execute();
  const [row] = await withPresence(db, accountId, rows);
  return row;
}

/** The terminals of the stores, without deleted ones. */
export async function terminalsOfStores(
  db: Kysely<Tables>,
  accountId: string,
  storeRefs: string[],
): Promise<TerminalPresenceRow[]> {
  if (storeRefs.length === 0) return [];
  const rows = await selectTerminals(db, accountId)
    .where("store_ref", "in", storeRefs)
    .where("status", "<>", "DELETED")
    .orderBy("number")
    .execute();
  return withPresence(db, accountId, rows);
}

function selectTerminals(db: Kysely<Tables>, accountId: string) {
  return db
    .selectFrom("terminals")
    .select(["terminal_id", "store_ref", "created_at", "status"])
    .where("account_id", "=", accountId);
}

/**
 * Reads presence by keys, in a statement of its own: a join would be planned with outdated statistics after an account
 * has grown.
 */
async function withPresence(
  db: Kysely<Tables>,
  accountId: string,
  terminals: Pick<Selectable<Tables["terminals"]>, "terminal_id" | "store_ref" | "created_at" | "status">[],
): Promise<TerminalPresenceRow[]> {
  const ids = terminals.map(({ terminal_id }) => terminal_id);
  const { rows } = await sql<PresenceRow>`
    select * from terminal_presence where account_id = ${accountId} and terminal_id = any(${ids})`.execute(db);
  const known = new Map(rows.map((row) => [row.terminal_id, row]));
  return terminals.map(({ status, ...terminal }) => ({
    ...terminal,
    deleted: status === "DELETED",
    presence: known.get(terminal.terminal_id) ?? null,
  }));
}

export type StoreRow = Pick<Selectable<Tables["stores"]>, "id" | "store_id" | "number">;

/** Finds a store by either of its ids. If both match different stores, `store_id` wins; deleted stores are ignored. */
export function findStore(db: Kysely<Tables>, accountId: string, storeId: string): Promise<StoreRow | undefined> {
  return db
    .selectFrom("stores")
    .select(["id", "store_id", "number"])
    .where("account_id", "=", accountId)
    .where("status", "<>", "DELETED")
    .where((eb) => eb.or([eb("store_id", "=", storeId), eb("id", "=", storeId)]))
    .orderBy((eb) => eb("store_id", "=", storeId), "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Lists stores, newest first. */
export function listStores(
  db: Kysely<Tables>,
  accountId: string,
  { below, limit }: { below: number | undefined; limit: number },
): Promise<StoreRow[]> {
  return db
    .selectFrom("stores")
    .select(["id", "store_id", "number"])
    .where("account_id", "=", accountId)
    .where("status", "<>", "DELETED")
    .$if(below !== undefined, (query) => query.where("number", "<", below as number))
    .orderBy("number", "desc")
    .limit(limit)
    .execute();
}

/** A page of a terminal's history, newest first. Ids are ordered by time. */
export interface HistoryPage {
  terminalId: string;
  from: Date | undefined;
  /** The first instant after the page. */
  before: Date | undefined;
  below: string | undefined;
  limit: number;
  /** Limits a telemetry history to one field. */
  field?: Selectable<Tables["telemetry_history"]>["field"] | undefined;
}

export function listChanges(
  db: Kysely<Tables>,
  accountId: string,
  { terminalId, from, before, below, limit }: HistoryPage,
): Promise<Selectable<Tables["presence_changes"]>[]> {
  return db
    .selectFrom("presence_changes")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .$if(below !== undefined, (query) => query.where("id", "<", below as string))
    .$if(from !== undefined, (query) => query.where("id", ">=", lowestId(from as Date)))
    .$if(before !== undefined, (query) => query.where("id", "<", lowestId(before as Date)))
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

export function listTelemetryHistory(
  db: Kysely<Tables>,
  accountId: string,
  { terminalId, from, before, below, limit, field }: HistoryPage,
): Promise<Selectable<Tables["telemetry_history"]>[]> {
  return db
    .selectFrom("telemetry_history")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .$if(field !== undefined, (query) => query.where("field", "=", field as never))
    .$if(below !== undefined, (query) => query.where("id", "<", below as string))
    .$if(from !== undefined, (query) => query.where("id", ">=", lowestId(from as Date)))
    .$if(before !== undefined, (query) => query.where("id", "<", lowestId(before as Date)))
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

/**
 * The latest value of each field of these terminals. The open batch only of the terminal's present device: a report of the former one may have
 * been written while it was replaced.
 */
export function latestTelemetry(
  db: Kysely<Tables>,
  accountId: string,
  terminalIds: string[],
): Promise<Selectable<Tables["terminal_telemetry"]>[]> {
  return db
    .selectFrom("terminal_telemetry as told")
    .selectAll("told")
    .where("told.account_id", "=", accountId)
    .where(sql<boolean>`told.terminal_id = any(${terminalIds})`)
    .where((eb) =>
      eb.or([
        eb("told.field", "<>", "open_batch"),
        eb.exists(
          eb
            .selectFrom("terminal_credentials as present")
            .select("present.address")
            .whereRef("present.account_id", "=", "told.account_id")
            .whereRef("present.terminal_id", "=", "told.terminal_id")
            .whereRef("present.address", "=", "told.address"),
        ),
      ]),
    )
    .execute();
}

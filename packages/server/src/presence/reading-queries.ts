import { type Kysely, type Selectable, sql } from "kysely";
import type { Tables } from "../db/schema.ts";
import { lowestId } from "../platform/ids.ts";
import type { PresenceRow } from "./queries.ts";

/** A terminal with what is known of its presence; null where nothing is. */
export interface TerminalPresenceRow {
  terminal_id: string;
  store_ref: string;
  created_at: Date;
  deleted: boolean;
  presence: PresenceRow | null;
}

type Joined = Omit<TerminalPresenceRow, "presence"> & { heard: boolean } & PresenceRow;

function selectTerminals(db: Kysely<Tables>, accountId: string) {
  return (where: ReturnType<typeof sql>) =>
    sql<Joined>`
    select presence.*, terminals.terminal_id, terminals.store_ref, terminals.created_at,
      terminals.status = 'DELETED' as deleted, presence.terminal_id is not null as heard
    from terminals left join terminal_presence as presence
      on presence.account_id = terminals.account_id and presence.terminal_id = terminals.terminal_id
    where terminals.account_id = ${accountId} and ${where}
    order by terminals.number`.execute(db);
}

function split({ terminal_id, store_ref, created_at, deleted, heard, ...presence }: Joined): TerminalPresenceRow {
  return { terminal_id, store_ref, created_at, deleted, presence: heard ? { ...presence, terminal_id } : null };
}

export async function findTerminal(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<TerminalPresenceRow | undefined> {
  const { rows } = await selectTerminals(db, accountId)(sql`terminals.terminal_id = ${terminalId}`);
  return rows[0] && split(rows[0]);
}

/** The terminals of stores that are not deleted. */
export async function terminalsOfStores(
  db: Kysely<Tables>,
  accountId: string,
  storeRefs: string[],
): Promise<TerminalPresenceRow[]> {
  const { rows } = await selectTerminals(
    db,
    accountId,
  )(sql`terminals.store_ref = any(${storeRefs}) and terminals.status <> 'DELETED'`);
  return rows.map(split);
}

export type StoreRow = Pick<Selectable<Tables["stores"]>, "id" | "store_id" | "number">;

/** By either of its ids; the one that lives, where an id was used again. */
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

/** Newest first. */
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

/** A page of what happened to a terminal, newest first: ids are ordered by the time of what happened. */
export interface HistoryPage {
  terminalId: string;
  from: Date | undefined;
  to: Date | undefined;
  below: string | undefined;
  limit: number;
  /** Of telemetry only. */
  field?: Selectable<Tables["telemetry_history"]>["field"] | undefined;
}

export function listChanges(
  db: Kysely<Tables>,
  accountId: string,
  { terminalId, from, to, below, limit }: HistoryPage,
): Promise<Selectable<Tables["presence_changes"]>[]> {
  return db
    .selectFrom("presence_changes")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .$if(below !== undefined, (query) => query.where("id", "<", below as string))
    .$if(from !== undefined, (query) => query.where("id", ">=", lowestId(from as Date)))
    .$if(to !== undefined, (query) => query.where("id", "<", lowestAfter(to as Date)))
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

export function listTelemetryHistory(
  db: Kysely<Tables>,
  accountId: string,
  { terminalId, from, to, below, limit, field }: HistoryPage,
): Promise<Selectable<Tables["telemetry_history"]>[]> {
  return db
    .selectFrom("telemetry_history")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .$if(field !== undefined, (query) => query.where("field", "=", field as never))
    .$if(below !== undefined, (query) => query.where("id", "<", below as string))
    .$if(from !== undefined, (query) => query.where("id", ">=", lowestId(from as Date)))
    .$if(to !== undefined, (query) => query.where("id", "<", lowestAfter(to as Date)))
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

/** Ids carry milliseconds: everything up to and with that instant is lower. */
function lowestAfter(at: Date): string {
  return lowestId(new Date(at.getTime() + 1));
}

export function latestTelemetry(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<Selectable<Tables["terminal_telemetry"]>[]> {
  return db
    .selectFrom("terminal_telemetry")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .execute();
}

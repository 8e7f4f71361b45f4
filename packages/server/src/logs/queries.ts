import type { Kysely, Selectable } from "kysely";
import type { Tables } from "../db/tables/schema.ts";

export type LogRow = Selectable<Tables["terminal_logs"]>;

/** A log that is there in full. */
export interface StoredRow extends LogRow {
  state: "stored";
  size: string;
  unpacked_size: string;
  sha256: string;
  masked_count: string;
}

interface OfOperation {
  accountId: string;
  terminalId: string;
  operationId: string;
}

/** A `send_logs` of that terminal, and the device behind it; not one that has failed. */
export function findSendLogs(
  db: Kysely<Tables>,
  { accountId, terminalId, operationId }: OfOperation,
): Promise<{ device_serial_number: string; deadline: Date } | undefined> {
  return db
    .selectFrom("operations")
    .innerJoin("terminals", (join) =>
      join
        .onRef("terminals.account_id", "=", "operations.account_id")
        .onRef("terminals.terminal_id", "=", "operations.terminal_id"),
    )
    .select(["terminals.device_serial_number", "operations.deadline"])
    .where("operations.account_id", "=", accountId)
    .where("operations.id", "=", operationId)
    .where("operations.terminal_id", "=", terminalId)
    .where("operations.operation", "=", "send_logs")
    .where("operations.status", "<>", "FAILED")
    .executeTakeFirst();
}

export function findStoredOf(
  db: Kysely<Tables>,
  { accountId, terminalId, operationId }: OfOperation,
): Promise<StoredRow | undefined> {
  return stored(db, accountId)
    .where("operation_id", "=", operationId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst() as Promise<StoredRow | undefined>;
}

export function findStored(
  db: Kysely<Tables>,
  accountId: string,
  { terminalId, logId }: { terminalId: string; logId: string },
): Promise<StoredRow | undefined> {
  return stored(db, accountId)
    .where("id", "=", logId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst() as Promise<StoredRow | undefined>;
}

/** Newest first: ids are ordered by time. */
export function listStored(
  db: Kysely<Tables>,
  accountId: string,
  { terminalId, below, limit }: { terminalId: string; below: string | undefined; limit: number },
): Promise<StoredRow[]> {
  return stored(db, accountId)
    .where("terminal_id", "=", terminalId)
    .$if(below !== undefined, (query) => query.where("id", "<", below as string))
    .orderBy("id", "desc")
    .limit(limit)
    .execute() as Promise<StoredRow[]>;
}

function stored(db: Kysely<Tables>, accountId: string) {
  return db.selectFrom("terminal_logs").selectAll().where("account_id", "=", accountId).where("state", "=", "stored");
}

/** Whether the account has, or had, this terminal. */
export async function terminalExists(db: Kysely<Tables>, accountId: string, terminalId: string): Promise<boolean> {
  const row = await db
    .selectFrom("terminals")
    .select("terminal_id")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst();
  return row !== undefined;
}

export type Receiving = Pick<
  LogRow,
  | "account_id"
  | "id"
  | "terminal_id"
  | "operation_id"
  | "device_serial_number"
  | "received_sha256"
  | "name"
  | "created_at"
>;

export async function insertReceiving(db: Kysely<Tables>, row: Receiving): Promise<void> {
  await db
    .insertInto("terminal_logs")
    .values({ ...row, state: "receiving" })
    .execute();
}

/** Throws when the operation has a stored log by now: its unique index decides. `undefined` when it is to be removed. */
export function finishReceiving(
  db: Kysely<Tables>,
  { account_id, id }: Pick<LogRow, "account_id" | "id">,
  values: { size: number; unpacked_size: number; sha256: string; masked_count: number },
): Promise<StoredRow | undefined> {
  return db
    .updateTable("terminal_logs")
    .set({ ...values, state: "stored" })
    .where("account_id", "=", account_id)
    .where("id", "=", id)
    .where("state", "=", "receiving")
    .returningAll()
    .executeTakeFirst() as Promise<StoredRow | undefined>;
}

/** False when it has become stored after all. Otherwise it never can from now on, whoever removes it. */
export async function giveUpReceiving(
  db: Kysely<Tables>,
  { account_id, id }: Pick<LogRow, "account_id" | "id">,
): Promise<boolean> {
  await db
    .updateTable("terminal_logs")
    .set({ state: "removing" })
    .where("account_id", "=", account_id)
    .where("id", "=", id)
    .where("state", "=", "receiving")
    .execute();
  return (await stored(db, account_id).where("id", "=", id).executeTakeFirst()) === undefined;
}

export async function deleteLog(
  db: Kysely<Tables>,
  { account_id, id }: Pick<LogRow, "account_id" | "id">,
): Promise<void> {
  await db
    .deleteFrom("terminal_logs")
    .where("account_id", "=", account_id)
    .where("id", "=", id)
    .where("state", "=", "removing")
    .execute();
}

/** Of all accounts: what is older than its state allows is to go. From then on it cannot be read, nor become stored. */
export async function markOld(db: Kysely<Tables>, before: { stored: Date; receiving: Date }): Promise<void> {
  for (const state of ["stored", "receiving"] as const) {
    await db
      .updateTable("terminal_logs")
      .set({ state: "removing" })
      .where("state", "=", state)
      .where("created_at", "<", before[state])
      .execute();
  }
}

export type RemovingRow = Pick<LogRow, "account_id" | "id" | "name" | "created_at">;

/** Of all accounts, the oldest first. */
export function listRemoving(
  db: Kysely<Tables>,
  { after, limit }: { after: RemovingRow | undefined; limit: number },
): Promise<RemovingRow[]> {
  return db
    .selectFrom("terminal_logs")
    .select(["account_id", "id", "name", "created_at"])
    .where("state", "=", "removing")
    .$if(after !== undefined, (query) => {
      const { created_at, id } = after as RemovingRow;
      return query.where((eb) => eb(eb.refTuple("created_at", "id"), ">", eb.tuple(created_at, id)));
    })
    .orderBy("created_at")
    .orderBy("id")
    .limit(limit)
    .execute();
}

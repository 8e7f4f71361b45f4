import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import type { Kysely, Selectable } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { lowestId } from "../../platform/ids.ts";

export type ActivationRow = Selectable<Tables["activations"]>;

/** A terminal that is not deleted, with the caller's id of its store. */
export function findLiveTerminal(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<{ store_id: string } | undefined> {
  return selectLiveTerminal(db, accountId, terminalId).executeTakeFirst();
}

/** The same, and keeps the terminal as it is until the transaction ends. */
export function lockLiveTerminal(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<{ store_id: string } | undefined> {
  return selectLiveTerminal(db, accountId, terminalId).forNoKeyUpdate("terminals").executeTakeFirst();
}

function selectLiveTerminal(db: Kysely<Tables>, accountId: string, terminalId: string) {
  return db
    .selectFrom("terminals")
    .innerJoin("stores", (join) =>
      join.onRef("stores.account_id", "=", "terminals.account_id").onRef("stores.id", "=", "terminals.store_ref"),
    )
    .select("stores.store_id")
    .where("terminals.account_id", "=", accountId)
    .where("terminals.terminal_id", "=", terminalId)
    .where("terminals.status", "<>", "DELETED");
}

/** Answers undefined when the terminal has a RUNNING one already: the unique index decides. */
export function insertActivation(db: Kysely<Tables>, row: ActivationRow): Promise<ActivationRow | undefined> {
  return db
    .insertInto("activations")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

export function findRunning(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<ActivationRow | undefined> {
  return db
    .selectFrom("activations")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("status", "=", "RUNNING")
    .executeTakeFirst();
}

/** Newest first: ids are ordered by time. */
export function listActivations(
  db: Kysely<Tables>,
  accountId: string,
  { terminalId, below, limit }: { terminalId: string; below: string | undefined; limit: number },
): Promise<ActivationRow[]> {
  return db
    .selectFrom("activations")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .$if(below !== undefined, (query) => query.where("id", "<", below as string))
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

/** The activation whose turn came first; others' claims are skipped. Kept until the transaction ends. */
export function claimDue(db: Kysely<Tables>, now: Date): Promise<ActivationRow | undefined> {
  return (
    db
      .selectFrom("activations")
      .innerJoin("terminals", (join) =>
        join
          .onRef("terminals.account_id", "=", "activations.account_id")
          .onRef("terminals.terminal_id", "=", "activations.terminal_id"),
      )
      .selectAll("activations")
      .where("activations.status", "=", "RUNNING")
      .where("activations.look_at", "<=", now)
      .orderBy("activations.look_at")
      .limit(1)
      // The terminal, too: an end moves it, and one that somebody else has in hand must not hold up those of all accounts.
      .forNoKeyUpdate(["activations", "terminals"])
      .skipLocked()
      .executeTakeFirst()
  );
}

/** What the next step depends on. */
export interface Facts {
  status: TerminalStatus;
  /** A `check_update` has completed since the activation began, whoever sent it. */
  answered: boolean;
  /** One is under way. */
  asked: boolean;
}

export async function readFacts(
  db: Kysely<Tables>,
  { account_id, terminal_id, created_at }: ActivationRow,
): Promise<Facts> {
  // The terminal is locked before the activation changes, in the order of whoever starts one.
  const { status } = await db
    .selectFrom("terminals")
    .select("status")
    .where("account_id", "=", account_id)
    .where("terminal_id", "=", terminal_id)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow();
  const checks = await db
    .selectFrom("operations")
    .select("status")
    .distinct()
    .where("account_id", "=", account_id)
    .where("terminal_id", "=", terminal_id)
    .where("id", ">=", lowestId(created_at))
    .where("operation", "=", "check_update")
    .where("status", "in", ["PENDING", "COMPLETED"])
    .execute();
  const has = (wanted: string) => checks.some((check) => check.status === wanted);
  return { status, answered: has("COMPLETED"), asked: has("PENDING") };
}

export async function updateActivation(
  db: Kysely<Tables>,
  { account_id, id }: ActivationRow,
  values: Partial<Pick<ActivationRow, "status" | "attempt" | "look_at" | "ask_at" | "updated_at" | "updated_by">>,
): Promise<void> {
  await db
    .updateTable("activations")
    .set(values)
    .where("account_id", "=", account_id)
    .where("id", "=", id)
    .where("status", "=", "RUNNING")
    .execute();
}

import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import type { Kysely, Selectable } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { lowestId } from "../../platform/ids.ts";

export type ActivationRow = Selectable<Tables["activations"]>;

/** Finds a terminal that is not deleted, with the `store_id` that the caller gave its store. */
export function findLiveTerminal(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<{ store_id: string } | undefined> {
  return db
    .selectFrom("terminals")
    .innerJoin("stores", (join) =>
      join.onRef("stores.account_id", "=", "terminals.account_id").onRef("stores.id", "=", "terminals.store_ref"),
    )
    .select("stores.store_id")
    .where("terminals.account_id", "=", accountId)
    .where("terminals.terminal_id", "=", terminalId)
    .where("terminals.status", "<>", "DELETED")
    .executeTakeFirst();
}

/** Returns undefined when the terminal has a RUNNING activation already: the unique index decides. */
export function insertActivation(db: Kysely<Tables>, row: ActivationRow): Promise<ActivationRow | undefined> {
  return db
    .insertInto("activations")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** The terminal's RUNNING activation; a unique index allows one. */
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

/**
 * Claims the activation that has been due longest and locks it until the transaction ends. Skips rows that other
 * servers have claimed.
 */
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
      // The terminal's row is locked, too, because the end of an activation changes it. Were it not skipped when
      // locked, one busy terminal would hold up the activations of all accounts.
      .forNoKeyUpdate(["activations", "terminals"])
      .skipLocked()
      .executeTakeFirst()
  );
}

/** The facts that decide the next step. */
export interface Facts {
  status: TerminalStatus;
  /** A `check_update` has completed since the activation began, asked for by any client. */
  answered: boolean;
  /** A `check_update` is pending. */
  asked: boolean;
}

/** Locks the activation's terminal and reads the facts that decide the next step. */
export async function readFacts(
  db: Kysely<Tables>,
  { account_id, terminal_id, created_at }: ActivationRow,
): Promise<Facts> {
  // Lock the terminal before the activation changes: `startActivation` locks in this order, too.
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

/** Changes an activation while it is RUNNING. */
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

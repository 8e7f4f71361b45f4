import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Caller } from "../../platform/http/route.ts";

/** A change to be logged. `before` is absent for a created subject, `after` for a deleted one. */
export interface Change {
  /** Name of the action, for example `store.create`. */
  action: string;
  subject: { type: string; id: string };
  before?: object;
  after?: object;
}

/** Action of the entry that every log holds. */
export const creationAction = "account.create";
/** Actor of that entry where a migration added it to a log that had begun without it. */
export const migrationActor = "tillkeeper:migration";
/** Action of the entry that the log itself adds when its head does not fit its end. */
export const discrepancyAction = "audit.discrepancy";

/** The maker of a change: a caller over HTTP, or a part of the server that acts by itself. */
export type Actor = Pick<Caller, "accountId" | "clientId" | "address" | "requestId">;

/**
 * Appends a change to the account's log, in the transaction that makes the change: neither exists without the other.
 * The database chains the entries: each hash covers the entry before, so that a changed or missing entry shows. Throws
 * when the transaction does not act for the account. Secrets must not be in `change`.
 */
export async function recordChange(tx: Tx, clock: Clock, actor: Actor, change: Change): Promise<void> {
  const { accountId, clientId, address, requestId } = actor;
  const { action, subject, before = null, after = null } = change;
  await sql`select audit_append(${accountId}, ${clock.now()}, ${clientId}, ${address}, ${requestId}, ${action},
    ${subject.type}, ${subject.id}, ${before && JSON.stringify(before)}, ${after && JSON.stringify(after)})`.execute(
    tx,
  );
}

/** SHA-256 over the previous hash and the entry's text. */
export function chainHash(previous: Buffer, entry: string): Buffer {
  return createHash("sha256").update(previous).update(entry).digest();
}

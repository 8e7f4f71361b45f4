import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Caller } from "../../platform/http/route.ts";

/** A change, as the rule that makes it reports it. `before` is absent for what is new, `after` for what is gone. */
export interface Change {
  /** What was done, for example `store.create`. */
  action: string;
  subject: { type: string; id: string };
  before?: object;
  after?: object;
}

/** The entry that every log holds. */
export const creationAction = "account.create";
/** Wrote that entry for accounts whose log had begun without it. */
export const migrationActor = "tillkeeper:migration";
/** Written by the log itself when its head does not fit it. */
export const discrepancyAction = "audit.discrepancy";

/** Who made a change: a caller over HTTP, or a part of the server that acts by itself. */
export type Actor = Pick<Caller, "accountId" | "clientId" | "address" | "requestId">;

/**
 * Writes a change into the account's log, in the transaction that makes it: neither is ever there without the other.
 * The database chains it: each entry's hash covers the entry before, so that a changed or missing entry shows. Throws
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

/** SHA-256 over the hash before and the entry's text. */
export function chainHash(previous: Buffer, entry: string): Buffer {
  return createHash("sha256").update(previous).update(entry).digest();
}

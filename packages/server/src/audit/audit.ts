import { createHash } from "node:crypto";
import type { Tx } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import type { Caller } from "../platform/http/route.ts";

/** A change, as the rule that makes it reports it. `before` is absent for what is new, `after` for what is gone. */
export interface Change {
  /** What was done, for example `store.create`. */
  action: string;
  subject: { type: string; id: string };
  before?: object;
  after?: object;
}

/** Who made a change: a caller over HTTP, or a part of the server that acts by itself. */
export type Actor = Pick<Caller, "accountId" | "clientId" | "address" | "requestId">;

const noHash = Buffer.alloc(32);

/**
 * Writes a change into the account's log, in the transaction that makes it: neither is ever there without the other.
 * Each entry's hash covers the one before, so that a changed or missing entry shows. Secrets must not be in `change`.
 */
export async function recordChange(tx: Tx, clock: Clock, actor: Actor, change: Change): Promise<void> {
  const { accountId } = actor;
  const head = await lockHead(tx, accountId);
  const at = clock.now();
  const seq = Number(head.seq) + 1;
  const entry = JSON.stringify({
    seq,
    at: at.toISOString(),
    account_id: accountId,
    actor: actor.clientId,
    address: actor.address,
    request_id: actor.requestId,
    action: change.action,
    subject: change.subject,
    before: change.before ?? null,
    after: change.after ?? null,
  });
  const hash = chainHash(head.hash, entry);
  await tx
    .insertInto("audit_log")
    .values({
      account_id: accountId,
      seq,
      at,
      actor: actor.clientId,
      action: change.action,
      subject_type: change.subject.type,
      subject_id: change.subject.id,
      entry,
      previous_hash: head.hash,
      hash,
    })
    .execute();
  await tx.updateTable("audit_heads").set({ seq, hash }).where("account_id", "=", accountId).execute();
}

/** SHA-256 over the hash before and the entry's text. */
export function chainHash(previous: Buffer, entry: string): Buffer {
  return createHash("sha256").update(previous).update(entry).digest();
}

async function lockHead(tx: Tx, accountId: string): Promise<{ seq: string; hash: Buffer }> {
  await tx
    .insertInto("audit_heads")
    .values({ account_id: accountId, seq: 0, hash: noHash })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return tx
    .selectFrom("audit_heads")
    .select(["seq", "hash"])
    .where("account_id", "=", accountId)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

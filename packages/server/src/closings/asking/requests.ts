import { createHash } from "node:crypto";
import type { ClosingCreate } from "@tillkeeper/contract/http/closings";
import { limits } from "@tillkeeper/contract/limits";
import { sql } from "kysely";
import type { Tx } from "../../db/db.ts";
import { requestLock } from "../../db/locks.ts";
import { keyReused } from "../../platform/http/idempotency-key.ts";
import { hourMs } from "../../platform/time-spans.ts";

/** Who closes a store, and under which idempotency key. */
export interface CloseRequest {
  accountId: string;
  clientId: string;
  requestId?: string;
  storeId: string;
  idempotencyKey: string | null;
  body: ClosingCreate;
  /** No closing is made where no terminal has, or may have, something to close, since the day was due at that instant. */
  onlyIfOpenSince?: Date;
}

/** A request under an idempotency key. */
export interface KeyedRequest {
  accountId: string;
  clientId: string;
  key: string;
  digest: Buffer;
}

/** The digest of a request for a closing: equal for equal bodies to one store. */
export function digestOf(storeRef: string, body: ClosingCreate): Buffer {
  const { business_day: day, when_busy: whenBusy, retry_until: until, terminals, again, expected } = body;
  const meaning = [storeRef, day, whenBusy, until, terminals?.toSorted(), again, expected];
  return createHash("sha256").update(JSON.stringify(meaning)).digest();
}

/** Of several requests at once under one key, one goes first, and the others find what it led to. */
export async function lockKey(tx: Tx, { accountId, clientId, key }: KeyedRequest): Promise<void> {
  await sql`select pg_advisory_xact_lock(${requestLock}, hashtext(${`${accountId} ${clientId} ${key}`}))`.execute(tx);
}

/** The closing that a request under this key led to before. Throws `idempotency_key_reused` if it was another request. */
export async function findRepeated(
  tx: Tx,
  { accountId, clientId, key, digest }: KeyedRequest,
  now: Date,
): Promise<string | undefined> {
  const before = new Date(now.getTime() - limits.idempotencyKeyHours * hourMs);
  const row = await tx
    .selectFrom("closing_requests")
    .select(["closing_id", "request_sha256", "created_at"])
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .where("request_key", "=", key)
    .executeTakeFirst();
  if (!row || row.created_at < before) return undefined;
  if (row.request_sha256.equals(digest)) return row.closing_id;
  throw keyReused();
}

/** Remembers what a request under a key led to. */
export async function remember(
  tx: Tx,
  { accountId, clientId, key, digest }: KeyedRequest,
  { closingId, now }: { closingId: string; now: Date },
): Promise<void> {
  const said = { request_sha256: digest, closing_id: closingId, created_at: now };
  await tx
    .insertInto("closing_requests")
    .values({ account_id: accountId, client_id: clientId, request_key: key, ...said })
    .onConflict((conflict) => conflict.columns(["account_id", "client_id", "request_key"]).doUpdateSet(said))
    .execute();
}

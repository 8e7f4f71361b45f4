import { type Kysely, type Selectable, sql } from "kysely";
import type { StoreDay } from "../closings/standing/unclosed.ts";
import type { Tables } from "../db/tables/schema.ts";

/** A message that this server is to send now: about a day, or with a link that lets a person in. */
export type Claimed = Pick<
  Selectable<Tables["mail_messages"]>,
  "id" | "address" | "language" | "attempts" | "created_at"
> &
  ((StoreDay & { linkPurpose: null }) | { accountId: string; linkPurpose: "invitation" | "reset" });

/** The lease of a claim, longer than an attempt may take: after it another server takes over. */
const leaseSeconds = 180;

/** Claims messages that are due, account after account, so that many of one keep no other waiting. */
export async function claimMessages(
  db: Kysely<Tables>,
  { now, lease, limit }: { now: Date; lease: string; limit: number },
): Promise<Claimed[]> {
  const { rows } = await sql<Claimed>`
    with waiting as materialized (
      select id, due_at, row_number() over (partition by account_id order by due_at) as turn from mail_messages
      where state in ('waiting', 'link_waiting') and due_at <= ${now} and (leased_until is null or leased_until < now())
    ), due as (
      select message.id from mail_messages as message join waiting using (id)
      where message.state in ('waiting', 'link_waiting') and message.due_at <= ${now} and (message.leased_until is null or message.leased_until < now())
      order by waiting.turn, waiting.due_at limit ${limit} for update of message skip locked
    )
    update mail_messages as message
    set lease = ${lease}, leased_until = now() + make_interval(secs => ${leaseSeconds}), attempts = message.attempts + 1
    from due where message.id = due.id
    returning message.id, message.account_id as "accountId", message.store_ref as "storeRef",
      message.business_day::text as day, message.link_purpose as "linkPurpose", message.address, message.language, message.attempts, message.created_at`.execute(
    db,
  );
  return rows;
}

/** What came of an attempt: its end, or when the next one is due. */
export type Outcome = "sent" | "given_up" | "not_needed" | "ended" | { again: Date };

/** Writes what came of an attempt, unless another server has taken the message over. */
export async function noteOutcome(
  db: Kysely<Tables>,
  { id, lease, outcome, now }: { id: string; lease: string; outcome: Outcome; now: Date },
): Promise<void> {
  await db
    .updateTable("mail_messages")
    .set({
      lease: null,
      leased_until: null,
      ...(typeof outcome === "object" ? { due_at: outcome.again } : { state: outcome, finished_at: now }),
    })
    .where("id", "=", id)
    .where("lease", "=", lease)
    .execute();
}

/** Deletes what was noticed and written before that time, at most `limit` of each; answers whether there may be more. */
export async function deleteBefore(db: Kysely<Tables>, before: Date, limit: number): Promise<boolean> {
  const messages = await sql`
    delete from mail_messages where id in (
      select id from mail_messages where created_at < ${before} order by created_at limit ${limit} for update skip locked
    )`.execute(db);
  const days = await sql`
    delete from mail_days as day using (
      select account_id, store_ref, business_day from mail_days where noticed_at < ${before}
      order by noticed_at limit ${limit} for update skip locked
    ) as old
    where day.account_id = old.account_id and day.store_ref = old.store_ref and day.business_day = old.business_day`.execute(
    db,
  );
  return [messages, days].some(({ numAffectedRows }) => Number(numAffectedRows ?? 0n) >= limit);
}

import type { MailRecipient } from "@tillkeeper/contract/http/mail-schemas";
import type { Language } from "@tillkeeper/words/languages";
import { type Kysely, type Selectable, sql } from "kysely";
import type { StoreDay } from "../closings/standing/unclosed.ts";
import { batchTable } from "../db/batch-table.ts";
import type { Tx } from "../db/db.ts";
import type { Tables } from "../db/tables/schema.ts";

/** The place of the last event that was looked at; undefined before the first look. */
export async function mailPlace(db: Kysely<Tables>): Promise<number | undefined> {
  const row = await db.selectFrom("mail_cursor").select("place").executeTakeFirst();
  return row && Number(row.place);
}

/** Moves the place on from where it was known to be; another server may have moved it meanwhile. */
export async function setMailPlace(
  db: Kysely<Tables>,
  { known, place }: { known: number | undefined; place: number },
): Promise<void> {
  if (known === undefined) {
    await sql`insert into mail_cursor (place) values (${place}) on conflict do nothing`.execute(db);
    return;
  }
  await db
    .updateTable("mail_cursor")
    .set({ place: String(place) })
    .where("place", "=", String(known))
    .execute();
}

/** A business day that was not closed, and when it is to be looked at. */
export interface NoticedDay extends StoreDay {
  at: Date;
  lookAt: Date;
}

const noticed = batchTable<NoticedDay>({
  account_id: ["text", (row) => row.accountId],
  store_ref: ["text", (row) => row.storeRef],
  business_day: ["text", (row) => row.day],
  noticed_at: ["timestamptz", (row) => row.at],
  look_at: ["timestamptz", (row) => row.lookAt],
});

/** Notices days, each of them once. One that is known is looked at sooner if it is noticed again for a sooner time. */
export async function noticeDays(tx: Tx, days: readonly NoticedDay[]): Promise<void> {
  if (days.length === 0) return;
  await sql`
    insert into mail_days (account_id, store_ref, business_day, noticed_at, look_at)
    select account_id, store_ref, business_day::date, min(noticed_at), min(look_at) from ${noticed.of(days, "day")}
    group by account_id, store_ref, business_day
    on conflict (account_id, store_ref, business_day) do update set look_at = least(mail_days.look_at, excluded.look_at)
    where mail_days.told_at is null`.execute(tx);
}

/** Claims days that are to be looked at, at most `limit`. Other servers leave them alone until `again`. */
export async function claimDays(
  db: Kysely<Tables>,
  { now, again, limit }: { now: Date; again: Date; limit: number },
): Promise<StoreDay[]> {
  const { rows } = await sql<StoreDay>`
    with due as (
      select account_id, store_ref, business_day from mail_days where told_at is null and look_at <= ${now}
      order by look_at limit ${limit} for no key update skip locked
    )
    update mail_days as day set look_at = ${again} from due
    where day.account_id = due.account_id and day.store_ref = due.store_ref and day.business_day = due.business_day
    returning day.account_id as "accountId", day.store_ref as "storeRef", day.business_day::text as day`.execute(db);
  return rows;
}

const isDay = ({ accountId, storeRef, day }: StoreDay) =>
  sql<boolean>`account_id = ${accountId} and store_ref = ${storeRef} and business_day = ${day}::date and told_at is null`;

/** Looks at a day again at that time. */
export async function lookLater(tx: Tx, day: StoreDay, at: Date): Promise<void> {
  await tx.updateTable("mail_days").set({ look_at: at }).where(isDay(day)).execute();
}

/** Forgets a day that was closed after all. */
export async function forgetDay(tx: Tx, day: StoreDay): Promise<void> {
  await tx.deleteFrom("mail_days").where(isDay(day)).execute();
}

/** Takes it upon this transaction to tell of a day. False: another one has told. */
export async function takeDay(tx: Tx, day: StoreDay, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("mail_days")
    .set({ told_at: now })
    .where(isDay(day))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** A message as it is to be sent. */
export interface NewMessage {
  id: string;
  address: string;
  language: Language;
}

const messages = batchTable<NewMessage>({
  id: ["uuid", (row) => row.id],
  address: ["text", (row) => row.address],
  language: ["text", (row) => row.language],
});

/** Writes the messages about a day: one for each address. */
export async function insertMessages(
  tx: Tx,
  { accountId, storeRef, day }: StoreDay,
  { list, now }: { list: readonly NewMessage[]; now: Date },
): Promise<void> {
  if (list.length === 0) return;
  await sql`
    insert into mail_messages (account_id, store_ref, business_day, due_at, created_at, ${sql.raw(messages.columns)})
    select ${accountId}, ${storeRef}, ${day}::date, ${now}::timestamptz, ${now}::timestamptz, message.*
    from ${messages.of(list, "message")}
    on conflict do nothing`.execute(tx);
}

/** Writes a mail with a link that lets a person in. */
export async function insertLinkMail(
  tx: Tx,
  mail: {
    id: string;
    accountId: string;
    address: string;
    language: Language;
    purpose: "invitation" | "reset";
    now: Date;
  },
): Promise<void> {
  const { id, accountId, address, language, purpose, now } = mail;
  await tx
    .insertInto("mail_messages")
    .values({
      account_id: accountId,
      id,
      store_ref: null,
      address,
      language,
      link_purpose: purpose,
      state: "link_waiting",
      due_at: now,
      created_at: now,
    })
    .execute();
}

/** How many mails with links were written since a time: for an address, in lower case, and in all. */
export async function countLinkMails(
  tx: Tx,
  { accountId, address, since }: { accountId: string; address: string; since: Date },
): Promise<{ toAddress: number; ofAccount: number }> {
  const { rows } = await sql<{ toAddress: number; ofAccount: number }>`
    select (count(*) filter (where lower(address) = ${address}))::int as "toAddress", count(*)::int as "ofAccount"
    from mail_messages where account_id = ${accountId} and link_purpose is not null and created_at > ${since}`.execute(
    tx,
  );
  return rows[0] ?? { toAddress: 0, ofAccount: 0 };
}

/** A message, by its link. */
export type MessageRow = StoreDay &
  Pick<Selectable<Tables["mail_messages"]>, "id" | "address" | "language" | "created_at">;

/** Finds a message of any account. */
export async function findMessage(db: Kysely<Tables>, id: string): Promise<MessageRow | undefined> {
  const { rows } = await sql<MessageRow>`
    select id, account_id as "accountId", store_ref as "storeRef", business_day::text as day, address, language, created_at
    from mail_messages where id = ${id} and store_ref is not null`.execute(db);
  return rows[0];
}

/** When the readers of these addresses ended the mails of an account; those that did not are left out. */
export async function findEndings(
  tx: Tx,
  accountId: string,
  addresses: readonly string[],
): Promise<{ address: string; ended_at: Date }[]> {
  if (addresses.length === 0) return [];
  return tx
    .selectFrom("mail_endings")
    .select(["address", "ended_at"])
    .where("account_id", "=", accountId)
    .where("address", "in", [...addresses])
    .orderBy("address")
    .execute();
}

/** Ends the mails of an account to an address. */
export async function insertEnding(tx: Tx, row: { accountId: string; address: string; at: Date }): Promise<void> {
  await tx
    .insertInto("mail_endings")
    .values({ account_id: row.accountId, address: row.address, ended_at: row.at })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Lets them come again. */
export async function deleteEnding(tx: Tx, row: { accountId: string; address: string }): Promise<void> {
  await tx
    .deleteFrom("mail_endings")
    .where("account_id", "=", row.accountId)
    .where("address", "=", row.address)
    .execute();
}

/** Who is told of all stores of an account. */
export async function findList(tx: Tx, accountId: string): Promise<MailRecipient[]> {
  const row = await tx
    .selectFrom("mail_lists")
    .select("recipients")
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  return row?.recipients ?? [];
}

/** As `findList`, and lets no other request change it until the transaction ends. */
export async function lockList(tx: Tx, accountId: string): Promise<MailRecipient[]> {
  await sql`insert into mail_lists (account_id, recipients) values (${accountId}, '[]') on conflict do nothing`.execute(
    tx,
  );
  await sql`select from mail_lists where account_id = ${accountId} for no key update`.execute(tx);
  return findList(tx, accountId);
}

/** Sets who is told. */
export async function writeList(tx: Tx, accountId: string, recipients: readonly MailRecipient[]): Promise<void> {
  await tx
    .updateTable("mail_lists")
    .set({ recipients: JSON.stringify(recipients) })
    .where("account_id", "=", accountId)
    .execute();
}

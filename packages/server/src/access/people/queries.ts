import { type Insertable, type Kysely, type Selectable, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { idleSeconds, keptDays, seenSeconds } from "./lifetimes.ts";

type Reader = Kysely<Tables>;
export type UserRow = Selectable<Tables["account_users"]>;
export type PersonRow = Selectable<Tables["people"]>;
export type SessionRow = Selectable<Tables["sessions"]>;

/** The person with an e-mail address, and whether that person has signed in from the network lately: one statement, found or not. */
export async function findPerson(
  db: Reader,
  { email, network, now }: { email: string; network: string; now: Date },
): Promise<(PersonRow & { known: boolean }) | undefined> {
  return db
    .selectFrom("people")
    .selectAll()
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom("sessions")
            .select("id")
            .whereRef("sessions.person_id", "=", "people.id")
            .where("network", "=", network)
            .where("sessions.created_at", ">", new Date(now.getTime() - keptDays * 86_400_000)),
        )
        .$castTo<boolean>()
        .as("known"),
    )
    .where("email", "=", email)
    .executeTakeFirst();
}

/** The e-mail address of a person. */
export async function emailOf(db: Reader, personId: string): Promise<string> {
  const { email } = await db.selectFrom("people").select("email").where("id", "=", personId).executeTakeFirstOrThrow();
  return email;
}

/** Whether a person has an authenticator. */
export async function hasTotp(db: Reader, personId: string): Promise<boolean> {
  const totp = db.selectFrom("person_totp").select("person_id").where("person_id", "=", personId);
  return (await totp.where("confirmed_at", "is not", null).executeTakeFirst()) !== undefined;
}

/** The id of the person with an e-mail address in lower case. */
export async function findPersonId(db: Reader, email: string): Promise<string | undefined> {
  return (await db.selectFrom("people").select("id").where("email", "=", email).executeTakeFirst())?.id;
}

/** A person as a user of an account, also one who was removed; of several, the last. */
export function lastUserOf(
  db: Reader,
  { accountId, personId }: { accountId: string; personId: string },
): Promise<UserRow | undefined> {
  return db
    .selectFrom("account_users")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("person_id", "=", personId)
    .orderBy("id", "desc")
    .executeTakeFirst();
}

/** Makes a person, and returns its id. Undefined if there is one with the e-mail address. */
export async function insertPerson(db: Reader, person: Insertable<Tables["people"]>): Promise<string | undefined> {
  const made = await db
    .insertInto("people")
    .values({ ...person, email: person.email.toLowerCase() })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  return made?.id;
}

/** Makes a user of an account, without an invitation. Undefined if the account has one with the e-mail address. */
export function insertUser(db: Reader, user: Insertable<Tables["account_users"]>): Promise<UserRow | undefined> {
  return db
    .insertInto("account_users")
    .values(user)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** Makes a person the one behind a user: the invitation is accepted. */
export async function acceptUser(db: Reader, { accountId, id, personId, at, name }: Acceptance): Promise<void> {
  await db
    .updateTable("account_users")
    .set({ person_id: personId, accepted_at: at, ...(name !== undefined && { name }) })
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .execute();
}

interface Acceptance {
  accountId: string;
  /** The user's id. */
  id: string;
  personId: string;
  at: Date;
  /** Another name for the user, if the person has given one. */
  name?: string | undefined;
}

/** The places of a person as a user: accepted and not removed. */
export function usersOfPerson(db: Reader, personId: string): Promise<UserRow[]> {
  return db
    .selectFrom("account_users")
    .selectAll()
    .where("person_id", "=", personId)
    .where("removed_at", "is", null)
    .orderBy("account_id")
    .execute();
}

/** The live session of a token: not ended, not idle, not too old, and of a person who is a user of some account. */
export function findSession(db: Reader, digest: Buffer, now: Date): Promise<SessionRow | undefined> {
  return db
    .selectFrom("sessions")
    .selectAll()
    .where("token_sha256", "=", digest)
    .where("ended_at", "is", null)
    .where("expires_at", ">", now)
    .where("seen_at", ">", new Date(now.getTime() - idleSeconds * 1_000))
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("account_users")
          .select("id")
          .whereRef("account_users.person_id", "=", "sessions.person_id")
          .where("removed_at", "is", null),
      ),
    )
    .executeTakeFirst();
}

/** Notes that a session was used, at most once a minute. */
export async function noteSeen(db: Reader, id: string, now: Date): Promise<void> {
  await db
    .updateTable("sessions")
    .set({ seen_at: now })
    .where("id", "=", id)
    .where("seen_at", "<", new Date(now.getTime() - seenSeconds * 1_000))
    .execute();
}

/** Ends sessions of a person: all, all but one, or one. Returns how many ended. */
export async function endSessions(
  db: Reader,
  { personId, only, but, now }: { personId: string; only?: string; but?: string; now: Date },
): Promise<number> {
  let query = db
    .updateTable("sessions")
    .set({ ended_at: now })
    .where("person_id", "=", personId)
    .where("ended_at", "is", null)
    .where("expires_at", ">", now);
  if (only !== undefined) query = query.where("id", "=", only);
  if (but !== undefined) query = query.where("id", "<>", but);
  const { numUpdatedRows } = await query.executeTakeFirst();
  return Number(numUpdatedRows);
}

/** The live sessions of a person, newest first. */
export function listSessions(db: Reader, personId: string, now: Date): Promise<SessionRow[]> {
  return db
    .selectFrom("sessions")
    .selectAll()
    .where("person_id", "=", personId)
    .where("ended_at", "is", null)
    .where("expires_at", ">", now)
    .where("seen_at", ">", new Date(now.getTime() - idleSeconds * 1_000))
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(100)
    .execute();
}

/** Names of accounts and of stores, for the places of a person. */
export async function namesOf(db: Reader, users: readonly UserRow[]) {
  if (users.length === 0) return { accounts: [], stores: [] };
  const accounts = await db
    .selectFrom("accounts")
    .select(["account_id", "name"])
    .where(
      "account_id",
      "in",
      users.map((user) => user.account_id),
    )
    .execute();
  const limited = users.filter((user) => user.stores !== null);
  const stores =
    limited.length === 0
      ? []
      : await db
          .selectFrom("stores")
          .select(["account_id", "id", "store_id", "store_name"])
          .where("status", "<>", "DELETED")
          .where((eb) =>
            eb.or(
              limited.map((user) =>
                eb.and([eb("account_id", "=", user.account_id), eb("id", "in", user.stores ?? [])]),
              ),
            ),
          )
          .orderBy("number")
          .execute();
  return { accounts, stores };
}

/** Deletes sessions, links, used flows and authorizations that ended long ago; answers whether there may be more. */
export async function deleteOld(db: Reader, before: Date, limit: number): Promise<boolean> {
  const sessions = await sql`
    delete from sessions where id in (
      select id from sessions where created_at < ${before} and (expires_at < ${before} or ended_at < ${before})
      order by created_at limit ${limit} for update skip locked
    )`.execute(db);
  const links = await sql`
    delete from sign_in_links where token_sha256 in (
      select token_sha256 from sign_in_links where expires_at < ${before} order by expires_at limit ${limit} for update skip locked
    )`.execute(db);
  const flows = await sql`
    delete from sign_in_flows_used where state_sha256 in (
      select state_sha256 from sign_in_flows_used where used_at < ${before} order by used_at limit ${limit} for update skip locked
    )`.execute(db);
  const authorizations = await sql`
    delete from authorizations where id in (
      select id from authorizations where created_at < ${before} order by created_at limit ${limit} for update skip locked
    )`.execute(db);
  return [sessions, links, flows, authorizations].some(({ numAffectedRows }) => Number(numAffectedRows ?? 0n) >= limit);
}

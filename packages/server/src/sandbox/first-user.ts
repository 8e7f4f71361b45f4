import { recordChange } from "../access/audit/audit.ts";
import { newSecret } from "../access/auth/secrets/secrets.ts";
import { insertLink, linkAddress } from "../access/people/links.ts";
import { hashPassword } from "../access/people/passwords.ts";
import type { Db, Tx } from "../db/db.ts";
import { retried } from "../db/retry.ts";
import type { Clock } from "../platform/clock.ts";
import { newId } from "../platform/ids.ts";

/** The person of a sandbox, an admin. Nobody knows the password: links that are printed let somebody in. */
const person = { email: "sandbox@tillkeeper.example", name: "Sandbox" };

interface FirstUserDeps {
  db: Db;
  clock: Clock;
  /** The account of the sandbox, and the server's own address. */
  accountId: string;
  httpUrl: string;
}

/**
 * Makes a link that lets one browser into the sandbox's console, once. The sandbox's user is made with the first one; where somebody has
 * removed that user, there is no link.
 */
export async function makeSignInLink(deps: FirstUserDeps): Promise<string | undefined> {
  const { db, clock, accountId, httpUrl } = deps;
  const personId = await ensurePerson(deps);
  return retried(() =>
    db.sql.transaction().execute(async (tx) => {
      const userId = await ensureUser(tx, deps, personId);
      if (userId === undefined) return undefined;
      const { token } = await insertLink(tx, clock, { accountId, userId, purpose: "sign_in" });
      return linkAddress(httpUrl, token);
    }),
  );
}

async function ensurePerson({ db, clock }: FirstUserDeps): Promise<string> {
  const people = db.sql.selectFrom("people").select("id").where("email", "=", person.email);
  const found = await people.executeTakeFirst();
  if (found) return found.id;
  const hash = await hashPassword(newSecret(), { group: "sandbox", member: "first user" });
  await db.sql
    .insertInto("people")
    .values({ ...person, id: newId(clock.now()), language: null, password_hash: hash, created_at: clock.realNow() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await people.executeTakeFirstOrThrow()).id;
}

async function ensureUser(tx: Tx, { clock, accountId }: FirstUserDeps, personId: string): Promise<string | undefined> {
  const now = clock.now();
  const known = await tx
    .selectFrom("account_users")
    .select(["id", "removed_at"])
    .where("account_id", "=", accountId)
    .where("person_id", "=", personId)
    .orderBy("id", "desc")
    .executeTakeFirst();
  if (known) return known.removed_at ? undefined : known.id;
  const by = "tillkeeper:sandbox";
  const id = newId(now);
  const made = await tx
    .insertInto("account_users")
    .values({
      ...person,
      account_id: accountId,
      id,
      role: "admin",
      stores: null,
      language: null,
      created_at: now,
      created_by: by,
      updated_at: now,
      updated_by: by,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  // Another server on the same database has made it at this moment, or somebody else has this address here.
  if (!made) return undefined;
  await tx
    .updateTable("account_users")
    .set({ person_id: personId, accepted_at: now })
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .execute();
  await recordChange(
    tx,
    clock,
    { accountId, clientId: by, address: "", requestId: "sandbox" },
    {
      action: "user.create",
      subject: { type: "user", id },
      after: { ...person, role: "admin" },
    },
  );
  return id;
}

import type { Tx } from "../../../db/db.ts";
import { asAccount } from "../../../db/tenants/tenant.ts";
import type { Clock } from "../../../platform/clock.ts";
import { newId } from "../../../platform/ids.ts";
import { recordChange } from "../../audit/audit.ts";
import { unmatchedHash } from "../passwords.ts";
import { acceptUser, insertPerson, type UserRow, usersOfPerson } from "../queries.ts";
import type { Visitor } from "../sessions.ts";
import { type Identity, OidcRefusal } from "./provider.ts";

/**
 * The id of the person who has signed in at the provider, who is a user of some account. Once linked it is found by the subject alone;
 * the first time by the verified e-mail address of a person, or of invited users, who accept by this. No other person is made.
 * Throws `OidcRefusal`.
 */
export async function personOfIdentity(tx: Tx, clock: Clock, identity: Identity, visitor: Visitor): Promise<string> {
  const { issuer, subject } = identity;
  const linked = await linkedPerson(tx, identity);
  if (linked !== undefined && (await usersOfPerson(tx, linked)).length > 0) return linked;
  const email = identity.email?.toLowerCase();
  if (email === undefined || !identity.emailVerified) throw new OidcRefusal("email_unverified");
  const personId = await personWithEmail(tx, clock, email, visitor);
  await tx
    .insertInto("person_identities")
    .values({ issuer, subject, person_id: personId, created_at: clock.realNow() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  // The subject is linked to another person, or the person to another subject: an address that has changed hands opens nothing.
  if ((await linkedPerson(tx, identity)) !== personId) throw new OidcRefusal("refused");
  return personId;
}

/** The person to whom a subject is linked. */
async function linkedPerson(
  tx: Tx,
  { issuer, subject }: Pick<Identity, "issuer" | "subject">,
): Promise<string | undefined> {
  const identities = tx.selectFrom("person_identities").select("person_id").where("issuer", "=", issuer);
  return (await identities.where("subject", "=", subject).executeTakeFirst())?.person_id;
}

/** The person with a verified address, who is a user of some account or becomes one by this. */
async function personWithEmail(tx: Tx, clock: Clock, email: string, visitor: Visitor): Promise<string> {
  const people = tx.selectFrom("people").select("id").where("email", "=", email).forUpdate();
  // Another sign-in may have accepted for the same person meanwhile, and the locks have waited for it: read again.
  for (let look = 0; look < 3; look += 1) {
    const known = (await people.executeTakeFirst())?.id;
    // A person who is a user somewhere accepts other invitations by their links: an account must not take over a person of another.
    if (known !== undefined && (await usersOfPerson(tx, known)).length > 0) return known;
    const invited = await invitedUsers(tx, email);
    const [first] = invited;
    const personId = first && (known ?? (await makePerson(tx, clock, email, first)));
    if (personId !== undefined) {
      for (const user of invited) await accept(tx, clock, { user, personId, visitor });
      return personId;
    }
  }
  throw new OidcRefusal("not_invited");
}

/** The users with an e-mail address who have not accepted yet, in one order, as each entry in a log locks its head. */
function invitedUsers(tx: Tx, email: string): Promise<UserRow[]> {
  return tx
    .selectFrom("account_users")
    .selectAll()
    .where((eb) => eb(eb.fn<string>("lower", ["email"]), "=", email))
    .where("person_id", "is", null)
    .where("removed_at", "is", null)
    .orderBy("account_id")
    .forUpdate()
    .execute();
}

/** Makes the person behind an invited user: one without a password. */
function makePerson(tx: Tx, clock: Clock, email: string, { name, language }: UserRow): Promise<string | undefined> {
  const at = clock.realNow();
  return insertPerson(tx, { id: newId(at), email, name, language, password_hash: unmatchedHash, created_at: at });
}

async function accept(
  tx: Tx,
  clock: Clock,
  { user, personId, visitor }: { user: UserRow; personId: string; visitor: Visitor },
): Promise<void> {
  const { account_id: accountId, id } = user;
  await acceptUser(tx, { accountId, id, personId, at: clock.now() });
  const actor = { accountId, clientId: id, address: visitor.address, requestId: visitor.requestId };
  const change = { action: "user.accept", subject: { type: "user", id }, after: { by: "oidc" } };
  await asAccount(tx, accountId, accountId, () => recordChange(tx, clock, actor, change));
}

import type { Tx } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import { newId } from "../../platform/ids.ts";
import { recordChange } from "../audit/audit.ts";
import { unmatchedHash } from "./passwords.ts";
import { acceptUser, findPersonId, insertPerson, insertUser, lastUserOf } from "./queries.ts";

/** An admin without an invitation: the program that makes the account makes this user as well. */
export interface AcceptedUser {
  accountId: string;
  /** In lower case. */
  email: string;
  name: string;
  /** The program that makes the user, and its request, as the audit log names them. */
  by: string;
  requestId: string;
}

/**
 * Returns the id of the admin with an e-mail address, made if there never was one. Such a person has no password: links open their
 * sessions. Undefined where the user was removed, or where another person's invitation has the address.
 */
export async function ensureAcceptedUser(tx: Tx, clock: Clock, user: AcceptedUser): Promise<string | undefined> {
  const { accountId, by, requestId } = user;
  const person = { email: user.email, name: user.name };
  const personId = await ensurePerson(tx, clock, person);
  const known = await lastUserOf(tx, { accountId, personId });
  if (known) return known.removed_at ? undefined : known.id;
  const now = clock.now();
  const made = await insertUser(tx, {
    ...person,
    account_id: accountId,
    id: newId(now),
    role: "admin",
    stores: null,
    language: null,
    created_at: now,
    created_by: by,
    updated_at: now,
    updated_by: by,
  });
  // Another server on the same database has made it at this moment, or another person of the account has this address.
  if (!made) return undefined;
  const { id } = made;
  await acceptUser(tx, { accountId, id, personId, at: now });
  await recordChange(
    tx,
    clock,
    { accountId, clientId: by, address: "", requestId },
    { action: "user.create", subject: { type: "user", id }, after: { ...person, role: "admin" } },
  );
  return id;
}

/** The id of the person, made if there is none. */
async function ensurePerson(tx: Tx, clock: Clock, person: { email: string; name: string }): Promise<string> {
  const at = clock.realNow();
  const made = { ...person, id: newId(at), language: null, password_hash: unmatchedHash, created_at: at };
  const id = (await insertPerson(tx, made)) ?? (await findPersonId(tx, person.email));
  if (id === undefined) throw new Error("the person is neither there nor made");
  return id;
}

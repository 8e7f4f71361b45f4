import type { SignInLink } from "@tillkeeper/contract/http/people";
import type { Kysely } from "kysely";
import type { Tx } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import type { Tables } from "../../db/tables/schema.ts";
import { asAccount } from "../../db/tenants/tenant.ts";
import { inTurn } from "../../db/turns.ts";
import type { RealClock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { networkOf } from "../../platform/http/limits/rate-limit.ts";
import { newId } from "../../platform/ids.ts";
import { recordChange } from "../audit/audit.ts";
import { type GeneratedSecret, hasGeneratedForm, newSecret, sha256 } from "../auth/secrets/secrets.ts";
import { countCodeTry } from "./code-tries.ts";
import { spendCode } from "./codes.ts";
import { linkSeconds } from "./lifetimes.ts";
import { hashPassword, requireNewPassword } from "./passwords.ts";
import {
  acceptUser,
  endSessions,
  hasTotp,
  insertPerson,
  type PersonRow,
  type UserRow,
  usersOfPerson,
} from "./queries.ts";
import { beginSession, type Visitor } from "./sessions.ts";
import { asPerson, attempting, refused, type SignInDeps } from "./sign-in.ts";

type Purpose = keyof typeof linkSeconds;

/** Makes a link for a user, in the caller's transaction. Returns the token, of which the database gets a digest. */
export async function insertLink(
  tx: Tx,
  clock: RealClock,
  {
    accountId,
    userId,
    purpose,
    token = newSecret(),
  }: { accountId: string; userId: string; purpose: Purpose; token?: GeneratedSecret },
): Promise<{ token: string; expiresAt: Date }> {
  const now = clock.realNow();
  const expiresAt = new Date(now.getTime() + linkSeconds[purpose] * 1_000);
  await tx
    .insertInto("sign_in_links")
    .values({
      account_id: accountId,
      user_id: userId,
      token_sha256: sha256(token),
      purpose,
      created_at: now,
      expires_at: expiresAt,
    })
    .execute();
  return { token, expiresAt };
}

/** Whether a link is stored, unused and not expired. */
export async function isLinkOpen(db: Kysely<Tables>, token: GeneratedSecret, now: Date): Promise<boolean> {
  const link = db.selectFrom("sign_in_links").select("user_id").where("token_sha256", "=", sha256(token));
  const open = await link.where("used_at", "is", null).where("expires_at", ">", now).executeTakeFirst();
  return open !== undefined;
}

/** The address of a link. The token stands behind `#`, which browsers send to no server, so that it is in no log. */
export function linkAddress(ownUrl: string, token: string): string {
  return `${ownUrl}/sign-in/link#${token}`;
}

/** What a link is for, as the transaction that uses it has to find it again. */
interface Meant {
  purpose: Purpose;
  user: UserRow;
  /** The person with the user's address, who may be a person of other accounts. */
  person: PersonRow | undefined;
  /** Whether that person has an authenticator. */
  hasCodes: boolean;
}

/**
 * Uses a link, once, and begins a session. An invitation gives a new person a password. A person who has one shows it, as an account
 * must not open sessions of persons of other accounts. For the same reason a reset counts only for a person of that account alone.
 * No link spares a person who has an authenticator its code. Throws `sign_in_link_not_found`, `invalid_request`, `sign_in_refused`,
 * `code_required`, `code_refused`, `sign_in_locked`.
 */
export async function redeemLink(deps: SignInDeps, input: SignInLink, visitor: Visitor): Promise<string> {
  const { db, clock } = deps;
  const network = networkOf(visitor.address);
  if (!hasGeneratedForm(input.token)) throw linkNotFound();
  const digest = sha256(input.token);
  const meant = await inTurn(db, network, () =>
    db.sql.transaction().execute((tx) => findMeant(tx, { digest, now: clock.realNow() })),
  );
  if (!meant) throw linkNotFound();
  return proved(deps, meant, input, visitor, async (hash) => {
    if (meant.person) await countCodeTry(deps, meant.person.id, input.code, visitor);
    return inTurn(db, network, () =>
      retried(() =>
        db.sql.transaction().execute(async (tx) => {
          const now = clock.realNow();
          const found = await findMeant(tx, { digest, now, lock: true });
          // Used, removed or changed while the password was hashed.
          if (!found || found.person?.password_hash !== meant.person?.password_hash) throw linkNotFound();
          const secondFactor = found.person && (await spendCode(tx, deps, found.person.id, input.code));
          await tx.updateTable("sign_in_links").set({ used_at: now }).where("token_sha256", "=", digest).execute();
          const personId = await apply(tx, deps, { ...found, hash, name: input.name, visitor });
          return beginSession(tx, clock, { personId, visitor, by: "link", secondFactor });
        }),
      ),
    );
  });
}

/**
 * Runs `use` for a request that proves what the link asks for beside itself, with the hash of the new password, if it asks for one.
 * A code that `use` refuses counts as a failed attempt.
 */
async function proved<T>(
  deps: SignInDeps,
  { purpose, person, hasCodes }: Meant,
  { password }: SignInLink,
  visitor: Visitor,
  use: (hash: string | undefined) => Promise<T>,
): Promise<T> {
  if (purpose === "invitation" && person) {
    if (password === undefined) throw refused();
    return asPerson(deps, { email: person.email, password }, visitor, () => use(undefined));
  }
  const work = async () => {
    if (purpose === "sign_in") return use(undefined);
    const share = { group: networkOf(visitor.address), member: "link" };
    return use(await hashPassword(requireNewPassword(password), share));
  };
  return person && hasCodes ? attempting(deps, person.email, visitor, work) : work();
}

/** The link that a digest names, if it still works; locked for the transaction that uses it. */
async function findMeant(
  tx: Tx,
  { digest, now, lock = false }: { digest: Buffer; now: Date; lock?: boolean },
): Promise<Meant | undefined> {
  const links = tx
    .selectFrom("sign_in_links")
    .select(["account_id", "user_id", "purpose"])
    .where("token_sha256", "=", digest)
    .where("used_at", "is", null)
    .where("expires_at", ">", now);
  const link = await (lock ? links.forUpdate() : links).executeTakeFirst();
  if (!link) return undefined;
  const users = tx
    .selectFrom("account_users")
    .selectAll()
    .where("account_id", "=", link.account_id)
    .where("id", "=", link.user_id)
    .where("removed_at", "is", null);
  const user = await (lock ? users.forUpdate() : users).executeTakeFirst();
  if (!user || (user.person_id === null) !== (link.purpose === "invitation")) return undefined;
  const people = tx.selectFrom("people").selectAll();
  const named =
    user.person_id === null
      ? people.where("email", "=", user.email.toLowerCase())
      : people.where("id", "=", user.person_id);
  const person = await (lock ? named.forUpdate() : named).executeTakeFirst();
  if (link.purpose === "reset" && (await usersOfPerson(tx, user.person_id ?? "")).length !== 1) return undefined;
  const hasCodes = person !== undefined && (await hasTotp(tx, person.id));
  return { purpose: link.purpose, user, person, hasCodes };
}

/** Returns the person. */
async function apply(
  tx: Tx,
  { clock }: Pick<SignInDeps, "clock">,
  {
    purpose,
    user,
    person,
    hash,
    name,
    visitor,
  }: Omit<Meant, "hasCodes"> & { hash: string | undefined; name: string | undefined; visitor: Visitor },
): Promise<string> {
  const record = (action: string) => {
    const { account_id: accountId, id } = user;
    const actor = { accountId, clientId: id, address: visitor.address, requestId: visitor.requestId };
    return asAccount(tx, accountId, accountId, () =>
      recordChange(tx, clock, actor, { action, subject: { type: "user", id } }),
    );
  };
  if (purpose === "invitation") {
    const personId = person?.id ?? (await personFor(tx, clock, { user, name, hash }));
    await acceptUser(tx, { accountId: user.account_id, id: user.id, personId, at: clock.now(), name });
    await record("user.accept");
    return personId;
  }
  if (!person) throw new Error("a user who has accepted is no person");
  if (hash !== undefined) {
    await tx.updateTable("people").set({ password_hash: hash }).where("id", "=", person.id).execute();
    // Subjects of a provider that were linked to this person are unlinked; the next one with the verified address is linked.
    await tx.deleteFrom("person_identities").where("person_id", "=", person.id).execute();
    await endSessions(tx, { personId: person.id, now: clock.realNow() });
    await record("user.reset");
  }
  return person.id;
}

/** Makes the person who a new user is. */
async function personFor(
  tx: Tx,
  clock: RealClock,
  { user, name, hash }: { user: UserRow; name: string | undefined; hash: string | undefined },
): Promise<string> {
  if (hash === undefined) throw new Error("a new person has no password");
  const at = clock.realNow();
  const id = await insertPerson(tx, {
    id: newId(at),
    email: user.email,
    name: name ?? user.name,
    language: user.language,
    password_hash: hash,
    created_at: at,
  });
  // The person has accepted the invitation of another account at this moment, and has a password now.
  if (id === undefined) throw refused();
  return id;
}

/** One error for links that never existed, were used, or have expired. */
function linkNotFound(): ApiError {
  return new ApiError("sign_in_link_not_found", "This link does not work, or does not work any more.");
}

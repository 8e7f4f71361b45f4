import type { PasswordChange, SignIn } from "@tillkeeper/contract/http/people";
import type { FastifyRequest } from "fastify";
import { retried } from "../../db/retry.ts";
import { inTurn } from "../../db/turns.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import { networkOf } from "../../platform/http/limits/rate-limit.ts";
import type { SignInLimits } from "./limits.ts";
import { hashPassword, matchesPassword } from "./passwords.ts";
import { endSessions, findPerson, type PersonRow, usersOfPerson } from "./queries.ts";
import { beginSession, requireSession, type SessionDeps, type Visitor } from "./sessions.ts";

export interface SignInDeps extends SessionDeps {
  limits: SignInLimits;
}

/**
 * The person whose address and password these are. An unknown address, a wrong password and a person without an account take the same
 * steps and get the same answer. Throws `sign_in_refused`, `sign_in_locked`, `too_many_requests`.
 */
export async function personOf(
  { db, clock, limits }: SignInDeps,
  { email: given, password }: { email: string; password: string },
  { address }: Pick<Visitor, "address">,
): Promise<PersonRow> {
  const network = networkOf(address);
  const email = given.toLowerCase();
  const person = await inTurn(db, network, () => findPerson(db.sql, { email, network, now: clock.realNow() }));
  const attempt = { network, email, known: person?.known ?? false };
  limits.begin(attempt);
  const matches = await matchesPassword(password, person?.password_hash, { group: network, member: email });
  if (!person || !matches) throw refused();
  limits.succeeded(attempt);
  return person;
}

/** Signs a person in. Returns the token of a session that is always a new one. */
export async function signIn(deps: SignInDeps, input: SignIn, visitor: Visitor): Promise<string> {
  const { db, clock } = deps;
  const person = await personOf(deps, input, visitor);
  const token = await inTurn(db, networkOf(visitor.address), () =>
    retried(() =>
      db.sql.transaction().execute(async (tx) => {
        // The password may have been changed, or the last account lost, since it was compared.
        const same = await tx
          .selectFrom("people")
          .select("id")
          .where("id", "=", person.id)
          .where("password_hash", "=", person.password_hash)
          .forShare()
          .executeTakeFirst();
        if (!same || (await usersOfPerson(tx, person.id)).length === 0) return undefined;
        return beginSession(tx, clock, { personId: person.id, visitor, by: "password" });
      }),
    ),
  );
  if (token === undefined) throw refused();
  return token;
}

/** Sets another password, and ends all sessions of the person but the one of the request. Throws `missing_session`, `sign_in_refused`. */
export async function changePassword(
  deps: SignInDeps,
  request: FastifyRequest,
  { current, new: password }: PasswordChange,
): Promise<void> {
  const { db, clock } = deps;
  const session = await requireSession(deps, request);
  const network = networkOf(request.ip);
  const { email } = await inTurn(db, network, () =>
    db.sql.selectFrom("people").select("email").where("id", "=", session.person_id).executeTakeFirstOrThrow(),
  );
  if (current === password) throw invalidRequest({ path: "/body/new", message: "must be another password" });
  const person = await personOf(deps, { email, password: current }, { address: request.ip });
  const hash = await hashPassword(password, { group: network, member: email });
  const changed = await inTurn(db, network, () =>
    retried(() =>
      db.sql.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable("people")
          .set({ password_hash: hash })
          .where("id", "=", person.id)
          .where("password_hash", "=", person.password_hash)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        await endSessions(tx, { personId: person.id, but: session.id, now: clock.realNow() });
        return true;
      }),
    ),
  );
  if (!changed) throw refused();
}

/** The same for every reason. */
export function refused(): ApiError {
  return new ApiError("sign_in_refused", "E-mail address or password is wrong.", {
    headers: { "www-authenticate": "Cookie" },
  });
}

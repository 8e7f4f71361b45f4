import type { PasswordChange, SignIn } from "@tillkeeper/contract/http/people";
import type { FastifyRequest } from "fastify";
import { retried } from "../../db/retry.ts";
import { inTurn } from "../../db/turns.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import { networkOf } from "../../platform/http/limits/rate-limit.ts";
import { countCodeTry } from "./code-tries.ts";
import { type CodeDeps, spendCode } from "./codes.ts";
import type { SignInLimits } from "./limits.ts";
import { hashPassword, matchesPassword } from "./passwords.ts";
import { emailOf, endSessions, findPerson, type PersonRow, usersOfPerson } from "./queries.ts";
import { beginSession, requireSession, type SessionDeps, type Visitor } from "./sessions.ts";

export interface SignInDeps extends SessionDeps, Pick<CodeDeps, "rootKey"> {
  limits: SignInLimits;
}

/**
 * Runs `work` for the person whose address and password these are. An unknown address, a wrong password and a person without an account
 * take the same steps and get the same answer. If `work` refuses a code, the attempt has failed as by a wrong password. Throws
 * `sign_in_refused`, `sign_in_locked`, `too_many_requests`.
 */
export function asPerson<T>(
  deps: SignInDeps,
  { email, password }: { email: string; password: string },
  visitor: Pick<Visitor, "address">,
  work: (person: PersonRow) => Promise<T>,
): Promise<T> {
  return attempting(deps, email, visitor, async (person) => {
    const share = { group: networkOf(visitor.address), member: email.toLowerCase() };
    const matches = await matchesPassword(password, person?.password_hash, share);
    if (!person || !matches) throw refused();
    return work(person);
  });
}

/**
 * Runs `work` as an attempt for an e-mail address: what it refuses as wrong counts as a failed one. It gets the person with the address, if
 * there is one. Throws `sign_in_locked`.
 */
export async function attempting<T>(
  { db, clock, limits }: SignInDeps,
  given: string,
  { address }: Pick<Visitor, "address">,
  work: (person: PersonRow | undefined) => Promise<T>,
): Promise<T> {
  const network = networkOf(address);
  const email = given.toLowerCase();
  const person = await inTurn(db, network, () => findPerson(db.sql, { email, network, now: clock.realNow() }));
  return limits.run({ network, email, known: person?.known ?? false }, () => work(person));
}

/** Signs a person in. Returns the token of a session that is always a new one. Throws `code_required`, `code_refused`, and as `asPerson`. */
export function signIn(deps: SignInDeps, input: SignIn, visitor: Visitor): Promise<string> {
  const { db, clock } = deps;
  return asPerson(deps, input, visitor, async (person) => {
    await countCodeTry(deps, person.id, input.code, visitor);
    return inTurn(db, networkOf(visitor.address), () =>
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
          if (!same || (await usersOfPerson(tx, person.id)).length === 0) throw refused();
          const secondFactor = await spendCode(tx, deps, person.id, input.code);
          return beginSession(tx, clock, { personId: person.id, visitor, by: "password", secondFactor });
        }),
      ),
    );
  });
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
  const email = await inTurn(db, network, () => emailOf(db.sql, session.person_id));
  if (current === password) throw invalidRequest({ path: "/body/new", message: "must be another password" });
  const person = await asPerson(deps, { email, password: current }, { address: request.ip }, async (found) => found);
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

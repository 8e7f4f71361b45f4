import type { Totp, TotpConfirm, TotpConfirmed, TotpEnd, TotpStart, TotpStarted } from "@tillkeeper/contract/http/totp";
import type { FastifyRequest } from "fastify";
import type { Tx } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import { asAccount } from "../../db/tenants/tenant.ts";
import { inTurn } from "../../db/turns.ts";
import { ApiError } from "../../platform/errors.ts";
import { networkOf } from "../../platform/http/limits/rate-limit.ts";
import type { Maker } from "../accounts/accounts.ts";
import { recordChange } from "../audit/audit.ts";
import { countCodeTry } from "./code-tries.ts";
import { codeRefused, insertRecoveryCodes, newTotpSecret, spendCode, stepOf } from "./codes.ts";
import { emailOf, endSessions, findPersonId, usersOfPerson } from "./queries.ts";
import { recordOfPerson, requireSession, visitorOf } from "./sessions.ts";
import { asPerson, attempting, type SignInDeps } from "./sign-in.ts";

/** Whether the person has an authenticator. Throws `missing_session`. */
export async function showTotp(deps: SignInDeps, request: FastifyRequest): Promise<Totp> {
  const session = await requireSession(deps, request);
  return inTurn(deps.db, networkOf(request.ip), async () => {
    const { on, left } = await deps.db.sql
      .selectNoFrom((eb) => [
        eb
          .exists(
            eb
              .selectFrom("person_totp")
              .select("person_id")
              .where("person_id", "=", session.person_id)
              .where("confirmed_at", "is not", null),
          )
          .$castTo<boolean>()
          .as("on"),
        eb
          .selectFrom("person_recovery_codes")
          .select(eb.fn.countAll<string>().as("count"))
          .where("person_id", "=", session.person_id)
          .where("used_at", "is", null)
          .as("left"),
      ])
      .executeTakeFirstOrThrow();
    return { on, recovery_codes_left: Number(left) };
  });
}

/** Makes the secret of an authenticator that is not confirmed yet; it replaces one of before. Throws `sign_in_refused`, `totp_active`. */
export async function startTotp(
  deps: SignInDeps,
  request: FastifyRequest,
  { password }: TotpStart,
): Promise<TotpStarted> {
  const { db, clock } = deps;
  const email = await ownEmail(deps, request);
  return asPerson(deps, { email, password }, visitorOf(request), async (person) => {
    const { encrypted, ...shown } = await newTotpSecret(deps, person);
    const values = { encrypted_secret: encrypted, started_at: clock.realNow() };
    const { numInsertedOrUpdatedRows } = await inTurn(db, networkOf(request.ip), () =>
      db.sql
        .insertInto("person_totp")
        .values({ person_id: person.id, ...values })
        .onConflict((conflict) =>
          conflict.column("person_id").doUpdateSet(values).where("person_totp.confirmed_at", "is", null),
        )
        .executeTakeFirst(),
    );
    if (numInsertedOrUpdatedRows === 0n) throw active();
    return shown;
  });
}

/** Switches the authenticator on by one of its codes. Throws `code_refused`, `sign_in_locked`, `totp_active`, `totp_not_found`. */
export async function confirmTotp(
  deps: SignInDeps,
  request: FastifyRequest,
  { code }: TotpConfirm,
): Promise<TotpConfirmed> {
  const { clock } = deps;
  const visitor = visitorOf(request);
  const session = await requireSession(deps, request);
  const email = await ownEmail(deps, request);
  const codes = await attempting(deps, email, visitor, () =>
    inOwnTransaction(deps, request, async (tx) => {
      const totp = await lockTotp(tx, session.person_id);
      if (!totp) throw notFound();
      if (totp.confirmed_at !== null) throw active();
      const step = await stepOf(deps, totp, code);
      if (step === undefined) throw codeRefused();
      await tx
        .updateTable("person_totp")
        .set({ confirmed_at: clock.realNow(), last_step: String(step) })
        .where("person_id", "=", session.person_id)
        .execute();
      const made = await insertRecoveryCodes(tx, session.person_id);
      await recordOfPerson(tx, clock, { personId: session.person_id, visitor, action: "user.totp_on" });
      return made;
    }),
  );
  return { recovery_codes: codes };
}

/** Ends the authenticator of the person. Throws `sign_in_refused`, `code_refused`, `sign_in_locked`, `totp_not_found`. */
export async function endTotp(deps: SignInDeps, request: FastifyRequest, { password, code }: TotpEnd): Promise<void> {
  const { clock } = deps;
  const visitor = visitorOf(request);
  const email = await ownEmail(deps, request);
  await asPerson(deps, { email, password }, visitor, async ({ id: personId }) => {
    await countCodeTry(deps, personId, code, visitor);
    await inOwnTransaction(deps, request, async (tx) => {
      const totp = await lockTotp(tx, personId);
      if (!totp || totp.confirmed_at === null) throw notFound();
      await spendCode(tx, deps, personId, code);
      await tx.deleteFrom("person_totp").where("person_id", "=", personId).execute();
      await recordOfPerson(tx, clock, { personId, visitor, action: "user.totp_off" });
    });
  });
}

/**
 * Ends the authenticator of a person for whoever runs the server, and all sessions with it: whoever has the phone has none of them. Returns
 * the accounts of the person, whose logs say so; undefined where no such person has an authenticator.
 */
export async function endTotpOfPerson(
  { db, clock }: Pick<SignInDeps, "db" | "clock">,
  maker: Maker,
  email: string,
): Promise<string[] | undefined> {
  return db.sql.transaction().execute(async (tx) => {
    const personId = await findPersonId(tx, email.toLowerCase());
    if (personId === undefined) return undefined;
    const { numDeletedRows } = await tx.deleteFrom("person_totp").where("person_id", "=", personId).executeTakeFirst();
    if (numDeletedRows === 0n) return undefined;
    await endSessions(tx, { personId, now: clock.realNow() });
    const users = await usersOfPerson(tx, personId);
    for (const { account_id: accountId, id } of users) {
      const change = { action: "user.totp_end", subject: { type: "user", id } };
      await asAccount(tx, accountId, accountId, () => recordChange(tx, clock, { ...maker, accountId }, change));
    }
    return users.map(({ account_id: accountId }) => accountId);
  });
}

/** The address of the person who is signed in. Throws `missing_session`. */
async function ownEmail(deps: SignInDeps, request: FastifyRequest): Promise<string> {
  const session = await requireSession(deps, request);
  return inTurn(deps.db, networkOf(request.ip), () => emailOf(deps.db.sql, session.person_id));
}

function inOwnTransaction<T>({ db }: SignInDeps, request: FastifyRequest, work: (tx: Tx) => Promise<T>): Promise<T> {
  return inTurn(db, networkOf(request.ip), () => retried(() => db.sql.transaction().execute(work)));
}

function lockTotp(tx: Tx, personId: string) {
  return tx.selectFrom("person_totp").selectAll().where("person_id", "=", personId).forUpdate().executeTakeFirst();
}

function notFound(): ApiError {
  return new ApiError("totp_not_found", "There is no authenticator.");
}

function active(): ApiError {
  return new ApiError("totp_active", "There is an authenticator already.");
}

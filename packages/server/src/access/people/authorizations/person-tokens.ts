import { createHash, timingSafeEqual } from "node:crypto";
import { frontEndGrantType } from "@tillkeeper/contract/http/client-grants";
import { roleScopes } from "@tillkeeper/contract/roles";
import type { FastifyRequest } from "fastify";
import type { Tx } from "../../../db/db.ts";
import { retried } from "../../../db/retry.ts";
import { inTurn } from "../../../db/turns.ts";
import { ApiError } from "../../../platform/errors.ts";
import { networkOf } from "../../../platform/http/limits/rate-limit.ts";
import type { Principal } from "../../../platform/http/route.ts";
import { commonScopes, shortScopes } from "../../auth/common-scopes.ts";
import { invalidToken } from "../../auth/refusals.ts";
import { hasGeneratedForm, newSecret, sha256 } from "../../auth/secrets/secrets.ts";
import { idleSeconds, personTokenSeconds } from "../lifetimes.ts";
import { noteSeen } from "../queries.ts";
import { limitOf, type SessionDeps } from "../sessions.ts";

type TokenDeps = Pick<SessionDeps, "db" | "clock">;

/** What the token endpoint does for front ends. */
export function personTokens(deps: TokenDeps) {
  return {
    redeem: (shown: ShownCode) => redeemCode(deps, shown),
    end: (token: string, from: string) => endPersonToken(deps, token, from),
  };
}

/** What a front end shows for a token. */
interface ShownCode {
  accountId: string;
  clientId: string;
  code: string;
  redirectUri: string;
  verifier: string;
  /** The network that asks. */
  from: string;
}

/** A token as RFC 6749 section 5.1 answers it. */
interface GivenToken {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  scope: string;
}

/**
 * Exchanges a code for a token, once. A code that comes again ends the token that it was exchanged for (RFC 6749 section 4.1.2). Throws
 * `invalid_grant`.
 */
async function redeemCode(deps: TokenDeps, shown: ShownCode): Promise<GivenToken> {
  const { db, clock } = deps;
  const token = newSecret();
  const given = await inTurn(db, shown.from, () =>
    retried(() =>
      db.sql.transaction().execute(async (tx) => {
        const now = clock.realNow();
        const row = await lockCode(tx, shown, now);
        if (!row) return undefined;
        const change = tx.updateTable("authorizations").where("id", "=", row.id);
        if (row.token_sha256 !== null) {
          // Whoever has the code may also have the token.
          await change.set({ ended_at: now }).execute();
          return undefined;
        }
        const { redirect_uri: redirectUri, code_expires_at: until, code_challenge: challenge } = row;
        if (until <= now || redirectUri !== shown.redirectUri || !matchesChallenge(shown.verifier, challenge))
          return undefined;
        const end = Math.min(now.getTime() + personTokenSeconds * 1_000, row.expires_at.getTime());
        await change.set({ token_sha256: sha256(token), token_expires_at: new Date(end) }).execute();
        const scopes = commonScopes(row.scopes, row.grant_scopes, roleScopes[row.role]);
        return { expires_in: Math.floor((end - now.getTime()) / 1_000), scope: shortScopes(scopes).join(" ") };
      }),
    ),
  );
  // The transaction is over: what it has ended stays ended.
  if (!given) throw new ApiError("invalid_grant", "The code is not accepted.");
  return { access_token: token, token_type: "Bearer", ...given };
}

/** Locks what a code of this client was given for, if its session, grant and user are live. */
function lockCode(tx: Tx, { code, accountId, clientId }: ShownCode, now: Date) {
  return liveAuthorizations(tx, now)
    .select(["authorization.token_sha256", "authorization.redirect_uri", "authorization.code_challenge"])
    .select(["authorization.code_expires_at", "session.expires_at"])
    .where("authorization.code_sha256", "=", sha256(code))
    .where("grant.account_id", "=", accountId)
    .where("grant.client_id", "=", clientId)
    .forUpdate("authorization")
    .executeTakeFirst();
}

/** Authorizations that have not ended, with what they stand on: a live session, a grant, and a person who is a user of the account. */
function liveAuthorizations(db: SessionDeps["db"]["sql"] | Tx, now: Date) {
  return db
    .selectFrom("authorizations as authorization")
    .innerJoin("sessions as session", "session.id", "authorization.session_id")
    .innerJoin("client_grants as grant", "grant.id", "authorization.grant_id")
    .innerJoin("account_users as user", (join) =>
      join.onRef("user.account_id", "=", "grant.audience_account_id").onRef("user.person_id", "=", "session.person_id"),
    )
    .select(["authorization.id", "authorization.session_id", "authorization.scopes"])
    .select(["grant.id as grant_id", "grant.scopes as grant_scopes"])
    .select(["user.account_id", "user.id as user_id", "user.role", "user.stores"])
    .where("authorization.ended_at", "is", null)
    .where("session.ended_at", "is", null)
    .where("session.expires_at", ">", now)
    .where("session.seen_at", ">", new Date(now.getTime() - idleSeconds * 1_000))
    .where("grant.removed_at", "is", null)
    .where("grant.type", "=", frontEndGrantType)
    .where("user.removed_at", "is", null);
}

const verifierForm = /^[\w.~-]{43,128}$/;

function matchesChallenge(verifier: string, challenge: string): boolean {
  if (!verifierForm.test(verifier)) return false;
  const digest = createHash("sha256").update(verifier).digest();
  const expected = Buffer.from(challenge, "base64url");
  return expected.length === digest.length && timingSafeEqual(expected, digest);
}

const bearer = /^Bearer +([\w-]{43})$/i;

/**
 * Whom the token of a front end lets into an account; undefined for a header of another form. It is read with each request, as a session
 * is: an end of session, grant or user counts at once. Throws `invalid_token`.
 */
export async function principalOfPersonToken(
  { db, clock }: TokenDeps,
  request: FastifyRequest,
  authorization: string | undefined,
): Promise<(Principal & { userId: string }) | undefined> {
  const token = bearer.exec(authorization ?? "")?.[1];
  if (token === undefined || !hasGeneratedForm(token)) return undefined;
  const now = clock.realNow();
  const row = await inTurn(db, networkOf(request.ip), async () => {
    const found = await liveAuthorizations(db.sql, now)
      .where("authorization.token_sha256", "=", sha256(token))
      .where("authorization.token_expires_at", ">", now)
      .executeTakeFirst();
    if (found) await noteSeen(db.sql, found.session_id, now);
    return found;
  });
  if (!row) throw invalidToken("It has ended, or is not a token of this server.");
  return {
    accountId: row.account_id,
    clientId: row.user_id,
    clientAccountId: row.account_id,
    grantId: row.grant_id,
    userId: row.user_id,
    scopes: commonScopes(row.scopes, row.grant_scopes, roleScopes[row.role]),
    ...limitOf(row),
  };
}

/** Ends a token, if it is one of a front end (RFC 7009). */
async function endPersonToken({ db, clock }: TokenDeps, token: string, from: string): Promise<void> {
  if (!hasGeneratedForm(token)) return;
  await inTurn(db, from, () =>
    db.sql
      .updateTable("authorizations")
      .set({ ended_at: clock.realNow() })
      .where("token_sha256", "=", sha256(token))
      .where("ended_at", "is", null)
      .execute(),
  );
}

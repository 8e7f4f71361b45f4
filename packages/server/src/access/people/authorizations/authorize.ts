import type { Authorization, AuthorizationRequest, Authorized } from "@tillkeeper/contract/http/authorization";
import type { Scope } from "@tillkeeper/contract/scopes";
import type { FastifyRequest } from "fastify";
import { retried } from "../../../db/retry.ts";
import { asAccount } from "../../../db/tenants/tenant.ts";
import { inTurn } from "../../../db/turns.ts";
import { invalidRequest } from "../../../platform/errors.ts";
import { networkOf } from "../../../platform/http/limits/rate-limit.ts";
import { newId } from "../../../platform/ids.ts";
import { recordChange } from "../../audit/audit.ts";
import { shortScopes } from "../../auth/common-scopes.ts";
import { newSecret, sha256 } from "../../auth/secrets/secrets.ts";
import { codeSeconds } from "../lifetimes.ts";
import { namesOf } from "../queries.ts";
import { requireSession, type SessionDeps, visitorOf } from "../sessions.ts";
import { destinationOf, withParameters } from "./redirects.ts";
import { checkRequest } from "./request.ts";

export interface AuthorizationDeps extends SessionDeps {
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
}

interface Asked {
  accountId: string;
  asked: AuthorizationRequest;
  request: FastifyRequest;
}

/** What a front end asks of the person who is signed in. Throws `missing_session`, and as `checkRequest`. */
export async function showAuthorization(
  deps: AuthorizationDeps,
  { accountId, asked, request }: Asked,
): Promise<Authorization> {
  const { db, ownUrl } = deps;
  const session = await requireSession(deps, request);
  return inTurn(db, networkOf(request.ip), async () => {
    const asking = { accountId, personId: session.person_id, request: asked, place: "query" } as const;
    const { user, client, scopes, fault } = await checkRequest(db.sql, asking);
    const { accounts } = await namesOf(db.sql, [user]);
    return {
      client: { client_id: client.clientId, name: client.name },
      account_name: accounts[0]?.name ?? accountId,
      user_name: user.name,
      returns_to: destinationOf(asked.redirect_uri),
      scopes: shortScopes(scopes) as Scope[],
      ...(fault && { fault }),
      refusal_url: withParameters(asked.redirect_uri, {
        error: fault?.error ?? "access_denied",
        error_description: fault?.description,
        state: asked.state,
        iss: issuerOf(ownUrl(), accountId),
      }),
    };
  });
}

/**
 * Gives the front end a code for the person who is signed in. Throws `missing_session`, `invalid_request` for a request with a fault, and
 * as `checkRequest`.
 */
export async function allowAuthorization(
  deps: AuthorizationDeps,
  { accountId, asked, request }: Asked,
): Promise<Authorized> {
  const { db, clock, ownUrl } = deps;
  const session = await requireSession(deps, request);
  const visitor = visitorOf(request);
  const code = newSecret();
  await inTurn(db, networkOf(request.ip), () =>
    retried(() =>
      db.sql.transaction().execute(async (tx) => {
        const asking = { accountId, personId: session.person_id, request: asked, place: "body" } as const;
        const { user, client, scopes, fault } = await checkRequest(tx, asking);
        if (fault) throw invalidRequest({ path: "/body", message: fault.description });
        const now = clock.realNow();
        const id = newId(now);
        await tx
          .insertInto("authorizations")
          .values({
            id,
            session_id: session.id,
            grant_id: client.grantId,
            redirect_uri: asked.redirect_uri,
            code_challenge: asked.code_challenge ?? "",
            scopes: [...scopes],
            code_sha256: sha256(code),
            code_expires_at: new Date(now.getTime() + codeSeconds * 1_000),
            created_at: now,
          })
          .execute();
        const after = { client_id: client.clientId, session_id: session.id, scopes: shortScopes(scopes) };
        const actor = { accountId, clientId: user.id, address: visitor.address, requestId: visitor.requestId };
        const change = { action: "user.authorize", subject: { type: "user", id: user.id }, after };
        await asAccount(tx, accountId, accountId, () => recordChange(tx, clock, actor, change));
      }),
    ),
  );
  const parameters = { code, state: asked.state, iss: issuerOf(ownUrl(), accountId) };
  return { redirect_to: withParameters(asked.redirect_uri, parameters) };
}

/** An account as the issuer of its tokens, as its metadata name it. */
function issuerOf(ownUrl: string, accountId: string): string {
  return `${ownUrl}/v1/accounts/${accountId}`;
}

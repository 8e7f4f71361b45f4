import type { AuthorizationFault, AuthorizationRequest } from "@tillkeeper/contract/http/authorization";
import { frontEndGrantType } from "@tillkeeper/contract/http/client-grants";
import { roleScopes } from "@tillkeeper/contract/roles";
import type { Kysely } from "kysely";
import type { Tables } from "../../../db/tables/schema.ts";
import { ApiError, invalidRequest } from "../../../platform/errors.ts";
import { commonScopes } from "../../auth/common-scopes.ts";
import { type UserRow, usersOfPerson } from "../queries.ts";
import { isRegistered } from "./redirects.ts";

/** A request whose client and redirect address are known: what else is wrong with it may be told there. */
export interface CheckedRequest {
  user: UserRow;
  client: { clientId: string; name: string; grantId: string };
  scopes: ReadonlySet<string>;
  fault: { error: AuthorizationFault; description: string } | undefined;
}

interface Asking {
  accountId: string;
  personId: string;
  request: AuthorizationRequest;
  /** Where the request stands: in the query, or in the body. */
  place: "query" | "body";
}

/**
 * Checks an authorization request of a person. Throws `account_not_found` for an account in which the person is no user, and
 * `invalid_request` for a client or a redirect address that is not registered there: to such an address nobody is sent.
 */
export async function checkRequest(
  db: Kysely<Tables>,
  { accountId, personId, request, place }: Asking,
): Promise<CheckedRequest> {
  const users = await usersOfPerson(db, personId);
  const user = users.find(({ account_id: id }) => id === accountId);
  if (!user) throw new ApiError("account_not_found", "There is no such account.");
  const client = await findFrontEnd(db, accountId, request.client_id);
  if (!client) {
    const message = `must be that of a client of this account with a grant of the type ${frontEndGrantType}`;
    throw invalidRequest({ path: `/${place}/client_id`, message });
  }
  if (!isRegistered(client.callbacks, request.redirect_uri)) {
    throw invalidRequest({ path: `/${place}/redirect_uri`, message: "must be one of the client's callbacks" });
  }
  const { scope } = request;
  const wanted = scope === undefined ? [] : [scope.split(" ").filter((one) => one !== "")];
  const scopes = commonScopes(roleScopes[user.role], client.scopes, ...wanted);
  return {
    user,
    client: { clientId: request.client_id, name: client.name ?? request.client_id, grantId: client.grant_id },
    scopes,
    fault: faultOf(request, scopes),
  };
}

/** A client of the account to which its people may sign in. */
function findFrontEnd(db: Kysely<Tables>, accountId: string, clientId: string) {
  return db
    .selectFrom("clients")
    .innerJoin("client_grants as grant", (join) =>
      join.onRef("grant.account_id", "=", "clients.account_id").onRef("grant.client_ref", "=", "clients.id"),
    )
    .select(["clients.name", "clients.callbacks", "grant.id as grant_id", "grant.scopes"])
    .where("clients.account_id", "=", accountId)
    .where("clients.client_id", "=", clientId)
    .where("clients.revoked_at", "is", null)
    .where("grant.audience_account_id", "=", accountId)
    .where("grant.type", "=", frontEndGrantType)
    .where("grant.removed_at", "is", null)
    .executeTakeFirst();
}

/** SHA-256 as base64url. */
const challengeForm = /^[\w-]{43}$/;

function faultOf(
  { response_type: type, code_challenge: challenge = "", code_challenge_method: method }: AuthorizationRequest,
  scopes: ReadonlySet<string>,
): CheckedRequest["fault"] {
  if (type !== "code") {
    const error = type === undefined ? "invalid_request" : "unsupported_response_type";
    return { error, description: "response_type must be code" };
  }
  if (!challengeForm.test(challenge) || method !== "S256") {
    const description = "code_challenge must be a SHA-256 digest as base64url, and code_challenge_method S256";
    return { error: "invalid_request", description };
  }
  if (scopes.size > 0) return undefined;
  return { error: "invalid_scope", description: "the grant and the person's role have none of these scopes in common" };
}

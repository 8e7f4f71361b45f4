import type { FastifyRequest } from "fastify";
import { insufficientScope } from "../access/auth/refusals.ts";
import type { Attempts } from "../access/auth/tokens/tokens.ts";
import type { Principals } from "../access/people/principals.ts";
import { ApiError } from "../platform/errors.ts";
import { networkOf, type RateLimits, takeTurn } from "../platform/http/limits/rate-limit.ts";
import { nameClient } from "../platform/http/request-client.ts";
import type { Caller, PowerfulCaller } from "../platform/http/route.ts";

/** What says who sends a request, and how many requests they may send. */
export interface Authorities {
  principals: Principals;
  /** Left out, the server limits no rate. */
  rateLimits?: RateLimits | undefined;
}

/** What a route asks of its callers. */
export interface Asked {
  scopes: readonly string[];
  /** Scopes of which the token needs one, too. */
  also: readonly string[] | undefined;
  givesPower: boolean;
}

/**
 * Checks token or session, then scopes, then account. An account of another tenant looks as if it did not exist (D21). The token needs
 * one of `scopes`, and one of `also` if there are any.
 */
export async function authorize(
  request: FastifyRequest,
  { scopes: accepted, also, givesPower }: Asked,
  { principals, rateLimits }: Authorities,
): Promise<Caller | PowerfulCaller> {
  const { grantId, userId, scopes, ...principal } = await principals.of(request, attemptsOf(request, rateLimits));
  nameClient(request, principal);
  takeTurn(rateLimits?.perClient, `${principal.clientAccountId}/${principal.clientId}`);
  const holdsOne = (list: readonly string[] | undefined) => list?.some((scope) => scopes.has(scope)) ?? true;
  if (!holdsOne(accepted) || !holdsOne(also)) throw insufficientScope(accepted, also);
  const { aid, oid } = request.params as { aid?: string; oid?: string };
  if ((aid ?? oid ?? principal.accountId) !== principal.accountId) {
    throw new ApiError("account_not_found", "There is no such account.");
  }
  const caller = { ...principal, address: request.ip, requestId: request.id };
  if (!givesPower) return { ...caller, scopes };
  if (userId === undefined) return { ...caller, authority: { grantId, scopes, accepted } };
  return { ...caller, authority: { userId, accepted, ...(grantId !== "" && { through: { grantId, scopes } }) } };
}

/**
 * Counts invalid tokens against the network they come from. Tokens that this server has verified before are not
 * counted.
 */
function attemptsOf({ ip }: FastifyRequest, rateLimits: RateLimits | undefined): Attempts {
  const network = networkOf(ip);
  return {
    begin: () => takeTurn(rateLimits?.badTokensPerAddress, network),
    succeeded: () => rateLimits?.badTokensPerAddress.giveBack(network),
  };
}

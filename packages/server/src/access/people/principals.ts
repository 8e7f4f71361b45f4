import type { FastifyRequest } from "fastify";
import type { Principal } from "../../platform/http/route.ts";
import type { Attempts, Tokens } from "../auth/tokens/tokens.ts";
import { principalOfPersonToken } from "./authorizations/person-tokens.ts";
import { principalOfSession, type SessionDeps } from "./sessions.ts";

/** Says who sends a request: a client by its token, or a person by a session or by the token of a front end. */
export interface Principals {
  /**
   * A request with a header `Authorization` is of its token's client, cookies or not. `attempts` counts tokens that are not known
   * yet. Throws `missing_token`, `invalid_token`, `account_not_found`, and what `attempts` throws.
   */
  of(request: FastifyRequest, attempts?: Attempts): Promise<Principal>;
}

/** Makes the service that says who sends a request. */
export function createPrincipals({ tokens, signIn }: { tokens: Tokens; signIn: SessionDeps }): Principals {
  return {
    async of(request, attempts) {
      const { authorization } = request.headers;
      const person = authorization === undefined ? await principalOfSession(signIn, request) : undefined;
      return (
        person ??
        (await principalOfPersonToken(signIn, request, authorization)) ??
        tokens.authenticate(authorization, attempts)
      );
    },
  };
}

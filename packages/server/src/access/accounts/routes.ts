import { accountEndpoints as accounts } from "@tillkeeper/contract/http/accounts";
import type { FastifyRequest } from "fastify";
import { ApiError, nothingHere } from "../../platform/errors.ts";
import { bind, type Route } from "../../platform/http/route.ts";
import { sha256, sha256Matches } from "../auth/secrets/secrets.ts";
import { type AccountDeps, createAccount } from "./accounts.ts";

interface AccountRouteDeps extends AccountDeps {
  bootstrapToken: string | undefined;
}

const bearer = /^Bearer +([\w.~+/-]+=*)$/i;

export function accountRoutes(deps: AccountRouteDeps): Route[] {
  return [
    bind(
      accounts.create,
      ({ body, request }) =>
        createAccount(deps, { clientId: "tillkeeper:bootstrap", address: request.ip, requestId: request.id }, body),
      { givesPower: "the bootstrap token", guard: requireBootstrapToken(deps.bootstrapToken) },
    ),
  ];
}

/** Checks the bootstrap token. On a server without one the route looks as if it did not exist. */
function requireBootstrapToken(token: string | undefined): (request: FastifyRequest) => void {
  // Digests have equal lengths, so comparing them takes a constant time.
  const expected = token === undefined ? undefined : sha256(token);
  return ({ headers }) => {
    if (!expected) throw nothingHere();
    const sent = bearer.exec(headers.authorization ?? "")?.[1];
    if (sent !== undefined && sha256Matches(sent, expected)) return;
    const code = headers.authorization === undefined ? "missing_token" : "invalid_token";
    throw new ApiError(code, "This takes the server's bootstrap token as bearer token.", {
      headers: { "www-authenticate": 'Bearer realm="tillkeeper"' },
    });
  };
}

import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { longestTokenSeconds } from "../../../config/settings.ts";
import { accountOfAudience, accountOfIssuer } from "./audience.ts";

/** The claims of an access token (RFC 9068 section 2.2), and the grant it stems from. */
const AccessToken = Type.Object({
  iss: Type.String(),
  aud: Type.String(),
  sub: Type.String(),
  client_id: Type.String(),
  scope: Type.String(),
  grant: Type.String({ pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" }),
  iat: Type.Integer(),
  exp: Type.Integer(),
  jti: Type.String(),
});
const isAccessToken = Compile(AccessToken);

/** What an access token says. */
export interface Claims {
  /** The account that the client belongs to. */
  issuerAccountId: string;
  /** The account that the token opens. */
  accountId: string;
  clientId: string;
  grantId: string;
  scopes: ReadonlySet<string>;
  expiresAt: number;
}

/** Clocks of servers may differ by this much. */
const clockSkewSeconds = 3_600;

/** What a payload with a valid signature says, or a sentence that tells why it is refused. */
export function readClaims(payload: unknown, acceptedHosts: ReadonlySet<string>, now: Date): Claims | string {
  if (!isAccessToken.Check(payload)) return "It is not an access token of this server.";
  const { iss, aud, sub, client_id, scope, grant, exp }: Static<typeof AccessToken> = payload;
  const issuerAccountId = accountOfIssuer(iss, acceptedHosts);
  if (!issuerAccountId) return "Its issuer is not this server.";
  const accountId = accountOfAudience(aud, acceptedHosts);
  if (!accountId) return "Its audience is not this server.";
  if (client_id !== sub) return "It names two clients.";
  const latest = now.getTime() / 1000 + longestTokenSeconds + clockSkewSeconds;
  if (exp > latest) return "It lives longer than a token of this server may.";
  const scopes = new Set(scope.split(" "));
  return { issuerAccountId, accountId, clientId: sub, grantId: grant, scopes, expiresAt: exp * 1000 };
}

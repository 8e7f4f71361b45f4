import { type CryptoKey, decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import QuickLRU from "quick-lru";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import type { Principal } from "../platform/http/route.ts";
import { newId } from "../platform/ids.ts";
import { accountOfAudience } from "./audience.ts";
import { bearerToken } from "./bearer.ts";
import type { NarrowedGrants } from "./narrowed-grants.ts";
import { grantRemoved, invalidToken } from "./refusals.ts";
import type { SigningKeys } from "./signing-keys.ts";

export interface TokenGrant {
  clientId: string;
  grantId: string;
  audience: string;
  scopes: readonly string[];
}

interface TokenDeps {
  keys: SigningKeys;
  narrowedGrants: NarrowedGrants;
  clock: Clock;
  lifetimeSeconds: number;
  /** Hosts that an audience may name: the documented one and our own. */
  acceptedHosts: () => ReadonlySet<string>;
}

interface Verified {
  principal: Principal;
  expiresAt: number;
}

export interface Tokens {
  lifetimeSeconds: number;
  sign(grant: TokenGrant, issuer: string): Promise<string>;
  /** Who sent this `Authorization` header. Throws `missing_token` or `invalid_token`. */
  authenticate(authorization: string | undefined): Promise<Principal>;
}

/** A client's tokens are issued by the account that it belongs to; the server's address may have changed since. */
const issuerPath = /\/v1\/accounts\/([PT](?:\d{3}|\d{8}))$/;

/** Verifying a signature costs five times what the rest of a request does, so verified tokens are remembered. */
const rememberedTokens = 10_000;

export function createTokens(deps: TokenDeps): Tokens {
  const { keys, narrowedGrants, clock, lifetimeSeconds } = deps;
  const verified = new QuickLRU<string, Verified>({ maxSize: rememberedTokens });

  let generation = keys.generation();

  async function forgetAfterRotation(): Promise<void> {
    await keys.refresh();
    if (keys.generation() === generation) return;
    generation = keys.generation();
    verified.clear();
  }

  return {
    lifetimeSeconds,

    async sign({ clientId, grantId, audience, scopes }, issuer) {
      const now = clock.now();
      const issuedAt = Math.floor(now.getTime() / 1000);
      const { kid, key } = await keys.current();
      return new SignJWT({ scope: scopes.join(" "), client_id: clientId, grant: grantId })
        .setProtectedHeader({ alg: "EdDSA", kid, typ: "at+jwt" })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(clientId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .setJti(newId(now))
        .sign(key);
    },

    async authenticate(authorization) {
      if (!authorization) throw missingToken();
      const token = bearerToken(authorization);
      if (!token) throw invalidToken("The header is not of the form `Bearer <token>`.");
      await forgetAfterRotation();
      await narrowedGrants.refresh();
      let known = verified.get(token);
      if (!known) {
        known = await verify(deps, token).catch((error: unknown) => {
          throw error instanceof errors.JOSEError ? invalidToken(publicReason(error), error) : error;
        });
        verified.set(token, known);
      }
      if (known.expiresAt <= clock.now().getTime()) throw invalidToken("It has expired.");
      return withWhatRemains(known, narrowedGrants.remaining(known.principal.grantId));
    },
  };
}

async function keyOf(keys: SigningKeys, token: string): Promise<CryptoKey | undefined> {
  try {
    const { kid, alg } = decodeProtectedHeader(token);
    return alg === "EdDSA" && kid ? await keys.find(kid) : undefined;
  } catch (error) {
    // The header is not the encoding of a JSON object; anything else is not the caller's fault.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

async function verify({ keys, clock, acceptedHosts }: TokenDeps, token: string): Promise<Verified> {
  const key = await keyOf(keys, token);
  if (!key) throw invalidToken("It is not signed by this server.");
  const { payload } = await jwtVerify(token, key, {
    algorithms: ["EdDSA"],
    currentDate: clock.now(),
    requiredClaims: ["exp", "aud", "sub", "iss", "scope", "grant"],
    typ: "at+jwt",
  });
  const accountId = typeof payload.aud === "string" ? accountOfAudience(payload.aud, acceptedHosts()) : undefined;
  if (!accountId) throw invalidToken("Its audience is not this server.");
  const clientAccountId = issuerPath.exec(payload.iss as string)?.[1];
  if (!clientAccountId) throw invalidToken("Its issuer is not this server.");
  const scopes = new Set(String(payload["scope"]).split(" "));
  const grantId = String(payload["grant"]);
  return {
    principal: { accountId, clientId: payload.sub as string, clientAccountId, grantId, scopes },
    expiresAt: (payload.exp as number) * 1000,
  };
}

/** A token gives what it said when it was made, less what its grant has lost since. */
function withWhatRemains({ principal }: Verified, remaining: ReadonlySet<string> | undefined): Principal {
  if (!remaining) return principal;
  if (remaining.size === 0) throw grantRemoved();
  return { ...principal, scopes: new Set([...principal.scopes].filter((scope) => remaining.has(scope))) };
}

function publicReason(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "It has expired.";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "Its signature does not match.";
  return "It is not a token of this server.";
}

function missingToken(): ApiError {
  return new ApiError("missing_token", "The request carries no access token.", {
    headers: { "www-authenticate": 'Bearer realm="tillkeeper"' },
  });
}

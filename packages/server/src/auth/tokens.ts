import { type CryptoKey, decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import QuickLRU from "quick-lru";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import type { Principal } from "../platform/http/route.ts";
import { newId } from "../platform/ids.ts";
import { accountOfAudience } from "./audience.ts";
import type { SigningKeys } from "./signing-keys.ts";

export interface TokenGrant {
  clientId: string;
  audience: string;
  scopes: readonly string[];
}

interface TokenDeps {
  keys: SigningKeys;
  clock: Clock;
  lifetimeSeconds: number;
  /** Hosts that an audience may name: the documented one and our own. */
  acceptedHosts: () => ReadonlySet<string>;
}

export interface Tokens {
  lifetimeSeconds: number;
  sign(grant: TokenGrant, issuer: string): Promise<string>;
  /** Who sent this `Authorization` header. Throws `missing_token` or `invalid_token`. */
  authenticate(authorization: string | undefined): Promise<Principal>;
}

const bearer = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/** Verifying a signature costs five times what the rest of a request does, so verified tokens are remembered. */
const rememberedTokens = 10_000;

export function createTokens({ keys, clock, lifetimeSeconds, acceptedHosts }: TokenDeps): Tokens {
  const verified = new QuickLRU<string, { principal: Principal; expiresAt: number }>({ maxSize: rememberedTokens });

  let generation = keys.generation();

  async function forgetAfterRotation(): Promise<void> {
    await keys.refresh();
    if (keys.generation() === generation) return;
    generation = keys.generation();
    verified.clear();
  }

  async function verify(token: string): Promise<{ principal: Principal; expiresAt: number }> {
    const key = await keyOf(token, keys);
    if (!key) throw invalidToken("It is not signed by this server.");
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["EdDSA"],
      currentDate: clock.now(),
      requiredClaims: ["exp", "aud", "sub", "scope"],
      typ: "at+jwt",
    });
    const accountId = typeof payload.aud === "string" ? accountOfAudience(payload.aud, acceptedHosts()) : undefined;
    if (!accountId) throw invalidToken("Its audience is not this server.");
    const scopes = new Set(String(payload["scope"]).split(" "));
    return {
      principal: { accountId, clientId: payload.sub as string, scopes },
      expiresAt: (payload.exp as number) * 1000,
    };
  }

  return {
    lifetimeSeconds,

    async sign({ clientId, audience, scopes }, issuer) {
      const now = clock.now();
      const issuedAt = Math.floor(now.getTime() / 1000);
      const { kid, key } = await keys.current();
      return new SignJWT({ scope: scopes.join(" "), client_id: clientId })
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
      const token = bearer.exec(authorization)?.[1];
      if (!token) throw invalidToken("The header is not of the form `Bearer <token>`.");
      await forgetAfterRotation();
      let known = verified.get(token);
      if (!known) {
        known = await verify(token).catch((error: unknown) => {
          throw error instanceof errors.JOSEError ? invalidToken(publicReason(error), error) : error;
        });
        verified.set(token, known);
      }
      if (known.expiresAt <= clock.now().getTime()) throw invalidToken("It has expired.");
      return known.principal;
    },
  };
}

/** The key that a token names, or none for what is no token of ours. */
async function keyOf(token: string, keys: SigningKeys): Promise<CryptoKey | undefined> {
  try {
    const { kid, alg } = decodeProtectedHeader(token);
    return alg === "EdDSA" && kid ? await keys.find(kid) : undefined;
  } catch (error) {
    // The header is not the encoding of a JSON object; anything else is not the caller's fault.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
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

function invalidToken(reason: string, cause?: unknown): ApiError {
  return new ApiError("invalid_token", `The access token is not accepted. ${reason}`, {
    headers: { "www-authenticate": 'Bearer realm="tillkeeper", error="invalid_token"' },
    cause,
  });
}

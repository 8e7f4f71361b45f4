import { type CryptoKey, decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import QuickLRU from "quick-lru";
import type { RealClock } from "../../../platform/clock.ts";
import { ApiError } from "../../../platform/errors.ts";
import type { Principal } from "../../../platform/http/route.ts";
import { newId } from "../../../platform/ids.ts";
import type { SigningKeys } from "../keys/signing-keys.ts";
import type { NarrowedGrants } from "../narrowed-grants.ts";
import { grantRemoved, invalidToken } from "../refusals.ts";
import { bearerToken } from "./bearer.ts";
import { type Claims, readClaims } from "./claims.ts";

export interface TokenGrant {
  clientId: string;
  grantId: string;
  audience: string;
  scopes: readonly string[];
}

interface TokenDeps {
  keys: SigningKeys;
  narrowedGrants: NarrowedGrants;
  clock: RealClock;
  lifetimeSeconds: number;
  /** Hosts that an audience may name: the documented one and our own. */
  acceptedHosts: () => ReadonlySet<string>;
  /** Asked once for each token. */
  grantExists: (grant: Pick<Claims, "issuerAccountId" | "grantId" | "clientId" | "accountId">) => Promise<boolean>;
}

/** Counts the tokens that a network shows and that turn out to be none. */
export interface Attempts {
  /** Before a token is verified. Throws when the network has shown too many. */
  begin(): void;
  /** The token was one. */
  succeeded(): void;
}

interface Verified {
  principal: Principal;
  expiresAt: number;
}

export interface Tokens {
  lifetimeSeconds: number;
  sign(grant: TokenGrant, issuer: string): Promise<string>;
  /**
   * Who sent this `Authorization` header. `attempts` is asked about tokens only that this server has not verified yet.
   * Throws `missing_token`, `invalid_token`, and what `attempts` throws.
   */
  authenticate(authorization: string | undefined, attempts?: Attempts): Promise<Principal>;
}

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
      const now = clock.realNow();
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

    async authenticate(authorization, attempts) {
      if (!authorization) throw missingToken();
      const token = bearerToken(authorization);
      if (!token) throw invalidToken("The header is not of the form `Bearer <token>`.");
      await forgetAfterRotation();
      await narrowedGrants.refresh();
      let known = verified.get(token);
      if (!known) {
        attempts?.begin();
        known = await verify(deps, token).catch((error: unknown) => {
          throw error instanceof errors.JOSEError ? invalidToken(publicReason(error), error) : error;
        });
        attempts?.succeeded();
        verified.set(token, known);
      }
      if (known.expiresAt <= clock.realNow().getTime()) throw invalidToken("It has expired.");
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

/** As RFC 9068 section 4 asks: signature, type, issuer, audience, times; and the grant, which only this server knows. */
async function verify({ keys, clock, acceptedHosts, grantExists }: TokenDeps, token: string): Promise<Verified> {
  const key = await keyOf(keys, token);
  if (!key) throw invalidToken("It is not signed by this server.");
  const { payload } = await jwtVerify(token, key, {
    algorithms: ["EdDSA"],
    currentDate: clock.realNow(),
    typ: "at+jwt",
  });
  const claims = readClaims(payload, acceptedHosts(), clock.realNow());
  if (typeof claims === "string") throw invalidToken(claims);
  const { issuerAccountId: clientAccountId, accountId, clientId, scopes, grantId, expiresAt } = claims;
  if (!(await grantExists(claims))) throw grantRemoved();
  return { principal: { accountId, clientId, clientAccountId, grantId, scopes }, expiresAt };
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

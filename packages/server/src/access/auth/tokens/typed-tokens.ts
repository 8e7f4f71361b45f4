import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { RealClock } from "../../../platform/clock.ts";
import type { SigningKeys } from "../keys/signing-keys.ts";

/** What devices carry. Each is signed and verified as what it is, so that none is ever taken for another. */
export type TokenType = "device+jwt" | "device-nonce+jwt" | "transfer+jwt";

type Payload<Claim extends string> = JWTPayload & { exp: number } & Record<Claim, string>;

export interface TypedTokens {
  sign(type: TokenType, payload: JWTPayload & { exp: number }): Promise<string>;
  /** What a token of this type says, if it says all of that, or why it is refused. */
  verify<Claim extends string>(
    type: TokenType,
    token: string,
    claims: readonly Claim[],
  ): Promise<{ payload: Payload<Claim> } | { payload?: undefined; refused: Error }>;
}

/** Tokens that are signed by the keys of access tokens, and are of types of their own. */
export function typedTokens({ keys, clock }: { keys: SigningKeys; clock: RealClock }): TypedTokens {
  return {
    async sign(typ, payload) {
      const { kid, key } = await keys.current();
      return new SignJWT(payload).setProtectedHeader({ alg: "EdDSA", kid, typ }).sign(key);
    },

    async verify<Claim extends string>(typ: TokenType, token: string, claims: readonly Claim[]) {
      try {
        const { kid } = decodeProtectedHeader(token);
        const key = typeof kid === "string" ? await keys.find(kid) : undefined;
        if (!key) return { refused: new errors.JWSInvalid("unknown key") };
        const verified = await jwtVerify(token, key, {
          algorithms: ["EdDSA"],
          currentDate: clock.realNow(),
          requiredClaims: ["exp", ...claims],
          typ,
        });
        return { payload: verified.payload as Payload<Claim> };
      } catch (error) {
        // Of a header that is no JSON object.
        if (error instanceof errors.JOSEError || error instanceof TypeError) return { refused: error };
        throw error;
      }
    },
  };
}

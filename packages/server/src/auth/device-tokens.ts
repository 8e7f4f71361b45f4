import { randomUUID } from "node:crypto";
import { pairingLimits } from "@tillkeeper/contract/pairing";
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../platform/clock.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** What a device token says: which terminal, and by which of its credentials. */
export interface DeviceIdentity {
  accountId: string;
  terminalId: string;
  credentialId: string;
}

export interface DeviceTokens {
  lifetimeSeconds: number;
  sign(identity: DeviceIdentity): Promise<string>;
  /** Undefined for whatever is not a valid device token. Whether the credential is still the terminal's is for others to say. */
  verify(token: string): Promise<DeviceIdentity | undefined>;
  /** Something new to sign: shows that a proof was made just now, without anybody's clock but the server's. */
  newNonce(): Promise<{ nonce: string; expiresAt: Date }>;
  isNonce(text: string): Promise<boolean>;
}

interface DeviceTokenDeps {
  keys: SigningKeys;
  clock: Clock;
  lifetimeSeconds: number;
}

/** Of another type than every other token of the server: none is ever taken for another. */
const tokenType = "device+jwt";
const nonceType = "device-nonce+jwt";
const form = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Whether a text can be a device token at all; passwords cannot. */
export function looksLikeDeviceToken(text: string): boolean {
  return form.test(text);
}

export function deviceTokens({ keys, clock, lifetimeSeconds }: DeviceTokenDeps): DeviceTokens {
  const secondsNow = () => Math.floor(clock.now().getTime() / 1000);

  async function sign(payload: JWTPayload, typ: string): Promise<string> {
    const { kid, key } = await keys.current();
    return new SignJWT(payload).setProtectedHeader({ alg: "EdDSA", kid, typ }).sign(key);
  }

  async function verify(token: string, typ: string, requiredClaims: string[]): Promise<JWTPayload | undefined> {
    if (!form.test(token)) return undefined;
    try {
      const { kid } = decodeProtectedHeader(token);
      const key = typeof kid === "string" ? await keys.find(kid) : undefined;
      if (!key) return undefined;
      const currentDate = clock.now();
      return (await jwtVerify(token, key, { algorithms: ["EdDSA"], currentDate, requiredClaims, typ })).payload;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
      throw error;
    }
  }

  return {
    lifetimeSeconds,

    sign({ accountId, terminalId, credentialId }) {
      const iat = secondsNow();
      const payload = {
        sub: terminalId,
        account: accountId,
        credential: credentialId,
        iat,
        exp: iat + lifetimeSeconds,
      };
      return sign({ ...payload, jti: randomUUID() }, tokenType);
    },

    async verify(token) {
      const payload = await verify(token, tokenType, ["exp", "sub", "account", "credential"]);
      return (
        payload && {
          accountId: String(payload["account"]),
          terminalId: String(payload.sub),
          credentialId: String(payload["credential"]),
        }
      );
    },

    async newNonce() {
      const exp = secondsNow() + pairingLimits.nonceSeconds;
      return { nonce: await sign({ jti: randomUUID(), exp }, nonceType), expiresAt: new Date(exp * 1000) };
    },

    async isNonce(text) {
      return (await verify(text, nonceType, ["exp", "jti"])) !== undefined;
    },
  };
}

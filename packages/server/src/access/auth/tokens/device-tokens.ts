import { randomUUID } from "node:crypto";
import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { pairingLimits } from "@tillkeeper/contract/pairing";
import type { RealClock } from "../../../platform/clock.ts";
import type { SigningKeys } from "../keys/signing-keys.ts";
import { typedTokens } from "./typed-tokens.ts";

/** The device address in a device token, and the parts of the address. */
export interface DeviceIdentity {
  accountId: string;
  terminalId: string;
  address: string;
}

/** An authenticated device. A token has an end of its own, a password has none. */
export interface AuthenticatedDevice extends DeviceIdentity {
  endsAt?: Date;
}

export interface Nonce {
  id: string;
  expiresAt: Date;
}

export interface DeviceTokens {
  lifetimeSeconds: number;
  sign(address: string): Promise<{ token: string; endsAt: Date }>;
  /** Returns undefined for an invalid token. Callers must check whether the address is still the terminal's. */
  verify(token: string): Promise<AuthenticatedDevice | undefined>;
  /** A value for the device to sign. It shows that the proof is recent, by the server's clock alone. */
  newNonce(): Promise<{ nonce: string; expiresAt: Date }>;
  /** Returns undefined when the text is not a nonce of this server's database, or has expired. */
  readNonce(text: string): Promise<Nonce | undefined>;
}

interface DeviceTokenDeps {
  keys: SigningKeys;
  clock: RealClock;
  lifetimeSeconds: number;
}

const form = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Whether a text can be a device token at all; passwords cannot. */
export function looksLikeDeviceToken(text: string): boolean {
  return form.test(text);
}

/** Creates the service for the tokens and nonces of devices. */
export function deviceTokens({ keys, clock, lifetimeSeconds }: DeviceTokenDeps): DeviceTokens {
  const tokens = typedTokens({ keys, clock });
  const secondsNow = () => Math.floor(clock.realNow().getTime() / 1000);

  return {
    lifetimeSeconds,

    async sign(address) {
      const iat = secondsNow();
      const exp = iat + lifetimeSeconds;
      const token = await tokens.sign("device+jwt", { sub: address, iat, exp, jti: randomUUID() });
      return { token, endsAt: new Date(exp * 1000) };
    },

    async verify(token) {
      if (!looksLikeDeviceToken(token)) return undefined;
      const { payload } = await tokens.verify("device+jwt", token, ["sub"]);
      const identity = payload && readDeviceAddress(payload.sub);
      return identity && { ...identity, endsAt: new Date(payload.exp * 1000) };
    },

    async newNonce() {
      const exp = secondsNow() + pairingLimits.nonceSeconds;
      const nonce = await tokens.sign("device-nonce+jwt", { jti: randomUUID(), exp });
      return { nonce, expiresAt: new Date(exp * 1000) };
    },

    async readNonce(text) {
      if (!looksLikeDeviceToken(text)) return undefined;
      const { payload } = await tokens.verify("device-nonce+jwt", text, ["jti"]);
      return payload && { id: payload.jti, expiresAt: new Date(payload.exp * 1000) };
    },
  };
}

import { isLater, readDeviceAddress } from "@tillkeeper/contract/addresses";
import { sha256Matches } from "../../access/auth/secrets/secrets.ts";
import { bearerToken } from "../../access/auth/tokens/bearer.ts";
import {
  type DeviceIdentity,
  type DeviceTokens,
  looksLikeDeviceToken,
  type ShownIdentity,
} from "../../access/auth/tokens/device-tokens.ts";
import { ApiError } from "../../platform/errors.ts";
import type { FindLiveCredential } from "./find-live.ts";

export interface AuthenticationDeps {
  findLiveCredential: FindLiveCredential;
  deviceTokens: DeviceTokens;
  /** Told of a device whose valid token has an address that the database has not given yet: it went back since. */
  addressAhead: (identity: DeviceIdentity) => Promise<void>;
}

const terminalIdForm = /^([PT]\d{8})-T\d{4,9}$/;

/** The account that a terminal id carries in front, or `undefined` when it has not the form of one. */
export function accountOfTerminalId(terminalId: string): string | undefined {
  return terminalIdForm.exec(terminalId)?.[1];
}

/**
 * The device whose user name, an address, and password these are, if it may connect. The password is the terminal's, or a
 * device token.
 */
export async function authenticateTerminal(
  deps: AuthenticationDeps,
  username: string | undefined,
  password: Buffer | undefined,
): Promise<ShownIdentity | undefined> {
  const { findLiveCredential, deviceTokens } = deps;
  const device = username === undefined ? undefined : readDeviceAddress(username);
  if (!device || !password) return undefined;
  const text = password.toString("latin1");
  if (looksLikeDeviceToken(text)) {
    const identity = await deviceTokens.verify(text);
    return identity && identity.address === username ? stillHeld(deps, identity) : undefined;
  }
  const row = await findLiveCredential(device.accountId, device.terminalId);
  if (!row?.secret_sha256 || row.address !== username || !sha256Matches(password, row.secret_sha256)) return undefined;
  return device;
}

/** A token opens what its address may, as long as that is the terminal's. */
async function stillHeld(deps: AuthenticationDeps, identity: ShownIdentity): Promise<ShownIdentity | undefined> {
  const row = await deps.findLiveCredential(identity.accountId, identity.terminalId);
  if (row && isLater(identity.address, row.address)) await deps.addressAhead(identity);
  return row?.public_key && row.address === identity.address ? identity : undefined;
}

/**
 * Looks whether a device was given a later address than the one that the database knows, by a token that it shows beside
 * another proof.
 */
export async function noticeLaterAddress(deps: AuthenticationDeps, token: string): Promise<void> {
  const identity = await deps.deviceTokens.verify(token);
  if (identity) await stillHeld(deps, identity);
}

const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;
const challenge = { "www-authenticate": 'Bearer realm="tillkeeper devices", Basic realm="tillkeeper devices"' };

/**
 * Which terminal sent this `Authorization` header: `Bearer` with a device token, or `Basic` with the device's
 * address and its password or token. Throws `missing_token` or `invalid_token`.
 */
export async function authenticateDevice(
  deps: AuthenticationDeps,
  authorization: string | undefined,
): Promise<ShownIdentity> {
  if (!authorization) {
    throw new ApiError("missing_token", "The request carries no device token or password.", { headers: challenge });
  }
  const identity = await identityOf(deps, authorization);
  if (identity) return identity;
  throw new ApiError("invalid_token", "The device token or password is not accepted.", { headers: challenge });
}

async function identityOf(deps: AuthenticationDeps, authorization: string): Promise<ShownIdentity | undefined> {
  const token = bearerToken(authorization);
  if (token !== undefined) {
    const identity = await deps.deviceTokens.verify(token);
    return identity && stillHeld(deps, identity);
  }
  const encoded = basic.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, "base64");
  const colon = pair.indexOf(":");
  if (colon < 1) return undefined;
  return authenticateTerminal(deps, pair.subarray(0, colon).toString("utf8"), pair.subarray(colon + 1));
}

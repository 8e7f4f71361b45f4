import { isLaterAddress, readDeviceAddress } from "@tillkeeper/contract/addresses";
import { sha256Matches } from "../../access/auth/secrets/secrets.ts";
import { bearerToken } from "../../access/auth/tokens/bearer.ts";
import {
  type AuthenticatedDevice,
  type DeviceIdentity,
  type DeviceTokens,
  looksLikeDeviceToken,
} from "../../access/auth/tokens/device-tokens.ts";
import { ApiError } from "../../platform/errors.ts";
import type { FindLiveCredential } from "./find-live.ts";

export interface AuthenticationDeps {
  findLiveCredential: FindLiveCredential;
  deviceTokens: DeviceTokens;
  /**
   * Called with a device whose valid token has an address that the database has not given yet: the database went back
   * since.
   */
  addressAhead: (identity: DeviceIdentity) => Promise<void>;
}

const terminalIdForm = /^([PT]\d{8})-T\d{4,9}$/;

/**
 * The account id that a terminal id begins with, or `undefined` for anything that has not the form of a terminal id.
 */
export function accountOfTerminalId(terminalId: string): string | undefined {
  return terminalIdForm.exec(terminalId)?.[1];
}

/**
 * Authenticates a device by its address and a password, or a device token in place of the password. Undefined when the
 * device may not connect.
 */
export async function authenticateTerminal(
  deps: AuthenticationDeps,
  username: string | undefined,
  password: Buffer | undefined,
): Promise<AuthenticatedDevice | undefined> {
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

/** Checks that a token's address is still the terminal's. */
async function stillHeld(
  deps: AuthenticationDeps,
  identity: AuthenticatedDevice,
): Promise<AuthenticatedDevice | undefined> {
  const row = await deps.findLiveCredential(identity.accountId, identity.terminalId);
  if (row && isLaterAddress(identity.address, row.address)) await deps.addressAhead(identity);
  return row?.public_key && row.address === identity.address ? identity : undefined;
}

/**
 * Checks whether a token has a later address than the database knows. For devices that show it beside another proof.
 */
export async function checkForLaterAddress(deps: AuthenticationDeps, token: string): Promise<void> {
  const identity = await deps.deviceTokens.verify(token);
  if (identity) await stillHeld(deps, identity);
}

const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;
const challenge = { "www-authenticate": 'Bearer realm="tillkeeper devices", Basic realm="tillkeeper devices"' };

/**
 * Authenticates the device of a request by its `Authorization` header: `Bearer` with a device token, or `Basic` with
 * address and password or token. Throws `missing_token` or `invalid_token`.
 */
export async function authenticateDevice(
  deps: AuthenticationDeps,
  authorization: string | undefined,
): Promise<AuthenticatedDevice> {
  if (!authorization) {
    throw new ApiError("missing_token", "The request carries no device token or password.", { headers: challenge });
  }
  const identity = await identityOf(deps, authorization);
  if (identity) return identity;
  throw new ApiError("invalid_token", "The device token or password is not accepted.", { headers: challenge });
}

async function identityOf(deps: AuthenticationDeps, authorization: string): Promise<AuthenticatedDevice | undefined> {
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

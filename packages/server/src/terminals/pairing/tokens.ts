import type { DeviceToken, DeviceTokenRequest } from "@tillkeeper/contract/http/devices";
import type { JWK } from "jose";
import type { DeviceIdentity, DeviceTokens } from "../../auth/device-tokens.ts";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { preciseTime } from "../../platform/timestamps.ts";
import type { Admission } from "../admission.ts";
import { type AdmitDeps, admitWhileLive } from "../admit-live.ts";
import { accountOfTerminalId } from "../authentication.ts";
import { findTerminal, type TerminalRow } from "../queries.ts";
import { invalidProof, verifyRenewalProof } from "./proofs.ts";
import { findBySerial, nowhere, type Place } from "./queries.ts";

export interface TokenDeps extends AdmitDeps {
  db: Db;
  clock: Clock;
  deviceTokens: DeviceTokens;
  mqttUrl: () => string;
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
}

/** A new token for a device that holds the key which its terminal is paired with. Throws `invalid_proof`. */
export async function renewToken(deps: TokenDeps, request: DeviceTokenRequest): Promise<DeviceToken> {
  const { terminal_id: named, device_serial_number: serialNumber, proof } = request;
  const subject = named ?? serialNumber;
  if (subject === undefined || (named !== undefined && serialNumber !== undefined)) {
    throw new ApiError("invalid_request", "The request is not valid; see `errors`.", {
      errors: [{ path: "/body", message: "must have either terminal_id or device_serial_number" }],
    });
  }
  const { accountId, terminalId } = (await placeOf(deps.db, { named, serialNumber })) ?? nowhere;
  const credential = await deps.findLiveCredential(accountId, terminalId);
  const publicKey = (credential?.public_key ?? undefined) as JWK | undefined;
  await verifyRenewalProof(deps.deviceTokens, proof, { subject, publicKey });
  // A proof by a key that nobody has does not verify.
  if (!credential) throw new Error("a proof was verified without a credential");
  // Terminals are never removed, and so it is there as long as its credential.
  const terminal = (await inTenant(deps.db, accountId, (tx) => findTerminal(tx, accountId, terminalId))) as TerminalRow;
  const identity = { accountId, terminalId, credentialId: credential.credential_id };
  return issueToken(deps, identity, { storeId: terminal.store_id, reference: undefined, former: "stays" });
}

async function placeOf(
  db: Db,
  { named, serialNumber }: { named: string | undefined; serialNumber: string | undefined },
): Promise<Place | undefined> {
  if (serialNumber !== undefined) return findBySerial(db.sql, serialNumber);
  const accountId = named && accountOfTerminalId(named);
  return accountId ? { accountId, terminalId: named } : undefined;
}

interface About {
  storeId: string;
  reference: string | undefined;
  /** What becomes of connections with an older credential. */
  former: Admission["former"];
}

/** Throws `invalid_proof` when the credential is over meanwhile. */
export async function issueToken(
  deps: TokenDeps,
  identity: DeviceIdentity,
  { storeId, reference, former }: About,
): Promise<DeviceToken> {
  const { deviceTokens, clock, mqttUrl, ownUrl } = deps;
  const token = await deviceTokens.sign(identity);
  const now = clock.now();
  const mqtt = await admitWhileLive(deps, {
    terminalId: identity.terminalId,
    password: token,
    generation: identity.credentialId,
    former,
    expiresAt: new Date(now.getTime() + deviceTokens.lifetimeSeconds * 1000),
  });
  if (!mqtt) throw invalidProof("its key is not the terminal's any more");
  return {
    terminal_id: identity.terminalId,
    account_id: identity.accountId,
    store_id: storeId,
    ...(reference !== undefined && { reference }),
    token,
    token_type: "Bearer",
    expires_in: deviceTokens.lifetimeSeconds,
    mqtt_url: mqttUrl(),
    mqtt_username: mqtt.username,
    mqtt_password: mqtt.password,
    mqtt_client_id: mqtt.clientId,
    https_url: ownUrl(),
    server_time: preciseTime(now),
  };
}

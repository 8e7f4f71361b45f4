import type { DeviceToken, DeviceTokenRequest } from "@tillkeeper/contract/http/devices";
import type { JWK } from "jose";
import type { DeviceIdentity, DeviceTokens } from "../../auth/device-tokens.ts";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { preciseTime } from "../../platform/timestamps.ts";
import { accountOfTerminalId } from "../authentication.ts";
import { findTerminal } from "../queries.ts";
import type { FindLiveCredential } from "../sql/live-credentials.ts";
import { verifyRenewalProof } from "./proofs.ts";
import { findBySerial } from "./queries.ts";

export interface TokenDeps {
  db: Db;
  clock: Clock;
  deviceTokens: DeviceTokens;
  findLiveCredential: FindLiveCredential;
  mqttUrl: () => string;
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
  /** Awaited before a token is answered: a broker that keeps its own list of users has to know it by then. */
  deviceTokenIssued: (terminalId: string, token: string) => Promise<void>;
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
  const terminalId = named ?? (await findBySerial(deps.db.sql, subject))?.terminalId;
  const accountId = terminalId && accountOfTerminalId(terminalId);
  const credential = accountId ? await deps.findLiveCredential(accountId, terminalId) : undefined;
  const publicKey = (credential?.public_key ?? undefined) as JWK | undefined;
  await verifyRenewalProof(deps.deviceTokens, proof, { subject, publicKey });
  // A proof by a key that nobody has does not verify.
  if (!accountId || !credential) throw new Error("a proof was verified without a credential");
  const terminal = await inTenant(deps.db, accountId, (tx) => findTerminal(tx, accountId, terminalId));
  const identity = { accountId, terminalId, credentialId: credential.credential_id };
  return issueToken(deps, identity, { storeId: terminal?.store_id ?? "", reference: undefined });
}

interface About {
  storeId: string;
  reference: string | undefined;
}

export async function issueToken(
  { deviceTokens, clock, mqttUrl, ownUrl, deviceTokenIssued }: TokenDeps,
  identity: DeviceIdentity,
  { storeId, reference }: About,
): Promise<DeviceToken> {
  const token = await deviceTokens.sign(identity);
  await deviceTokenIssued(identity.terminalId, token);
  return {
    terminal_id: identity.terminalId,
    account_id: identity.accountId,
    store_id: storeId,
    ...(reference !== undefined && { reference }),
    token,
    token_type: "Bearer",
    expires_in: deviceTokens.lifetimeSeconds,
    mqtt_url: mqttUrl(),
    https_url: ownUrl(),
    server_time: preciseTime(clock.now()),
  };
}

import type { DeviceToken, DeviceTokenRequest } from "@tillkeeper/contract/http/devices";
import type { JWK } from "jose";
import type { DeviceIdentity, DeviceTokens, Nonce } from "../../auth/device-tokens.ts";
import { inTenant } from "../../db/tenant.ts";
import { inTurn } from "../../db/turns.ts";
import { ApiError } from "../../platform/errors.ts";
import { networkOf, type RateLimit, takeTurn } from "../../platform/http/rate-limit.ts";
import type { OwnAddresses, Reached } from "../../platform/own-addresses.ts";
import { preciseTime } from "../../platform/timestamps.ts";
import type { Admission } from "../admission.ts";
import { type AdmitDeps, admitWhileLive } from "../admit-live.ts";
import { accountOfTerminalId } from "../authentication.ts";
import { noteToken } from "../lapses.ts";
import { findTerminal, type TerminalRow } from "../queries.ts";
import type { LiveCredential } from "../sql/live-credentials.ts";
import { spendNonce } from "./nonces.ts";
import { invalidProof, isSignedBy, type ProofPlace, verifyRenewalProof } from "./proofs.ts";
import { findBySerial, nowhere, type Place } from "./queries.ts";

export interface TokenDeps extends AdmitDeps {
  deviceTokens: DeviceTokens;
  mqttUrl: () => string;
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
  isOwnAddress: OwnAddresses["isOwn"];
}

export interface RenewalDeps extends TokenDeps {
  /** By terminal, and only for proofs that are right: a stranger takes no turns of others. */
  renewals: RateLimit;
}

/**
 * A new token for a device that holds the key which its terminal is paired with. Throws `invalid_proof`, and
 * `too_many_requests` for a device that asks without need.
 */
export async function renewToken(
  deps: RenewalDeps,
  { address, reached }: { address: string; reached: Reached },
  request: DeviceTokenRequest,
): Promise<DeviceToken> {
  const { terminal_id: named, device_serial_number: serialNumber, proof } = request;
  const subject = named ?? serialNumber;
  if (subject === undefined || (named !== undefined && serialNumber !== undefined)) {
    throw new ApiError("invalid_request", "The request is not valid; see `errors`.", {
      errors: [{ path: "/body", message: "must have either terminal_id or device_serial_number" }],
    });
  }
  const { accountId, terminalId, credential } = await holderOf(deps, {
    named,
    serialNumber,
    proof,
    from: networkOf(address),
  });
  const publicKey = (credential?.public_key ?? undefined) as JWK | undefined;
  const nonce = await verifyRenewalProof(proofPlace(deps, reached), proof, { subject, publicKey });
  // A proof by a key that nobody has does not verify.
  if (!credential) throw new Error("a proof was verified without a credential");
  takeTurn(deps.renewals, `${accountId}/${terminalId}`);
  const identity = { accountId, terminalId, credentialId: credential.credential_id };
  // Whoever was there before may still be: the server could not tell the broker, or died before it did.
  const former = credential.admitted_at === null ? "ends" : "stays";
  return issueToken(deps, identity, { reference: undefined, former, nonce });
}

/** What a proof is held against: nonces, and the addresses of this server. */
export function proofPlace({ deviceTokens, isOwnAddress, ownUrl }: TokenDeps, reached: Reached): ProofPlace {
  return { nonces: deviceTokens, isOwn: (origin) => isOwnAddress(origin, reached), ownUrl };
}

interface Asking {
  named: string | undefined;
  serialNumber: string | undefined;
  proof: string;
  /** The network that the request came from. */
  from: string;
}

/** The terminal that asks. Of several with one serial number, in sandbox accounts, it is the terminal whose key signed the proof. */
async function holderOf(
  { db, findLiveCredential }: TokenDeps,
  { named, serialNumber, proof, from }: Asking,
): Promise<Place & { credential: LiveCredential | undefined }> {
  const accountId = named && accountOfTerminalId(named);
  const places =
    serialNumber === undefined
      ? [accountId ? { accountId, terminalId: named } : nowhere]
      : await inTurn(db, from, () => findBySerial(db.sql, serialNumber));
  const holders = await Promise.all(
    (places.length > 0 ? places : [nowhere]).map(async (place) => ({
      ...place,
      credential: await findLiveCredential(place.accountId, place.terminalId),
    })),
  );
  const [first] = holders;
  if (holders.length > 1) {
    for (const holder of holders) if (await isSignedBy(proof, holder.credential?.public_key)) return holder;
  }
  return first as NonNullable<typeof first>;
}

interface About {
  reference: string | undefined;
  /** What becomes of connections with an older credential. */
  former: Admission["former"];
  /** Of the proof that the token is given for, where nothing else has used it up. */
  nonce?: Nonce;
}

/** Throws `invalid_proof` when the credential is over meanwhile, or the nonce was used before. */
export async function issueToken(
  deps: TokenDeps,
  identity: DeviceIdentity,
  { reference, former, nonce }: About,
): Promise<DeviceToken> {
  const { db, deviceTokens, clock, mqttUrl, ownUrl } = deps;
  const { accountId, terminalId, credentialId } = identity;
  const { token, endsAt } = await deviceTokens.sign(identity);
  const { generation, terminal } = await inTenant(db, accountId, async (tx) => {
    if (nonce) await spendNonce(tx, accountId, nonce);
    return {
      // Before the token is given out: what a device has is always known to end.
      generation: await noteToken(tx, identity, endsAt),
      // Terminals are never removed, and so it is there as long as its credential.
      terminal: (await findTerminal(tx, accountId, terminalId)) as TerminalRow,
    };
  });
  const now = clock.now();
  const admission = { terminalId, password: token, former, expiresAt: endsAt };
  const mqtt = generation && (await admitWhileLive(deps, credentialId, { ...admission, generation }));
  if (!mqtt) throw invalidProof("its key is not the terminal's any more");
  return {
    terminal_id: terminalId,
    account_id: accountId,
    store_id: terminal.store_id,
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

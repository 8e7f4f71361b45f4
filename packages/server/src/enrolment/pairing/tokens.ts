import type { DeviceToken, DeviceTokenRequest } from "@tillkeeper/contract/http/devices";
import type { JWK } from "jose";
import { recordChange } from "../../access/audit/audit.ts";
import type { DeviceIdentity, DeviceTokens, Nonce } from "../../access/auth/tokens/device-tokens.ts";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { inTurn } from "../../db/turns.ts";
import { invalidRequest } from "../../platform/errors.ts";
import { networkOf, type RateLimit, takeTurn } from "../../platform/http/limits/rate-limit.ts";
import type { OwnAddresses, Reached } from "../../platform/own-addresses.ts";
import { preciseTime } from "../../platform/timestamps.ts";
import { type AdmitDeps, admitIfLive } from "../../terminals/credentials/admit-if-live.ts";
import { accountOfTerminalId, checkForLaterAddress } from "../../terminals/credentials/authenticate.ts";
import type { LiveCredential } from "../../terminals/credentials/find-live.ts";
import { changeAddress } from "../../terminals/credentials/replace-credential.ts";
import { noteTokenEnd } from "../../terminals/credentials/token-end.ts";
import { findTerminal, lockTerminal, type TerminalRow } from "../../terminals/record/rows.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";
import { spendNonce } from "./nonces.ts";
import { invalidProof, isSignedBy, type ProofPlace, verifyProof } from "./proofs.ts";
import { findBySerial, noTerminal } from "./queries.ts";
import type { Peer } from "./wrong-tries.ts";

export interface TokenDeps extends AdmitDeps {
  deviceTokens: DeviceTokens;
  mqttUrl: () => string;
  /** The server's own URL, without a slash at the end. */
  ownUrl: () => string;
  isOwnAddress: OwnAddresses["isOwn"];
  addressAhead: (identity: DeviceIdentity) => Promise<void>;
}

/** The network address of the device, and the local address that it has connected to. */
export interface RenewalPeer extends Peer {
  reached: Reached;
}

export interface RenewalDeps extends TokenDeps {
  /** The limit per terminal. Only valid proofs count, so a stranger cannot use up a terminal's requests. */
  renewals: RateLimit;
}

/**
 * Issues a new token to a device that holds the key its terminal is paired with. A device that has lost its memory gets
 * another address too (docs/adr/0025-device-addresses.md). Throws `invalid_proof`, and `too_many_requests` for a device
 * that asks without need.
 */
export async function renewToken(
  deps: RenewalDeps,
  { reached, ...peer }: RenewalPeer,
  request: DeviceTokenRequest,
): Promise<DeviceToken> {
  const { terminal_id: named, device_serial_number: serialNumber, proof, memory_lost: memoryLost = false } = request;
  const subject = named ?? serialNumber;
  if (subject === undefined || (named !== undefined && serialNumber !== undefined)) {
    throw invalidRequest({ path: "/body", message: "must have either terminal_id or device_serial_number" });
  }
  if (request.token !== undefined) await checkForLaterAddress(deps, request.token);
  const { accountId, terminalId, credential } = await findHolder(deps, {
    named,
    serialNumber,
    proof,
    from: networkOf(peer.address),
  });
  const publicKey = (credential?.public_key ?? undefined) as JWK | undefined;
  const nonce = await verifyProof(proofPlace(deps, reached), proof, { purpose: "renewal", subject, publicKey });
  // Unreachable: without a credential no proof verifies.
  if (!credential) throw new Error("a proof was verified without a credential");
  takeTurn(deps.renewals, `${accountId}/${terminalId}`);
  const identity = { accountId, terminalId, address: credential.address };
  if (!memoryLost) return issueToken(deps, identity, { reference: undefined, former: undefined, nonce });
  const address = await inTenant(deps.db, accountId, (tx) => giveOtherAddress(tx, deps, identity, { nonce, peer }));
  return issueToken(deps, { ...identity, address }, { reference: undefined, former: identity.address });
}

interface AddressChange {
  nonce: Nonce;
  peer: Peer;
}

/** Gives the device another address: messages to the former one are not for a device that has lost its memory. */
async function giveOtherAddress(
  tx: Tx,
  { clock }: Pick<TokenDeps, "clock">,
  identity: DeviceIdentity,
  { nonce, peer }: AddressChange,
): Promise<string> {
  const { accountId, terminalId, address: before } = identity;
  await lockTerminal(tx, accountId, terminalId);
  await spendNonce(tx, accountId, nonce);
  const address = await changeAddress(tx, clock, identity);
  if (address === undefined) throw notTheKey();
  const subject = { type: "terminal", id: terminalId } as const;
  const actor = { accountId, clientId: "device", ...peer };
  await recordChange(tx, clock, actor, {
    action: "terminal.memory_lost",
    subject,
    before: { address: before },
    after: { address },
  });
  return address;
}

function notTheKey() {
  return invalidProof("its key is not the terminal's any more");
}

/** What a proof is checked against: nonces, and the URLs of this server. */
export function proofPlace({ deviceTokens, isOwnAddress, ownUrl }: TokenDeps, reached: Reached): ProofPlace {
  return { nonces: deviceTokens, isOwn: (origin) => isOwnAddress(origin, reached), ownUrl };
}

interface RenewalRequest {
  named: string | undefined;
  serialNumber: string | undefined;
  proof: string;
  /** The network that the request came from. */
  from: string;
}

/**
 * Finds the terminal of the request. If several terminals, in sandbox accounts, share the serial number, it is the
 * terminal whose key signed the proof.
 */
async function findHolder(
  { db, findLiveCredential }: TokenDeps,
  { named, serialNumber, proof, from }: RenewalRequest,
): Promise<TerminalKey & { credential: LiveCredential | undefined }> {
  const accountId = named && accountOfTerminalId(named);
  const places =
    serialNumber === undefined
      ? [accountId ? { accountId, terminalId: named } : noTerminal]
      : await inTurn(db, from, () => findBySerial(db.sql, serialNumber));
  const holders = await Promise.all(
    (places.length > 0 ? places : [noTerminal]).map(async (place) => ({
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

interface IssueOptions {
  reference: string | undefined;
  /** The address that the new one replaces. */
  former: string | undefined;
  /** The nonce of the proof, unless it is spent already. */
  nonce?: Nonce;
}

/**
 * Issues a token and admits it at the broker. Throws `invalid_proof` when the credential is over meanwhile, or the
 * nonce was used before.
 */
export async function issueToken(
  deps: TokenDeps,
  identity: DeviceIdentity,
  { reference, former, nonce }: IssueOptions,
): Promise<DeviceToken> {
  const { db, deviceTokens, clock, mqttUrl, ownUrl } = deps;
  const { accountId, terminalId, address } = identity;
  const { token, endsAt } = await deviceTokens.sign(address);
  const { generation, terminal } = await inTenant(db, accountId, async (tx) => {
    if (nonce) await spendNonce(tx, accountId, nonce);
    return {
      // Stored before the token is given out, so that every token in use has a known end.
      generation: await noteTokenEnd(tx, identity, endsAt),
      // A terminal's row is never removed, so it exists as long as its credential.
      terminal: (await findTerminal(tx, accountId, terminalId)) as TerminalRow,
    };
  });
  const now = clock.realNow();
  const admission = { address, password: token, former, expiresAt: endsAt };
  const mqtt = generation && (await admitIfLive(deps, { ...admission, generation }));
  if (!mqtt) throw notTheKey();
  return {
    terminal_id: terminalId,
    address,
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

import { setTimeout as sleep } from "node:timers/promises";
import type { DeviceToken, PairRequest } from "@tillkeeper/contract/http/devices";
import { pairingCodeMoves } from "@tillkeeper/contract/pairing";
import { recordChange } from "../../access/audit/audit.ts";
import type { Nonce } from "../../access/auth/tokens/device-tokens.ts";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { inTurn } from "../../db/turns.ts";
import { writeEvents } from "../../events/write.ts";
import { ApiError } from "../../platform/errors.ts";
import { networkOf, type RateLimit, takeTurn } from "../../platform/http/limits/rate-limit.ts";
import type { Reached } from "../../platform/own-addresses.ts";
import { leaveOpenBatch } from "../../presence/telemetry/open-batch.ts";
import { type Replaced, replaceCredential } from "../../terminals/credentials/replace-credential.ts";
import { moveTerminals } from "../../terminals/record/life-cycle.ts";
import { presentTerminal } from "../../terminals/record/present.ts";
import { findTerminal, lockTerminal, type TerminalRow } from "../../terminals/record/rows.ts";
import { codeMatches, compareWithDummy } from "./codes.ts";
import { spendNonce } from "./nonces.ts";
import { type DeviceKey, thumbprintOf, verifyPairingProof } from "./proofs.ts";
import { type CodeRow, findOpenCodes, lockOpenCode, noTerminal, setCode } from "./queries.ts";
import { issueToken, proofPlace, type TokenDeps } from "./tokens.ts";
import type { Peer, WrongTries } from "./wrong-tries.ts";

/**
 * Refusals are delayed to a multiple of so many milliseconds, so that their time does not show how far the check came.
 */
const refusedAfterMs = 200;

export interface PairingDeps extends TokenDeps {
  /** The limit per network and serial number, also for serial numbers that no terminal has. */
  tries: RateLimit;
  wrongTries: WrongTries;
}

/** The network address of the device, and the local address that it has connected to. */
export interface PairingPeer extends Peer {
  reached: Reached;
}

/**
 * Pairs a device with a terminal: its public key becomes the terminal's credential, and the former device is locked
 * out. Throws `too_many_requests`, `invalid_proof`, and one `pairing_refused` for every mistake in serial number and
 * code.
 */
export async function pairDevice(deps: PairingDeps, from: PairingPeer, request: PairRequest): Promise<DeviceToken> {
  const begunAt = performance.now();
  const { device_serial_number: serialNumber, code } = request;
  const { reached, ...peer } = from;
  takeTurn(deps.tries, `${networkOf(peer.address)} ${serialNumber.toLowerCase()}`);
  const expected = { subject: serialNumber, code };
  const { key, nonce } = await verifyPairingProof(proofPlace(deps, reached), request.proof, expected);
  const { db, clock } = deps;
  const open = await inTurn(db, networkOf(peer.address), () => findOpenCodes(db.sql, serialNumber, clock.realNow()));
  const matching = findMatchingCode(open, code);
  if (!matching) {
    const wrong = open.length > 0 ? open : [missingCode];
    await Promise.all(wrong.map((row) => deps.wrongTries.count(serialNumber, row, peer)));
  }
  const attempt = { ...request, key, nonce, thumbprint: await thumbprintOf(key), peer };
  const paired =
    matching && (await inTenant(deps.db, matching.account_id, (tx) => useCode(tx, deps, matching, attempt)));
  if (!matching || !paired) {
    await sleep(refusedAfterMs - ((performance.now() - begunAt) % refusedAfterMs));
    throw pairingRefused();
  }
  const { address, former, reference } = paired;
  const identity = { accountId: matching.account_id, terminalId: matching.terminal_id, address };
  return issueToken(deps, identity, { reference, former });
}

/** Counted for a serial number without an open code, so that all serial numbers take equal steps. */
const missingCode = {
  account_id: noTerminal.accountId,
  terminal_id: noTerminal.terminalId,
  id: "00000000-0000-0000-0000-000000000000",
  code_hash: Buffer.alloc(32),
};

/** Finds the code that was typed. Without open codes it compares with a dummy. */
function findMatchingCode(open: readonly CodeRow[], typed: string): CodeRow | undefined {
  if (open.length === 0) compareWithDummy(typed);
  return open.find((row) => codeMatches(row, typed));
}

interface Attempt extends PairRequest {
  key: DeviceKey;
  nonce: Nonce;
  thumbprint: string;
  peer: Peer;
}

type MatchDeps = Pick<TokenDeps, "clock">;

interface Paired extends Replaced {
  reference: string | undefined;
}

/** Uses the code, which has just matched. Undefined when it is over meanwhile, or another device was first. */
async function useCode(tx: Tx, deps: MatchDeps, matching: CodeRow, attempt: Attempt): Promise<Paired | undefined> {
  const place = { accountId: matching.account_id, terminalId: matching.terminal_id };
  const terminal = await lockTerminal(tx, place.accountId, place.terminalId);
  const code = await lockOpenCode(tx, place);
  if (!terminal || terminal.status === "DELETED" || code?.id !== matching.id) return undefined;
  if (terminal.device_serial_number !== code.device_serial_number || code.expires_at <= deps.clock.realNow()) {
    return undefined;
  }
  await spendNonce(tx, place.accountId, attempt.nonce);
  return pair(tx, deps, { terminal, code, attempt });
}

interface Match {
  terminal: TerminalRow;
  code: CodeRow;
  attempt: Attempt;
}

async function pair(tx: Tx, deps: MatchDeps, { terminal, code, attempt }: Match): Promise<Paired> {
  const { clock } = deps;
  const { account_id: accountId, terminal_id: terminalId } = terminal;
  const { key, thumbprint, peer, agent, device_serial_number: serialNumber } = attempt;
  const used = { status: pairingCodeMoves.device_paired, used_at: clock.realNow(), key_thumbprint: thumbprint };
  await setCode(tx, code, used);
  const device = { publicKey: key.jwk, serialNumber };
  const replaced = await replaceCredential(tx, clock, { accountId, terminalId }, device);
  await leaveOpenBatch(tx, { accountId, terminalId });
  const actor = { accountId, clientId: "device", ...peer };
  await moveTerminals(tx, clock, "device_connected", { accountId, terminalId, told: actor });
  const after = (await findTerminal(tx, accountId, terminalId)) as TerminalRow;
  await writeEvents(tx, [
    {
      accountId,
      type: "terminal_paired",
      cause: "terminal.pair",
      at: clock.now(),
      subject: terminalId,
      storeRef: after.store_ref,
      terminalId,
      actor: actor.clientId,
      requestId: peer.requestId,
      data: {
        terminal_id: terminalId,
        device_serial_number: serialNumber,
        device_address: replaced.address,
        ...(code.reference !== null && { pairing_reference: code.reference }),
      },
    },
  ]);
  await recordChange(tx, clock, actor, {
    action: "terminal.pair",
    subject: { type: "terminal", id: terminalId },
    before: presentTerminal(terminal),
    after: {
      ...presentTerminal(after),
      pairing_code_id: code.id,
      key_thumbprint: thumbprint,
      ...(code.reference !== null && { reference: code.reference }),
      ...(agent !== undefined && { agent }),
    },
  });
  return { ...replaced, reference: code.reference ?? undefined };
}

function pairingRefused(): ApiError {
  return new ApiError("pairing_refused", "The serial number and the code do not pair.", {
    headers: { "www-authenticate": 'DeviceProof realm="tillkeeper devices"' },
  });
}

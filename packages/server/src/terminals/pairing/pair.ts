import { setTimeout as sleep } from "node:timers/promises";
import type { DeviceToken, PairRequest } from "@tillkeeper/contract/http/devices";
import { pairingCodeMoves, pairingLimits } from "@tillkeeper/contract/pairing";
import type { Kysely } from "kysely";
import { recordChange } from "../../audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import type { Tables } from "../../db/schema.ts";
import { inTenant } from "../../db/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import { replaceWithKey } from "../credentials.ts";
import { moveTerminals } from "../life-cycle.ts";
import { presentTerminal } from "../present.ts";
import { findTerminal, lockTerminal, type TerminalRow } from "../queries.ts";
import { sameSerial } from "../serials.ts";
import { codeMatches } from "./codes.ts";
import { type DeviceKey, thumbprintOf, verifyPairingProof } from "./proofs.ts";
import { type CodeRow, findBySerial, listOpenCodes, lockOpenCode, nowhere, type Place, setCode } from "./queries.ts";
import { issueToken, type TokenDeps } from "./tokens.ts";

/** Where a request came from. */
export interface Peer {
  address: string;
  requestId: string;
}

/** No refusal is answered sooner, so that its time does not tell how far the check came. */
const refusedAfterMs = 200;

/**
 * Makes a device a terminal: its public key becomes the terminal's credential, whoever had the one before is locked out.
 * Throws `invalid_proof`, and one and the same `pairing_refused` whatever is wrong with serial number and code.
 */
export async function pairDevice(deps: TokenDeps, peer: Peer, request: PairRequest): Promise<DeviceToken> {
  const begunAt = performance.now();
  const { device_serial_number: serialNumber, code } = request;
  const key = await verifyPairingProof(deps.deviceTokens, request.proof, { subject: serialNumber, code });
  const attempt = { ...request, key, thumbprint: await thumbprintOf(key), peer };
  for (const place of await placesToTry(deps.db.sql, serialNumber, code)) {
    const paired = await inTenant(deps.db, place.accountId, (tx) => tryToPair(tx, deps, place, attempt));
    if (paired) return issueToken(deps, { ...place, credentialId: paired.credentialId }, { ...paired, former: "ends" });
  }
  await sleep(refusedAfterMs - (performance.now() - begunAt));
  throw pairingRefused();
}

/**
 * Sandbox accounts may all have a terminal with the serial number, so the code decides which of them is meant. A code of
 * none of them is a wrong try at each.
 */
async function placesToTry(db: Kysely<Tables>, serialNumber: string, typed: string): Promise<Place[]> {
  const codes = await listOpenCodes(db, serialNumber);
  const meant = codes.filter((code) => codeMatches(code, typed));
  const places = (meant.length > 0 ? meant : codes).map(placeOfCode);
  return places.length > 0 ? places : [(await findBySerial(db, serialNumber))[0] ?? nowhere];
}

function placeOfCode({ account_id: accountId, terminal_id: terminalId }: CodeRow): Place {
  return { accountId, terminalId };
}

interface Attempt extends PairRequest {
  key: DeviceKey;
  thumbprint: string;
  peer: Peer;
}

type MatchDeps = Pick<TokenDeps, "clock" | "tellsApart" | "giveUpRecipient">;

interface Paired {
  credentialId: string;
  reference: string | undefined;
}

/** Undefined when it is refused; what that changes is to be committed all the same. */
async function tryToPair(tx: Tx, deps: MatchDeps, place: Place, attempt: Attempt): Promise<Paired | undefined> {
  const terminal = await lockTerminal(tx, place.accountId, place.terminalId);
  const code = await lockOpenCode(tx, place);
  const matches = codeMatches(code ?? nobodysCode, attempt.code);
  if (!terminal || !code) return undefined;
  const { device_serial_number: serialNumber } = attempt;
  const live = terminal.status !== "DELETED" && sameSerial(terminal.device_serial_number, serialNumber);
  if (!live || !sameSerial(code.device_serial_number, serialNumber)) return undefined;
  if (code.expires_at <= deps.clock.now()) {
    await setCode(tx, code, { status: pairingCodeMoves.time_ran_out });
    return undefined;
  }
  if (!matches) {
    await countWrongTry(tx, code);
    return undefined;
  }
  return pair(tx, deps, { terminal, code, attempt });
}

const nobodysCode = { account_id: "", terminal_id: "", id: "", code_hash: Buffer.alloc(32) };

async function countWrongTry(tx: Tx, code: CodeRow): Promise<void> {
  const failed = code.failed_attempts + 1;
  const over = failed >= pairingLimits.wrongTries;
  await setCode(tx, code, {
    failed_attempts: failed,
    ...(over && { status: pairingCodeMoves.guessed_too_often }),
  });
}

interface Match {
  terminal: TerminalRow;
  code: CodeRow;
  attempt: Attempt;
}

async function pair(tx: Tx, deps: MatchDeps, { terminal, code, attempt }: Match): Promise<Paired> {
  const { clock, giveUpRecipient } = deps;
  const { account_id: accountId, terminal_id: terminalId } = terminal;
  const { key, thumbprint, peer, agent, device_serial_number: serialNumber } = attempt;
  const used = { status: pairingCodeMoves.device_paired, used_at: clock.now(), key_thumbprint: thumbprint };
  await setCode(tx, code, used);
  const credentialId = await replaceWithKey(tx, deps, { accountId, terminalId, publicKey: key.jwk, serialNumber });
  await giveUpRecipient(tx, { accountId, terminalId });
  await moveTerminals(tx, clock, "device_connected", { accountId, terminalId });
  const after = (await findTerminal(tx, accountId, terminalId)) as TerminalRow;
  const actor = { accountId, clientId: "device", ...peer };
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
  return { credentialId, reference: code.reference ?? undefined };
}

function pairingRefused(): ApiError {
  return new ApiError("pairing_refused", "The serial number and the code do not pair.", {
    headers: { "www-authenticate": 'DeviceProof realm="tillkeeper devices"' },
  });
}

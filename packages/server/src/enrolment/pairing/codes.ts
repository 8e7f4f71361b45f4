import { createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import type { Pairing, PairingCode, PairingCodeCreate } from "@tillkeeper/contract/http/devices";
import {
  pairingCodeAlphabet,
  pairingCodeCharacters,
  pairingCodeMoves,
  pairingLimits,
  pairingUri,
  readPairingCode,
  showPairingCode,
} from "@tillkeeper/contract/pairing";
import { recordChange } from "../../access/audit/audit.ts";
import { inTenantWithLiveGrant, type LiveCaller } from "../../access/auth/live-grant.ts";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { type PowerfulCaller, requireExpected } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { preciseTime } from "../../platform/timestamps.ts";
import { presentTerminal, terminalNotFound } from "../../terminals/record/present.ts";
import { findTerminal, lockTerminal } from "../../terminals/record/rows.ts";
import { virtualTerminal } from "../issue-credential.ts";
import { type CodeRow, endOpenCode, listCodes, type NewCode } from "./queries.ts";

export interface PairingCodeDeps {
  db: Db;
  clock: Clock;
  /** The server's own URL, without a slash at the end. */
  ownUrl: () => string;
}

/**
 * Issues a code that a device pairs with, and ends the former one. Throws `terminal_not_found`, and `virtual_terminal`
 * for a terminal without a device.
 */
export function issuePairingCode(
  deps: PairingCodeDeps,
  caller: PowerfulCaller,
  terminalId: string,
  { reference, expires_in }: PairingCodeCreate,
): Promise<Pairing> {
  return inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const terminal = await lockTerminal(tx, caller.accountId, terminalId);
    if (!terminal || terminal.status === "DELETED") throw terminalNotFound();
    requireExpected(live, presentTerminal(terminal));
    if (terminal.simulated) throw virtualTerminal();
    const { device_serial_number: serialNumber } = terminal;
    return addPairingCode(tx, deps, live, { terminalId, serialNumber, reference, seconds: expires_in });
  });
}

interface NewPairingCode {
  terminalId: string;
  serialNumber: string;
  reference: string | undefined;
  seconds?: number | undefined;
}

/** Like `issuePairingCode`, in the transaction of a caller that has locked the terminal. */
export async function addPairingCode(
  tx: Tx,
  { clock, ownUrl }: PairingCodeDeps,
  caller: LiveCaller,
  { terminalId, serialNumber, reference, seconds = pairingLimits.codeSecondsDefault }: NewPairingCode,
): Promise<Pairing> {
  const now = clock.realNow();
  const { accountId } = caller;
  await endOpenCode(tx, { accountId, terminalId }, now, pairingCodeMoves.newer_code_issued);
  const code = newCode();
  const row: NewCode = {
    account_id: accountId,
    id: newId(now),
    terminal_id: terminalId,
    device_serial_number: serialNumber,
    reference: reference ?? null,
    created_at: now,
    created_by: caller.clientId,
    expires_at: new Date(now.getTime() + seconds * 1000),
  };
  await tx
    .insertInto("pairing_codes")
    .values({ ...row, code_hash: hashOf(row, code), status: "open", failed_attempts: 0 })
    .execute();
  await recordChange(tx, clock, caller, {
    action: "terminal.issue_pairing_code",
    subject: { type: "terminal", id: terminalId },
    after: {
      id: row.id,
      device_serial_number: serialNumber,
      expires_at: preciseTime(row.expires_at),
      ...(reference !== undefined && { reference }),
    },
  });
  const shown = showPairingCode(code);
  return {
    code: shown,
    qr_text: pairingUri({ server: ownUrl(), serialNumber, code: shown }),
    expires_at: preciseTime(row.expires_at),
    ...(reference !== undefined && { reference }),
  };
}

function newCode(): string {
  const letters = Array.from(
    { length: pairingCodeCharacters },
    () => pairingCodeAlphabet[randomInt(pairingCodeAlphabet.length)],
  );
  return letters.join("");
}

type Identity = Pick<CodeRow, "account_id" | "terminal_id" | "id">;

/** An HMAC keyed by terminal and code id, so that equal codes of different terminals have different hashes. */
function hashOf({ account_id, terminal_id, id }: Identity, code: string): Buffer {
  return createHmac("sha256", `${account_id}/${terminal_id}/${id}`).update(code).digest();
}

/** Compares in constant time. */
export function codeMatches(row: Identity & Pick<CodeRow, "code_hash">, typed: string): boolean {
  return timingSafeEqual(hashOf(row, readPairingCode(typed)), row.code_hash);
}

const dummyCode = { account_id: "", terminal_id: "", id: "", code_hash: randomBytes(32) };

/**
 * Does the work of `codeMatches` where there is no code, so that the time does not differ. It returns nothing, so it
 * can never count as a match.
 */
export function compareWithDummy(typed: string): void {
  codeMatches(dummyCode, typed);
}

/** The codes of a terminal, newest first, without the secret texts. Throws `terminal_not_found`. */
export async function getPairingCodes(
  { db, clock }: Pick<PairingCodeDeps, "db" | "clock">,
  accountId: string,
  terminalId: string,
): Promise<PairingCode[]> {
  const rows = await inTenant(db, accountId, async (tx) => {
    if (!(await findTerminal(tx, accountId, terminalId))) throw terminalNotFound();
    return listCodes(tx, accountId, terminalId);
  });
  const now = clock.realNow();
  return rows.map((row) => presentCode(row, now));
}

function presentCode(row: CodeRow, now: Date): PairingCode {
  const over = row.status === "open" && row.expires_at <= now;
  return {
    id: row.id,
    ...(row.reference !== null && { reference: row.reference }),
    status: over ? pairingCodeMoves.time_ran_out : row.status,
    device_serial_number: row.device_serial_number,
    created_at: preciseTime(row.created_at),
    created_by: row.created_by,
    expires_at: preciseTime(row.expires_at),
    ...(row.used_at && { used_at: preciseTime(row.used_at) }),
    failed_attempts: row.failed_attempts,
    ...(row.key_thumbprint !== null && { key_thumbprint: row.key_thumbprint }),
  };
}

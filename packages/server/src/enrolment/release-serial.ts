import { isSandboxAccount } from "@tillkeeper/contract/accounts";
import { pairingCodeMoves } from "@tillkeeper/contract/pairing";
import { type Actor, recordChange } from "../access/audit/audit.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { newId } from "../platform/ids.ts";
import { endCredentialWith } from "../terminals/credentials/end-later.ts";
import { markDeleted } from "../terminals/record/life-cycle.ts";
import { presentTerminal } from "../terminals/record/present.ts";
import { findTerminal, lockTerminal, type TerminalRow } from "../terminals/record/rows.ts";
import type { TerminalKey } from "../terminals/terminal-keys.ts";
import { endOpenCode, findBySerial } from "./pairing/queries.ts";

interface Wanted {
  serialNumber: string;
  /** Also release a serial number whose terminal has a credential; its device is locked out. */
  paired: boolean;
}

interface ReleaseDeps {
  db: Db;
  clock: Clock;
}

type Outcome = TerminalKey & { outcome: "released" | "in use" };

/**
 * Releases a serial number of a live account: its terminal is deleted, as if by the account itself. For the operator of
 * the server, when the hardware belongs to another account. Undefined if no live account has the serial number. Answers
 * "in use" and changes nothing if the terminal has a credential and `paired` is false.
 */
export async function releaseSerial(
  deps: ReleaseDeps,
  actor: Omit<Actor, "accountId">,
  { serialNumber, paired }: Wanted,
): Promise<Outcome | undefined> {
  const places = await findBySerial(deps.db.sql, serialNumber);
  const place = places.find(({ accountId }) => !isSandboxAccount(accountId));
  if (!place) return undefined;
  const outcome = await inTenant(deps.db, place.accountId, (tx) =>
    release(tx, deps.clock, { ...actor, accountId: place.accountId }, { ...place, paired }),
  );
  return outcome && { ...place, outcome };
}

async function release(
  tx: Tx,
  clock: Clock,
  actor: Actor,
  { paired, ...place }: TerminalKey & { paired: boolean },
): Promise<Outcome["outcome"] | undefined> {
  const { accountId, terminalId } = place;
  const row = await lockTerminal(tx, accountId, terminalId);
  if (!row || row.status === "DELETED") return undefined;
  if (!paired && (await hasCredential(tx, place))) return "in use";
  // Ends the credential at once, as it refers to an operation that does not exist. A running server removes it and
  // informs the broker.
  await endCredentialWith(tx, place, newId(clock.now()));
  await markDeleted(tx, clock, place, actor);
  await endOpenCode(tx, place, clock.realNow(), pairingCodeMoves.terminal_deleted);
  await recordChange(tx, clock, actor, {
    action: "terminal.release",
    subject: { type: "terminal", id: terminalId },
    before: presentTerminal(row),
    after: presentTerminal((await findTerminal(tx, accountId, terminalId)) as TerminalRow),
  });
  return "released";
}

async function hasCredential(tx: Tx, { accountId, terminalId }: TerminalKey): Promise<boolean> {
  const row = await tx
    .selectFrom("terminal_credentials")
    .select("address")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst();
  return row !== undefined;
}

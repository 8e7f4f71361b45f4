import { pairingCodeMoves } from "@tillkeeper/contract/pairing";
import { type Actor, recordChange } from "../audit/audit.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { newId } from "../platform/ids.ts";
import { markDeleted } from "./life-cycle.ts";
import { endOpenCode, findBySerial, type Place } from "./pairing/queries.ts";
import { presentTerminal } from "./present.ts";
import { findTerminal, lockTerminal, type TerminalRow } from "./queries.ts";

interface Wanted {
  serialNumber: string;
  /** Also where a device may be at work: it is locked out. */
  paired: boolean;
}

interface ReleaseDeps {
  db: Db;
  clock: Clock;
}

type Outcome = Place & { outcome: "released" | "in use" };

/**
 * Frees a serial number that a live account has claimed: its terminal is deleted, as if the account had done so itself.
 * For the operator of the server, when the hardware turns out to be another account's. Answers undefined where no live
 * account has the serial number; "in use", and changes nothing, where the terminal has a credential.
 */
export async function releaseSerial(
  deps: ReleaseDeps,
  actor: Omit<Actor, "accountId">,
  { serialNumber, paired }: Wanted,
): Promise<Outcome | undefined> {
  const places = await findBySerial(deps.db.sql, serialNumber);
  const place = places.find(({ accountId }) => accountId.startsWith("P"));
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
  { paired, ...place }: Place & { paired: boolean },
): Promise<Outcome["outcome"] | undefined> {
  const { accountId, terminalId } = place;
  const row = await lockTerminal(tx, accountId, terminalId);
  if (!row || row.status === "DELETED") return undefined;
  if (!paired && (await hasCredential(tx, place))) return "in use";
  await endCredentialLater(tx, clock, place);
  await markDeleted(tx, clock, place, actor.clientId);
  await endOpenCode(tx, place, clock.realNow(), pairingCodeMoves.terminal_deleted);
  await recordChange(tx, clock, actor, {
    action: "terminal.release",
    subject: { type: "terminal", id: terminalId },
    before: presentTerminal(row),
    after: presentTerminal((await findTerminal(tx, accountId, terminalId)) as TerminalRow),
  });
  return "released";
}

async function hasCredential(tx: Tx, { accountId, terminalId }: Place): Promise<boolean> {
  const row = await tx
    .selectFrom("terminal_credentials")
    .select("address")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * It opens nothing from now on, because the operation that it would end with is none. A server that runs on this database
 * takes it away and tells the broker.
 */
async function endCredentialLater(tx: Tx, clock: Clock, { accountId, terminalId }: Place): Promise<void> {
  await tx
    .updateTable("terminal_credentials")
    .set({ ends_with: newId(clock.now()) })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .execute();
}

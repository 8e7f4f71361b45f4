import { type PairingCodeStatus, pairingCodeMoves } from "@tillkeeper/contract/pairing";
import { type Kysely, type Selectable, sql, type Updateable } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { lowerOf, serialKey } from "../../terminals/record/serials.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";

export type CodeRow = Selectable<Tables["pairing_codes"]>;
export type NewCode = Omit<
  CodeRow,
  "code_hash" | "status" | "used_at" | "key_thumbprint" | "failed_attempts" | "wrong_tries_from"
>;

/**
 * An account and terminal that do not exist, so that an unknown serial number takes steps equal to those of a known
 * one.
 */
export const noTerminal: TerminalKey = { accountId: "T00000000", terminalId: "T00000000-T0000" };

/** More than any caller reads; older codes are in the audit log. */
const mostCodes = 100;

export function listCodes(db: Kysely<Tables>, accountId: string, terminalId: string): Promise<CodeRow[]> {
  return db
    .selectFrom("pairing_codes")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .orderBy("id", "desc")
    .limit(mostCodes)
    .execute();
}

/** The open codes of all accounts that a device with this serial number may pair by. */
export function findOpenCodes(db: Kysely<Tables>, serialNumber: string, now: Date): Promise<CodeRow[]> {
  return db
    .selectFrom("terminals")
    .innerJoin("pairing_codes", (join) =>
      join
        .onRef("pairing_codes.account_id", "=", "terminals.account_id")
        .onRef("pairing_codes.terminal_id", "=", "terminals.terminal_id")
        .onRef("pairing_codes.device_serial_number", "=", "terminals.device_serial_number"),
    )
    .selectAll("pairing_codes")
    .where((eb) => eb(lowerOf(eb.ref("terminals.device_serial_number")), "=", serialKey(serialNumber)))
    .where("terminals.status", "<>", "DELETED")
    .where("pairing_codes.status", "=", "open")
    .where("pairing_codes.expires_at", ">", now)
    .execute();
}

/**
 * The live terminals of all accounts with this serial number: at most one of a live account, and any number of sandbox
 * accounts. Sorted by the time of their credentials, newest first.
 */
export function findBySerial(db: Kysely<Tables>, serialNumber: string): Promise<TerminalKey[]> {
  return db
    .selectFrom("terminals")
    .leftJoin("terminal_credentials as credential", (join) =>
      join
        .onRef("credential.account_id", "=", "terminals.account_id")
        .onRef("credential.terminal_id", "=", "terminals.terminal_id"),
    )
    .select(["terminals.account_id as accountId", "terminals.terminal_id as terminalId"])
    .where((eb) => eb(lowerOf(eb.ref("terminals.device_serial_number")), "=", serialKey(serialNumber)))
    .where("terminals.status", "<>", "DELETED")
    .orderBy("credential.created_at", (order) => order.desc().nullsLast())
    .orderBy("terminals.account_id")
    .execute();
}

/** Finds and locks a terminal's open code: until the end of the transaction no other one counts on it. */
export function lockOpenCode(db: Kysely<Tables>, { accountId, terminalId }: TerminalKey): Promise<CodeRow | undefined> {
  return db
    .selectFrom("pairing_codes")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("status", "=", "open")
    .forUpdate()
    .executeTakeFirst();
}

/**
 * Ends the terminal's open code, if there is one. An expired code gets the status of an expired one instead of
 * `status`.
 */
export async function endOpenCode(
  db: Kysely<Tables>,
  { accountId, terminalId }: TerminalKey,
  now: Date,
  status: Exclude<PairingCodeStatus, "open">,
): Promise<void> {
  await db
    .updateTable("pairing_codes")
    .set({
      status: sql<PairingCodeStatus>`case when expires_at <= ${now}::timestamptz then ${pairingCodeMoves.time_ran_out}::text else ${status}::text end`,
    })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("status", "=", "open")
    .execute();
}

type Outcome = Pick<
  Updateable<Tables["pairing_codes"]>,
  "status" | "used_at" | "key_thumbprint" | "failed_attempts" | "wrong_tries_from"
>;

export async function setCode(db: Kysely<Tables>, code: CodeRow, outcome: Outcome): Promise<void> {
  await db
    .updateTable("pairing_codes")
    .set(outcome)
    .where("account_id", "=", code.account_id)
    .where("id", "=", code.id)
    .execute();
}

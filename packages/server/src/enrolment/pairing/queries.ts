import { type PairingCodeStatus, pairingCodeMoves } from "@tillkeeper/contract/pairing";
import { type Kysely, type Selectable, sql, type Updateable } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { lowerOf, serialKey } from "../../terminals/record/serials.ts";

export type CodeRow = Selectable<Tables["pairing_codes"]>;
export type NewCode = Omit<
  CodeRow,
  "code_hash" | "status" | "used_at" | "key_thumbprint" | "failed_attempts" | "wrong_tries_from"
>;

export interface Place {
  accountId: string;
  terminalId: string;
}

/** What the account of nobody finds nothing in, so that an unknown serial number takes the same steps as a known one. */
export const nowhere: Place = { accountId: "T00000000", terminalId: "T00000000-T0000" };

/** More than anybody reads; older ones stand in the audit log. */
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

/** The open codes that a device with this serial number may pair by, in all accounts. */
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
 * The live terminals with this serial number in all accounts: at most one of a live account, and any number of sandbox
 * accounts. They are sorted by the time of their credentials, newest first.
 */
export function findBySerial(db: Kysely<Tables>, serialNumber: string): Promise<Place[]> {
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

/** Nothing else counts on this code until the transaction ends. */
export function lockOpenCode(db: Kysely<Tables>, { accountId, terminalId }: Place): Promise<CodeRow | undefined> {
  return db
    .selectFrom("pairing_codes")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("status", "=", "open")
    .forUpdate()
    .executeTakeFirst();
}

/** Ends the terminal's open code, if there is one; one whose time ran out says that of itself. */
export async function endOpenCode(
  db: Kysely<Tables>,
  { accountId, terminalId }: Place,
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

import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import type { Expression, ExpressionBuilder, Kysely, Selectable, SqlBool } from "kysely";
import { jsonObjectFrom } from "kysely/helpers/postgres";
import type { Tables } from "../../db/tables/schema.ts";
import { lowerOf, serialKey } from "./serials.ts";

/** A terminal, with the fields of its store that answers show. */
export type TerminalRow = Selectable<Tables["terminals"]> & { store_id: string; store_name: string | null };

export interface DestinationRow {
  payout_destination_id: string;
  case_status: string;
  type: string;
  merchant_category_code: string | null;
}

export interface TerminalFilter {
  status?: TerminalStatus[];
  device_model?: string[];
  device_serial_number?: string[];
  terminal_id?: string[];
  store_id?: string[];
  payout_destination_id?: string[];
}

export interface Page extends TerminalFilter {
  /** Only terminals with lower numbers. */
  below: number | undefined;
  limit: number;
  includeDeleted: boolean;
  includeStore: boolean;
}

/** A further condition on the terminals of a page. */
export type Narrowing = (builder: ExpressionBuilder<Tables, "terminals">) => Expression<SqlBool>;

export type ListedRow = TerminalRow & { destination?: DestinationRow | null };

function selectTerminals(db: Kysely<Tables>, accountId: string) {
  return db
    .selectFrom("terminals")
    .innerJoin("stores", (join) =>
      join.onRef("stores.account_id", "=", "terminals.account_id").onRef("stores.id", "=", "terminals.store_ref"),
    )
    .selectAll("terminals")
    .select(["stores.store_id", "stores.store_name"])
    .where("terminals.account_id", "=", accountId);
}

export function findTerminal(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<TerminalRow | undefined> {
  return selectTerminals(db, accountId).where("terminals.terminal_id", "=", terminalId).executeTakeFirst();
}

/**
 * Finds a terminal and locks it until the transaction ends. It is locked before its store is looked up: a statement that
 * joins and locks in one finds nothing when the transaction that it waited for has moved the terminal, because
 * PostgreSQL compares the new row with the store of the old one (its documentation, section 13.2.1).
 */
export async function lockTerminal(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<TerminalRow | undefined> {
  await db
    .selectFrom("terminals")
    .select("terminal_id")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .forNoKeyUpdate()
    .execute();
  return findTerminal(db, accountId, terminalId);
}

/**
 * Lists terminals, newest first, at most `limit` rows. The page is cut before stores are joined, so that its cost does
 * not depend on the number of terminals and stores.
 */
export function listTerminals(
  db: Kysely<Tables>,
  accountId: string,
  page: Page,
  narrowing?: Narrowing,
): Promise<ListedRow[]> {
  return db
    .selectFrom(pageOf(db, accountId, page, narrowing).as("terminals"))
    .innerJoin("stores", (join) =>
      join.onRef("stores.account_id", "=", "terminals.account_id").onRef("stores.id", "=", "terminals.store_ref"),
    )
    .selectAll("terminals")
    .select(["stores.store_id", "stores.store_name"])
    .$if(page.includeStore, (query) =>
      query.select((eb) =>
        jsonObjectFrom(
          eb
            .selectFrom("payout_destinations")
            .select([
              "payout_destinations.payout_destination_id",
              "payout_destinations.case_status",
              "payout_destinations.type",
              "payout_destinations.merchant_category_code",
            ])
            .whereRef("payout_destinations.account_id", "=", "stores.account_id")
            .whereRef("payout_destinations.payout_destination_id", "=", "stores.payout_destination_id"),
        ).as("destination"),
      ),
    )
    .orderBy("terminals.number", "desc")
    .execute();
}

function pageOf(db: Kysely<Tables>, accountId: string, filter: Page, narrowing?: Narrowing) {
  let query = db
    .selectFrom("terminals")
    .selectAll("terminals")
    .where("terminals.account_id", "=", accountId)
    .orderBy("terminals.number", "desc")
    .limit(filter.limit);
  if (filter.below !== undefined) query = query.where("terminals.number", "<", filter.below);
  if (filter.status === undefined && !filter.includeDeleted) query = query.where("terminals.status", "<>", "DELETED");
  for (const column of ["status", "device_model", "terminal_id"] as const) {
    const values = filter[column];
    // A single value is compared with `=`: only then does the index deliver the order of the page.
    if (values?.length === 1) query = query.where(`terminals.${column}`, "=", values[0] as string);
    else if (values) query = query.where(`terminals.${column}`, "in", values);
  }
  if (filter.device_serial_number) {
    query = query.where("terminals.terminal_id", "in", terminalsOfDevices(db, accountId, filter.device_serial_number));
  }
  if (filter.store_id) {
    query = query.where("terminals.store_ref", "in", storesWithIds(db, accountId, filter.store_id));
  }
  if (filter.payout_destination_id) {
    query = query.where("terminals.store_ref", "in", storesOf(db, accountId, filter.payout_destination_id));
  }
  return narrowing ? query.where(narrowing) : query;
}

/**
 * The ids of the terminals that have, or had, these serial numbers. They are few in any fleet, so the page is looked up
 * from them.
 */
function terminalsOfDevices(db: Kysely<Tables>, accountId: string, serials: string[]) {
  const keys = serials.map(serialKey);
  return db
    .selectFrom("terminals as device")
    .select("device.terminal_id")
    .where("device.account_id", "=", accountId)
    .where((eb) => eb(lowerOf(eb.ref("device.device_serial_number")), "in", keys))
    .union(
      db
        .selectFrom("terminal_devices")
        .select("terminal_devices.terminal_id")
        .where("terminal_devices.account_id", "=", accountId)
        .where((eb) => eb(lowerOf(eb.ref("terminal_devices.device_serial_number")), "in", keys)),
    );
}

function storesOf(db: Kysely<Tables>, accountId: string, destinationIds: string[]) {
  return db
    .selectFrom("stores")
    .select("stores.id")
    .where("stores.account_id", "=", accountId)
    .where("stores.payout_destination_id", "in", destinationIds);
}

function storesWithIds(db: Kysely<Tables>, accountId: string, ids: string[]) {
  return db
    .selectFrom("stores")
    .select("stores.id")
    .where("stores.account_id", "=", accountId)
    .where((eb) => eb.or([eb("stores.store_id", "in", ids), eb("stores.id", "in", ids)]));
}

/** The next number of this account's terminals. Locks the account's row until the transaction ends. */
export async function nextTerminalNumber(db: Kysely<Tables>, accountId: string): Promise<number> {
  const row = await db
    .updateTable("accounts")
    .set((eb) => ({ last_terminal_number: eb("last_terminal_number", "+", 1) }))
    .where("account_id", "=", accountId)
    .returning("last_terminal_number")
    .executeTakeFirstOrThrow();
  return row.last_terminal_number;
}

/** More than any terminal ever had. */
const mostDevices = 1_000;

/** The former devices of a terminal, newest first. */
export function listFormerDevices(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<Selectable<Tables["terminal_devices"]>[]> {
  return db
    .selectFrom("terminal_devices")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .orderBy("id", "desc")
    .limit(mostDevices)
    .execute();
}

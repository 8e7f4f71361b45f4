import type { CaseStatus } from "@tillkeeper/contract/case-status";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import { expressionBuilder, type Selectable, sql } from "kysely";
import { jsonArrayFrom } from "kysely/helpers/postgres";
import type { Tx } from "../../db/db.ts";
import type { Tables } from "../../db/tables/schema.ts";

type Destination = Selectable<Tables["payout_destinations"]>;

/** A destination with the numbers of its own account's stores and terminals. */
export interface DestinationRow extends Destination {
  number_of_stores: number;
  number_of_terminals: number;
}

/** A store of a destination, with its terminals that are not deleted. */
export type DestinationStoreRow = Pick<
  Selectable<Tables["stores"]>,
  "account_id" | "store_id" | "id" | "store_name" | "status"
> & { terminals: { terminal_id: string; device_serial_number: string; status: TerminalStatus }[] };

/** The columns of a `DestinationStoreRow`, selected from `stores`. */
export const destinationStore = [
  "stores.account_id",
  "stores.store_id",
  "stores.id",
  "stores.store_name",
  "stores.status",
  jsonArrayFrom(
    expressionBuilder<Tables, "stores">()
      .selectFrom("terminals")
      .select(["terminals.terminal_id", "terminals.device_serial_number", "terminals.status"])
      .whereRef("terminals.account_id", "=", "stores.account_id")
      .whereRef("terminals.store_ref", "=", "stores.id")
      .where("terminals.status", "<>", "DELETED")
      .orderBy("terminals.number"),
  ).as("terminals"),
] as const;

function selectDestinations(tx: Tx, accountId: string) {
  return tx
    .selectFrom("payout_destinations as destination")
    .selectAll("destination")
    .select((eb) => [
      eb
        .selectFrom("stores")
        .select(sql<number>`count(*)::int`.as("count"))
        .whereRef("stores.account_id", "=", "destination.account_id")
        .whereRef("stores.payout_destination_id", "=", "destination.payout_destination_id")
        .where("stores.status", "<>", "DELETED")
        .$asScalar()
        .$notNull()
        .as("number_of_stores"),
      eb
        .selectFrom("stores")
        .innerJoin("terminals", (join) =>
          join
            .onRef("terminals.account_id", "=", "stores.account_id")
            .onRef("terminals.store_ref", "=", "stores.id")
            .on("terminals.status", "<>", "DELETED"),
        )
        .select(sql<number>`count(*)::int`.as("count"))
        .whereRef("stores.account_id", "=", "destination.account_id")
        .whereRef("stores.payout_destination_id", "=", "destination.payout_destination_id")
        .where("stores.status", "<>", "DELETED")
        .$asScalar()
        .$notNull()
        .as("number_of_terminals"),
    ])
    .where("destination.account_id", "=", accountId);
}

export function findDestination(tx: Tx, accountId: string, id: string): Promise<DestinationRow | undefined> {
  return selectDestinations(tx, accountId).where("destination.payout_destination_id", "=", id).executeTakeFirst();
}

interface Page {
  /** The last destination of the page before. */
  after: string | undefined;
  limit: number;
  caseStatus: readonly CaseStatus[] | undefined;
  search: string | undefined;
  payoutDestinationId?: string | undefined;
}

/** Newest first. Destinations are never removed, so the last one of a page always marks where the next page begins. */
export function listDestinations(tx: Tx, accountId: string, page: Page): Promise<DestinationRow[]> {
  let query = selectDestinations(tx, accountId)
    .orderBy("destination.created_at", "desc")
    .orderBy("destination.payout_destination_id", "desc")
    .limit(page.limit);
  if (page.after !== undefined) {
    query = query.where(
      sql<boolean>`(destination.created_at, destination.payout_destination_id) < (
        select created_at, payout_destination_id from payout_destinations
        where account_id = ${accountId} and payout_destination_id = ${page.after}
      )`,
    );
  }
  const id = page.payoutDestinationId;
  if (id !== undefined) query = query.where("destination.payout_destination_id", "=", id);
  if (page.caseStatus) query = query.where("destination.case_status", "in", page.caseStatus);
  if (page.search !== undefined) {
    query = query.where(sql<boolean>`position(tillkeeper_fold(${page.search}) in destination.search_text) > 0`);
  }
  return query.execute();
}

export async function destinationExists(tx: Tx, accountId: string, id: string): Promise<boolean> {
  const row = await tx
    .selectFrom("payout_destinations")
    .select("id")
    .where("account_id", "=", accountId)
    .where("payout_destination_id", "=", id)
    .executeTakeFirst();
  return row !== undefined;
}

/** The account's own stores with this destination, newest first. */
export function storesOfDestination(
  tx: Tx,
  accountId: string,
  id: string,
  limit: number,
): Promise<DestinationStoreRow[]> {
  return tx
    .selectFrom("stores")
    .select(destinationStore)
    .where("stores.account_id", "=", accountId)
    .where("stores.payout_destination_id", "=", id)
    .where("stores.status", "<>", "DELETED")
    .orderBy("stores.number", "desc")
    .limit(limit)
    .execute();
}

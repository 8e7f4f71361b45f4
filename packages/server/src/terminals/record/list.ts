import type { TerminalList } from "@tillkeeper/contract/http/terminals";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { cutPage, numberAfter } from "../../platform/http/paging.ts";
import { presentTerminal, presentWithStore } from "./present.ts";
import { listTerminals, type TerminalFilter } from "./rows.ts";
import { searchTerminals, terminalsOfDestinations } from "./search.ts";

export interface TerminalQuery extends TerminalFilter {
  limit: number;
  starting_after?: string;
  include_deleted?: boolean;
  includes?: "store"[];
  search?: string;
}

/** A page of terminals, newest first (D22). Throws `invalid_request` for a wrong cursor. */
export async function getTerminals(deps: { db: Db }, accountId: string, query: TerminalQuery): Promise<TerminalList> {
  const { limit, starting_after, include_deleted, includes, search, ...filter } = query;
  const includeStore = includes?.includes("store") ?? false;
  const page = {
    ...filter,
    below: numberAfter(`${accountId}-T`, starting_after),
    limit: limit + 1,
    includeDeleted: include_deleted ?? false,
    includeStore,
  };
  const rows = await inTenant(deps.db, accountId, (tx) => {
    if (search !== undefined) return searchTerminals(tx, accountId, search, page);
    return (page.payout_destination_id ? terminalsOfDestinations : listTerminals)(tx, accountId, page);
  });
  const { page: terminals, last } = cutPage(rows, limit);
  return {
    terminals: terminals.map(includeStore ? presentWithStore : presentTerminal),
    ...(last && { starting_after: last.terminal_id }),
  };
}

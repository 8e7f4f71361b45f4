import type { TerminalList } from "@tillkeeper/contract/http/terminals";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/walls/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import { cutPage } from "../../platform/http/paging.ts";
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

/** One page, newest first (D22). */
export async function getTerminals(deps: { db: Db }, accountId: string, query: TerminalQuery): Promise<TerminalList> {
  const { limit, starting_after: cursor, include_deleted, includes, search, ...filter } = query;
  const includeStore = includes?.includes("store") ?? false;
  const page = {
    ...filter,
    below: cursor === undefined ? undefined : terminalNumber(cursor, accountId),
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

/** The cursor is the id of the last terminal on the page before. */
function terminalNumber(cursor: string, accountId: string): number {
  const digits = cursor.startsWith(`${accountId}-T`) ? cursor.slice(accountId.length + 2) : "";
  if (/^\d{4,9}$/.test(digits)) return Number(digits);
  throw new ApiError("invalid_request", "The request is not valid; see `errors`.", {
    errors: [{ path: "/query/starting_after", message: "is not a value that a page of this list gave" }],
  });
}

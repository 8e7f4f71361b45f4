import { type AuditEntry, auditEndpoints as audit } from "@tillkeeper/contract/http/audit";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { cutPage } from "../../platform/http/paging.ts";
import { bind, type Route } from "../../platform/http/route.ts";
import { endOfNamed } from "../../platform/timestamps.ts";
import { type AuditFilter, type AuditRow, listEntries } from "./queries.ts";

export function auditRoutes({ db }: { db: Db }): Route[] {
  return [
    bind(audit.list, async ({ caller, query }) => {
      const { "at.gte": from, "at.lte": to, starting_after: after, ...rest } = query;
      const filter: AuditFilter = {
        ...rest,
        limit: query.limit + 1,
        ...(from !== undefined && { at_gte: new Date(from) }),
        ...(to !== undefined && { before: endOfNamed(to) }),
        ...(after !== undefined && { below: Number(after) }),
      };
      const rows = await inTenant(db, caller.accountId, (tx) => listEntries(tx, caller.accountId, filter));
      const { page, last } = cutPage(rows, query.limit);
      return { entries: page.map(present), ...(last && { starting_after: last.seq }) };
    }),
  ];
}

function present(row: AuditRow): AuditEntry {
  const entry = JSON.parse(row.entry) as Omit<AuditEntry, "previous_hash" | "hash">;
  return { ...entry, previous_hash: row.previous_hash.toString("hex"), hash: row.hash.toString("hex") };
}

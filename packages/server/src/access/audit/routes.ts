import { type AuditEntry, auditEndpoints as audit } from "@tillkeeper/contract/http/audit";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { ActorNames } from "../../platform/actor-names.ts";
import { cutPage } from "../../platform/http/paging.ts";
import { bind, type Route } from "../../platform/http/route.ts";
import { endOfNamed } from "../../platform/timestamps.ts";
import { type AuditFilter, type AuditRow, listEntries } from "./queries.ts";

/** The route of the audit log. */
export function auditRoutes({ db, names }: { db: Db; names: ActorNames }): Route[] {
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
      const entries = page.map(present);
      const found = await names.of(caller.accountId, [...new Set(entries.map(({ actor }) => actor))]);
      return {
        entries: entries.map((entry) => withActorName(entry, found.get(entry.actor))),
        ...(last && { starting_after: last.seq }),
      };
    }),
  ];
}

function present(row: AuditRow): AuditEntry {
  const entry = JSON.parse(row.entry) as Omit<AuditEntry, "previous_hash" | "hash">;
  return { ...entry, previous_hash: row.previous_hash.toString("hex"), hash: row.hash.toString("hex") };
}

/** Beside what the entry says, which its hash covers: the name is the one of today. */
function withActorName({ seq, at, account_id, actor, ...rest }: AuditEntry, name: string | undefined): AuditEntry {
  return { seq, at, account_id, actor, ...(name !== undefined && { actor_name: name }), ...rest };
}

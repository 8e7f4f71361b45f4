import { AccountId } from "@tillkeeper/contract/accounts";
import { type AuditEntry, AuditList } from "@tillkeeper/contract/http/audit";
import { readAccounts } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import { cutPage } from "../platform/http/paging.ts";
import { type Route, route } from "../platform/http/route.ts";
import { type AuditFilter, type AuditRow, listEntries } from "./queries.ts";

const Text = Type.String({ minLength: 1, maxLength: 255 });
const Time = Type.String({ format: "date-time" });

const ListQuery = Type.Object(
  {
    actor: Type.Optional(Text),
    action: Type.Optional(Text),
    subject_type: Type.Optional(Text),
    subject_id: Type.Optional(Text),
    "at.gte": Type.Optional(Time),
    "at.lte": Type.Optional(Time),
    starting_after: Type.Optional(Type.String({ pattern: "^\\d{1,15}$" })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
  },
  { additionalProperties: false },
);

export function auditRoutes({ db }: { db: Db }): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/accounts/:aid/audit",
      scopes: readAccounts,
      id: "aid_audit_get",
      summary: "Who changed what, newest first",
      tag: "Audit",
      schemas: { params: Type.Object({ aid: AccountId }), query: ListQuery, responses: { 200: AuditList } },
      handle: async ({ caller, query }) => {
        const { "at.gte": from, "at.lte": to, starting_after: after, ...rest } = query;
        const filter: AuditFilter = {
          ...rest,
          limit: query.limit + 1,
          ...(from !== undefined && { at_gte: new Date(from) }),
          ...(to !== undefined && { at_lte: new Date(to) }),
          ...(after !== undefined && { below: Number(after) }),
        };
        const rows = await inTenant(db, caller.accountId, (tx) => listEntries(tx, caller.accountId, filter));
        const { page, last } = cutPage(rows, query.limit);
        return { status: 200, body: { entries: page.map(present), ...(last && { starting_after: last.seq }) } };
      },
    }),
  ];
}

function present(row: AuditRow): AuditEntry {
  const entry = JSON.parse(row.entry) as Omit<AuditEntry, "previous_hash" | "hash">;
  return { ...entry, previous_hash: row.previous_hash.toString("hex"), hash: row.hash.toString("hex") };
}

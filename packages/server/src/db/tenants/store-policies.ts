import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../db.ts";
import { type Belonging, belongings } from "./belonging.ts";
import { tenantRole } from "./tenant.ts";

/** The name of the restrictive policy on each table that a limit to stores concerns. */
const policyName = "own_stores";

/**
 * True without a limit. Uncorrelated, so it is evaluated once for a statement; and `is not null` is what the planner takes for nearly
 * always true, so that estimates and plans without a limit stay what they were.
 */
const noLimit = "(select tillkeeper_every_store()) is not null";
const stores = "(select tillkeeper_stores())::text[]";
const terminals = "(select tillkeeper_terminals())::text[]";
const ofTerminal = `terminal_id = any(${terminals})`;

/** The conditions on rows that are there, and on rows that are written. Undefined where a limit changes nothing. */
function conditionsOf(belonging: Belonging): { using: string; check: string } | undefined {
  const both = (condition: string) => ({ using: condition, check: condition });
  if (typeof belonging === "object") {
    const { store, without } = belonging;
    const own = `${noLimit} or ${store} = any(${stores})`;
    if (without === "readable") return { using: `${own} or ${store} is null`, check: own };
    return both(without === undefined ? own : `${own} or (${store} is null and ${ofTerminal})`);
  }
  switch (belonging) {
    case "terminal":
      return both(`${noLimit} or ${ofTerminal}`);
    case "terminal number":
      return both(`${noLimit} or number = any((select tillkeeper_terminal_numbers())::integer[])`);
    case "operation":
      return both(`${noLimit} or tillkeeper_sees_operation(account_id, operation_id, terminal_id)`);
    case "closing": {
      const using = `${noLimit} or tillkeeper_sees_closing(account_id, closing_id)`;
      // A closing and its terminals are written by one statement, in which the closing cannot be read yet.
      return { using, check: `${using} or ${ofTerminal}` };
    }
    case "account":
      return both(noLimit);
    default:
      return undefined;
  }
}

interface Policy {
  table: string;
  /** Undefined: the table must have none. */
  conditions: { using: string; check: string } | undefined;
}

const policies: Policy[] = Object.entries(belongings).map(([table, belonging]) => {
  return { table, conditions: conditionsOf(belonging) };
});

/** Stands in the policy's comment, so that a start sees whether the policy is the one of this version. */
function markOf({ using, check }: { using: string; check: string }): string {
  return createHash("sha256").update(`${using}\n${check}`).digest("hex");
}

/** What PostgreSQL says a policy is; a changed one differs from what its comment remembers. */
const printedPolicy = sql`md5(concat_ws(e'\n', polcmd, polpermissive, polroles::regrole[],
  pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)))`;

/** Tables whose policy for limits to stores is missing or another one than in the list. */
export async function tablesWithOtherStorePolicy(tx: Pick<Tx, "getExecutor">): Promise<string[]> {
  const { rows } = await sql<{ table: string; mark: string | null; printed: string; sound: boolean }>`
    select relname as table, obj_description(policy.oid, 'pg_policy') as mark, ${printedPolicy} as printed,
      not polpermissive and polcmd = '*' and polroles = array[to_regrole(${tenantRole})::oid] as sound
    from pg_policy as policy join pg_class on pg_class.oid = polrelid
    where relnamespace = current_schema()::regnamespace and polname = ${policyName}`.execute(tx);
  const found = new Map(rows.map((row) => [row.table, row]));
  return policies
    .filter(({ table, conditions }) => {
      const there = found.get(table);
      if (!conditions || !there) return conditions !== undefined || there !== undefined;
      return !there.sound || there.mark !== `${markOf(conditions)} ${there.printed}`;
    })
    .map(({ table }) => table);
}

/** Makes the policy of a table for limits to stores anew. */
export async function setStorePolicy(tx: Tx, table: string): Promise<void> {
  const conditions = policies.find((policy) => policy.table === table)?.conditions;
  await sql`drop policy if exists ${sql.id(policyName)} on ${sql.id(table)}`.execute(tx);
  if (!conditions) return;
  await sql`
    create policy ${sql.id(policyName)} on ${sql.id(table)} as restrictive to ${sql.id(tenantRole)}
    using (${sql.raw(conditions.using)}) with check (${sql.raw(conditions.check)})`.execute(tx);
  const { rows } = await sql<{ printed: string }>`
    select ${printedPolicy} as printed from pg_policy where polname = ${policyName} and polrelid = ${table}::regclass`.execute(
    tx,
  );
  const mark = `${markOf(conditions)} ${rows[0]?.printed}`;
  await sql`comment on policy ${sql.id(policyName)} on ${sql.id(table)} is ${sql.lit(mark)}`.execute(tx);
}

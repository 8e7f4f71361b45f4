import { sql } from "kysely";
import type { Tx } from "../db.ts";
import { rights, tablesExemptingOwner, tenantFunctions, tenantRights } from "./rights.ts";
import { tablesWithOtherStorePolicy } from "./store-policies.ts";
import { tenantRole } from "./tenant.ts";

/** Faults of the isolation between accounts, in words; empty when there is none. */
export async function differences(tx: Pick<Tx, "getExecutor">): Promise<string[]> {
  return [
    ...(await roleFaults(tx)),
    ...(await tableFaults(tx)),
    ...(await rightFaults(tx)),
    ...(await functionFaults(tx)),
    ...(await tablesWithOtherStorePolicy(tx)).map((name) => `limits to stores do not hold on ${name}`),
  ];
}

async function roleFaults(tx: Pick<Tx, "getExecutor">): Promise<string[]> {
  const { rows } = await sql<{ exempt: boolean; owns: boolean; enters: boolean }>`
    select rolsuper or rolbypassrls as exempt,
      has_schema_privilege(oid, current_schema(), 'usage') as enters,
      exists (
        select from pg_class where relnamespace = current_schema()::regnamespace and pg_has_role(role.oid, relowner, 'member')
      ) as owns
    from pg_roles as role where rolname = ${tenantRole}`.execute(tx);
  const [role] = rows;
  if (role === undefined) return ["it does not exist"];
  return [
    ...(role.exempt ? ["it is exempt from row-level security"] : []),
    ...(role.owns ? ["it may act as the owner of tables"] : []),
    ...(role.enters ? [] : ["it may not use the schema"]),
  ];
}

/**
 * A condition on a row of pg_class with the alias `found`. Row security binds the table's owner, and the policy for
 * work on all accounts exists.
 */
export const boundOwner = sql<boolean>`relrowsecurity and relforcerowsecurity and exists (
  select from pg_policy where polrelid = found.oid and polname = 'all_accounts' and polroles = array[found.relowner]
)`;

/**
 * Checks that row security binds every role, and that the policy for work on all accounts is for the table's owner
 * alone.
 */
async function tableFaults(tx: Pick<Tx, "getExecutor">): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class as found
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
      and relname <> all(${[...tablesExemptingOwner]})
      and exists (select from pg_attribute where attrelid = found.oid and attname = 'account_id' and not attisdropped)
      and not (${boundOwner})`.execute(tx);
  return rows.map(({ name }) => `row security of ${name} does not bind its owner`);
}

/** Checks that the role has exactly the listed rights, on whole tables or on the named columns. */
async function rightFaults(tx: Pick<Tx, "getExecutor">): Promise<string[]> {
  const { rows } = await sql<{ name: string; right: (typeof rights)[number]; whole: boolean; columns: string[] }>`
    select relname as name, "right", has_table_privilege(${tenantRole}, pg_class.oid, "right") as whole,
      array(
        select attname::text from pg_attribute
        where attrelid = pg_class.oid and attnum > 0 and not attisdropped and "right" <> 'delete'
          and has_column_privilege(${tenantRole}, pg_class.oid, attnum, case "right" when 'delete' then 'select' else "right" end)
      ) as columns
    from pg_class, unnest(${[...rights]}::text[]) as "right"
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm')`.execute(tx);
  return rows.flatMap(({ name, right, whole, columns }) => {
    const listed = (tenantRights as Record<string, Partial<Record<string, true | readonly string[]>>>)[name]?.[right];
    if (listed === true) return whole ? [] : [`no right to ${right} ${name}`];
    if (whole) return [`a right to ${right} ${name} that is not in the list`];
    const expected = (listed ?? []).toSorted().join();
    return columns.toSorted().join() === expected ? [] : [`the right to ${right} ${name} is not that of the list`];
  });
}

async function functionFaults(tx: Pick<Tx, "getExecutor">): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from unnest(${[...tenantFunctions]}::text[]) as name where not exists (
      select from pg_proc where pronamespace = current_schema()::regnamespace and proname = name
        and has_function_privilege(${tenantRole}, oid, 'execute')
    )`.execute(tx);
  return rows.map(({ name }) => `no right to call ${name}`);
}

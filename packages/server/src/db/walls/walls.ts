import { sql } from "kysely";
import { StartupError } from "../../platform/startup-error.ts";
import type { Db, Tx } from "../db.ts";
import { startLock } from "../locks.ts";
import { retried } from "../retry.ts";
import { boundOwner, differences } from "./check.ts";
import { tenantRole } from "./tenant.ts";
import { exemptingOwner, rights, tenantFunctions, tenantRights } from "./tenant-rights.ts";

interface Table {
  name: string;
  owner: string;
}

/**
 * Brings the walls between accounts to what this version asks for, and checks that they stand. They are the tenants' role with
 * rights by table, row security that binds the owner of the tables, too, and the owner's policy for work on all accounts.
 * Does nothing where they stand already. Throws `StartupError` when the database user may not do that.
 */
export async function raiseWalls(db: Pick<Db, "sql">): Promise<void> {
  const stand = await alone(db, async (tx) => {
    await obtainTenantRole(tx);
    return (await differences(tx)).length === 0;
  });
  if (stand) return;
  try {
    for (const table of await tablesToBind(db)) await alone(db, (tx) => bindOwner(tx, table));
    await alone(db, (tx) => sql.raw(grants()).execute(tx));
  } catch (error) {
    throw new StartupError(
      `The database user cannot set the rights of the role ${tenantRole} (${(error as Error).message}): let the owner of the tables connect.`,
      { cause: error },
    );
  }
  const left = await alone(db, differences);
  if (left.length > 0) {
    throw new StartupError(
      `The role ${tenantRole}, which keeps tenants apart, cannot be trusted: ${left.slice(0, 5).join("; ")}. Have an administrator of PostgreSQL put that right.`,
    );
  }
}

/** One server at a time; again when it lost against requests of servers that are up. */
function alone<T>(db: Pick<Db, "sql">, work: (tx: Tx) => Promise<T>): Promise<T> {
  return retried(() =>
    db.sql.transaction().execute(async (tx) => {
      await sql`select pg_advisory_xact_lock(${startLock})`.execute(tx);
      return work(tx);
    }),
  );
}

/** The database user has to be able to take on the role; making it takes CREATEROLE. */
async function obtainTenantRole(tx: Tx): Promise<void> {
  const { rows } = await sql<{ user: string; exists: boolean; member: boolean }>`
    select current_user as "user", role.oid is not null as exists,
      coalesce(pg_has_role(current_user, role.oid, 'member'), false) as member
    from (values (1)) as one left join pg_roles as role on role.rolname = ${tenantRole}`.execute(tx);
  const [found] = rows;
  if (found?.member) return;
  const user = `"${found?.user.replaceAll('"', '""')}"`;
  const statements = [
    ...(found?.exists ? [] : [`create role ${tenantRole} nologin`]),
    `grant ${tenantRole} to ${user}`,
  ];
  try {
    await sql`savepoint role`.execute(tx);
    for (const statement of statements) await sql.raw(statement).execute(tx);
  } catch (error) {
    // A server on another database of this cluster may have made the role meanwhile; the next start finds it.
    await sql`rollback to savepoint role`.execute(tx);
    throw new StartupError(
      `The database user ${user} cannot act as the role ${tenantRole}, which keeps tenants apart: as an administrator of PostgreSQL run \`${statements.join("; ")}\`.`,
      { cause: error },
    );
  }
}

/** What migrations have made since the walls were last looked at, and what changed its owner. */
async function tablesToBind(db: Pick<Db, "sql">): Promise<Table[]> {
  const { rows } = await sql<Table>`
    select relname as name, pg_get_userbyid(relowner) as owner from pg_class as found
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relrowsecurity
      and relname <> all(${[...exemptingOwner]})
      and not (${boundOwner})`.execute(db.sql);
  return rows;
}

/** In a transaction of its own: with the lock on one table alone, no request that uses several can stand in the way. */
async function bindOwner(tx: Tx, { name, owner }: Table): Promise<void> {
  const table = sql.id(name);
  await sql`alter table ${table} force row level security`.execute(tx);
  await sql`drop policy if exists all_accounts on ${table}`.execute(tx);
  await sql`
    create policy all_accounts on ${table} to ${sql.id(owner)}
    using (current_setting('tillkeeper.all_accounts', true) = 'on')`.execute(tx);
}

function grants(): string {
  const lines = Object.entries(tenantRights).flatMap(([table, of]) =>
    rights.flatMap((right) => {
      const columns = of[right];
      if (columns === undefined) return [];
      const only = columns === true ? "" : ` (${columns.join(", ")})`;
      return [`grant ${right}${only} on ${table} to ${tenantRole};`];
    }),
  );
  return `
do $$
declare
  column_grant record;
begin
  execute format('alter default privileges in schema %I revoke all on tables from ${tenantRole}', current_schema());
  execute format('revoke all on all tables in schema %I from ${tenantRole}', current_schema());
  execute format('revoke all on all sequences in schema %I from ${tenantRole}', current_schema());
  execute format('revoke create on schema %I from ${tenantRole}', current_schema());
  execute format('grant usage on schema %I to ${tenantRole}', current_schema());
end
$$;
${lines.join("\n")}
${tenantFunctions.map((name) => `grant execute on function ${name} to ${tenantRole};`).join("\n")}`;
}

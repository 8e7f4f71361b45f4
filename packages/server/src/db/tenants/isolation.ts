import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { StartupError } from "../../platform/startup-error.ts";
import type { Db, Tx } from "../db.ts";
import { isLockTimeout } from "../failures.ts";
import { startLock } from "../locks.ts";
import { retried } from "../retry.ts";
import { boundOwner, differences, type Schema } from "./isolation-check.ts";
import { rights, tablesExemptingOwner, tenantFunctions, tenantRights } from "./rights.ts";
import { setStorePolicy, tablesWithOtherStorePolicy } from "./store-policies.ts";
import { tenantRole } from "./tenant.ts";

/** Together a minute. */
const mostTries = 40;
const pauseMs = 1_000;

interface Table {
  name: string;
  owner: string;
}

/**
 * Sets up the isolation between accounts that this version needs, and checks it. Its first part is the tenants' role
 * with rights by table. The second is row security that also binds the tables' owner, the third the owner's policy for
 * work on all accounts, the fourth the policies of transactions that are limited to stores. Changes nothing when all is in
 * place. On a newer schema it adds what this version lacks, and takes nothing away: the rights are those of the later
 * version then. Throws `StartupError` when the database user lacks the rights for it.
 */
export async function ensureTenantIsolation(db: Pick<Db, "sql">, schema: Schema = "same"): Promise<void> {
  const stand = await withStartLock(db, async (tx) => {
    await obtainTenantRole(tx);
    return (await differences(tx, schema)).length === 0;
  });
  if (stand) return;
  try {
    for (const table of await tablesToBind(db)) {
      await withoutQueue(() => withStartLock(db, (tx) => bindOwner(tx, table)));
    }
    for (const table of schema === "newer" ? [] : await withStartLock(db, tablesWithOtherStorePolicy)) {
      await withoutQueue(() => withStartLock(db, (tx) => setStorePolicy(tx, table)));
    }
    await withStartLock(db, (tx) => sql.raw(schema === "newer" ? given() : `${withdrawn()}\n${given()}`).execute(tx));
  } catch (error) {
    throw new StartupError(
      `The database user cannot set the rights of the role ${tenantRole} (${(error as Error).message}): let the owner of the tables connect.`,
      { cause: error },
    );
  }
  const left = await withStartLock(db, (tx) => differences(tx, schema));
  if (left.length > 0) {
    throw new StartupError(
      `The role ${tenantRole}, which keeps tenants apart, cannot be trusted: ${left.slice(0, 5).join("; ")}. Have an administrator of PostgreSQL put that right.`,
    );
  }
}

/** Whether all of it is in place, as a server leaves it at its start. Changes nothing. */
export async function isTenantIsolationThere(db: Pick<Db, "sql">, schema: Schema = "same"): Promise<boolean> {
  return db.sql.transaction().execute(async (tx) => (await differences(tx, schema)).length === 0);
}

/**
 * Runs work that needs a table for itself until no other transaction uses it: each try waits for half a second at most,
 * because statements of running servers queue behind it.
 */
async function withoutQueue(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (!isLockTimeout(error) || tries === mostTries) throw error;
      await sleep(pauseMs);
    }
  }
}

/** Runs `work` while no other server does, and again after a deadlock with requests of running servers. */
function withStartLock<T>(db: Pick<Db, "sql">, work: (tx: Tx) => Promise<T>): Promise<T> {
  return retried(() =>
    db.sql.transaction().execute(async (tx) => {
      await sql`select pg_advisory_xact_lock(${startLock})`.execute(tx);
      return work(tx);
    }),
  );
}

/** Makes sure that the database user may take on the role. Creating the role takes CREATEROLE. */
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
    // A server on another database of this cluster may have created the role meanwhile; the next start finds it.
    await sql`rollback to savepoint role`.execute(tx);
    throw new StartupError(
      `The database user ${user} cannot act as the role ${tenantRole}, which keeps tenants apart: as an administrator of PostgreSQL run \`${statements.join("; ")}\`.`,
      { cause: error },
    );
  }
}

/** Tables that migrations have created since the last check, and tables whose owner has changed. */
async function tablesToBind(db: Pick<Db, "sql">): Promise<Table[]> {
  const { rows } = await sql<Table>`
    select relname as name, pg_get_userbyid(relowner) as owner from pg_class as found
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relrowsecurity
      and relname <> all(${[...tablesExemptingOwner]})
      and not (${boundOwner})`.execute(db.sql);
  return rows;
}

/** Runs in a transaction of its own: a lock on one table alone cannot deadlock with requests that use several. */
async function bindOwner(tx: Tx, { name, owner }: Table): Promise<void> {
  const table = sql.id(name);
  await sql`set local lock_timeout = '500ms'`.execute(tx);
  await sql`alter table ${table} force row level security`.execute(tx);
  await sql`drop policy if exists all_accounts on ${table}`.execute(tx);
  await sql`
    create policy all_accounts on ${table} to ${sql.id(owner)}
    using (current_setting('tillkeeper.all_accounts', true) = 'on')`.execute(tx);
}

/** Grants the listed rights. */
function given(): string {
  const lines = Object.entries(tenantRights).flatMap(([table, of]) =>
    rights.flatMap((right) => {
      const columns = of[right];
      if (columns === undefined) return [];
      const only = columns === true ? "" : ` (${columns.join(", ")})`;
      return [`grant ${right}${only} on ${table} to ${tenantRole};`];
    }),
  );
  return [...lines, ...tenantFunctions.map((name) => `grant execute on function ${name} to ${tenantRole};`)].join("\n");
}

/** Withdraws all rights, in the transaction that grants the listed ones. */
function withdrawn(): string {
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
$$;`;
}

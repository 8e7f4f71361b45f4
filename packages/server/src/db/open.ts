import { join } from "node:path";
import { sql } from "kysely";
import type { Logger } from "../platform/log.ts";
import { StartupError } from "../platform/startup-error.ts";
import { type Db, openDb } from "./db.ts";
import { startEmbeddedPostgres } from "./embedded/postgres.ts";
import { migrate } from "./migrate.ts";
import { inTenant, tenantRole } from "./tenant.ts";

const oldest = 15;
const newest = 18;

/** Opens the outside database, or starts the embedded one, and brings its schema up to date. */
export async function openDatabase({
  url,
  dataDir,
  log,
}: {
  url: string | undefined;
  dataDir: string;
  log: Logger;
}): Promise<Db> {
  const embedded =
    url === undefined ? await startEmbeddedPostgres({ folder: join(dataDir, "postgres"), log }) : undefined;
  const db = openDb(
    url === undefined ? (embedded as NonNullable<typeof embedded>).connection : { connectionString: url },
    log,
  );
  const close = async () => {
    await db.close();
    await embedded?.stop();
  };
  try {
    await checkVersion(db);
    await migrate(db);
    return { ...(await behindRowSecurity(db)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function checkVersion(db: Db): Promise<void> {
  const answer = await sql<{ version: number }>`select current_setting('server_version_num')::int as version`
    .execute(db.sql)
    .catch((error: unknown) => {
      throw new StartupError(`The database (DATABASE_URL) cannot be reached: ${reasonOf(error)}.`, { cause: error });
    });
  const major = Math.floor((answer.rows[0]?.version ?? 0) / 10_000);
  if (major < oldest || major > newest) {
    throw new StartupError(
      `The database (DATABASE_URL) is PostgreSQL ${major}; this version needs ${oldest} to ${newest}.`,
    );
  }
}

/**
 * Makes sure that tenants' transactions are bound by row-level security. A user who is exempt needs the tenant role, with
 * rights on the tables; both may be missing although the migrations ran, because another user ran them, or because the
 * database was restored into another cluster.
 */
async function behindRowSecurity(db: Db): Promise<Db> {
  const { rows } = await sql<{ exempt: boolean }>`
    select rolsuper or rolbypassrls as exempt from pg_roles where rolname = current_user`.execute(db.sql);
  const bound: Db = { ...db, bypassesRowSecurity: rows[0]?.exempt ?? false };
  const probe = async () => {
    await inTenant(bound, "T00000000", (tx) => tx.selectFrom("stores").select("id").limit(1).execute());
    if (bound.bypassesRowSecurity) await checkTenantRights(bound);
  };
  try {
    await probe();
  } catch {
    try {
      await sql.raw(grantTenantRole).execute(db.sql);
      await probe();
    } catch (error) {
      throw new StartupError(
        `The database user cannot act as the role ${tenantRole}, which keeps tenants apart: ${reasonOf(error)}.`,
        { cause: error },
      );
    }
  }
  return bound;
}

/** A table that was made after the rights were given, by whoever gives none to the role, would be closed to all tenants. */
async function checkTenantRights(db: Db): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and exists (
      select from unnest(array['select', 'insert', 'update', 'delete']) as privilege
      where not has_table_privilege(${tenantRole}, oid, privilege)
        and not (relname in ('audit_log', 'audit_heads') and privilege <> 'select')
    )`.execute(db.sql);
  if (rows.length > 0) throw new Error(`no rights on ${rows.map((row) => row.name).join(", ")}`);
}

const grantTenantRole = `
do $$
begin
  if not exists (select from pg_roles where rolname = '${tenantRole}') then
    create role ${tenantRole} nologin;
  end if;
  execute format('grant ${tenantRole} to %I', current_user);
  execute format('grant usage on schema %I to ${tenantRole}', current_schema());
  execute format('grant select, insert, update, delete on all tables in schema %I to ${tenantRole}', current_schema());
  execute format('alter default privileges in schema %I grant select, insert, update, delete on tables to ${tenantRole}', current_schema());
  -- Entries are appended by a function only.
  revoke insert, update, delete on audit_log, audit_heads from ${tenantRole};
  grant execute on function audit_append to ${tenantRole};
end
$$`;

/** The address itself may hold a password, so only the fault is named. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return (message || code || "no answer").replace(/\.$/, "");
}

import { createHmac } from "node:crypto";
import pg from "pg";
import { tenantRole } from "../tenants/tenant.ts";
import { ROLE } from "./cluster.ts";

/** The role that the server connects as: it owns the database and is no superuser. */
export const OWNER = "tillkeeper_owner";

/** Derived from the password of the cluster's superuser, so that a single file opens the cluster. */
export function ownerPassword(password: string): string {
  return createHmac("sha256", password).update(OWNER).digest("base64url");
}

/**
 * Creates the owner and the tenants' role, and makes the owner own all objects in the database. Earlier versions
 * connected as the superuser and created objects under it; these are transferred, too. Changes nothing when all is in
 * place.
 */
export async function prepareOwner(superuser: pg.ClientConfig, password: string): Promise<void> {
  const client = new pg.Client(superuser);
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(`begin; ${rolesAndOwnership(ownerPassword(password))}; commit`);
  } finally {
    await client.end();
  }
}

const rolesAndOwnership = (password: string) => `
do $$
declare
  found record;
begin
  if not exists (select from pg_roles where rolname = '${OWNER}') then
    create role ${OWNER} login nosuperuser nocreatedb nocreaterole nobypassrls password '${password}';
  end if;
  if not exists (select from pg_roles where rolname = '${tenantRole}') then
    create role ${tenantRole} nologin;
  end if;
  grant ${tenantRole} to ${OWNER} with inherit false, set true;
  alter default privileges in schema public revoke all on tables from ${tenantRole};
  alter database ${ROLE} owner to ${OWNER};
  -- No temporary table can hide a table of the schema, and a tenant's statement cannot leave its role.
  revoke temporary, create on database ${ROLE} from public;
  revoke execute on function pg_catalog.set_config(text, text, boolean) from public;
  grant execute on function pg_catalog.set_config(text, text, boolean) to ${OWNER};
  for found in
    select format('alter %s %s owner to ${OWNER}',
      case relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
      pg_class.oid::regclass) as statement
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
      and relowner <> '${OWNER}'::regrole
      and not exists (
        select from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype in ('a', 'i', 'e') and relkind = 'S'
      )
    union all
    select format('alter routine %s owner to ${OWNER}', pg_proc.oid::regprocedure)
    from pg_proc
    where pronamespace = 'public'::regnamespace and proowner <> '${OWNER}'::regrole
      and not exists (
        select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e'
      )
  loop
    execute found.statement;
  end loop;
end
$$`;

import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import { describe, expect, test } from "vitest";
import { openSigningKeys } from "../../src/access/auth/keys/signing-keys.ts";
import { openDb } from "../../src/db/db.ts";
import { migrate } from "../../src/db/migrate.ts";
import { openDatabase } from "../../src/db/open.ts";
import { openRootKey } from "../../src/db/open-root-key.ts";
import { inTenant, tenantRole } from "../../src/db/tenants/tenant.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createLogger } from "../../src/platform/log/log.ts";
import { query, scratchFolder, startScratch } from "./scratch.ts";

const log = createLogger("silent");
/** The last migration of the version before the owner and the tenants got roles of their own. */
const before = "0014_recipients.sql";

describe("the user that the server connects as", () => {
  test("is no superuser: it runs no program, reads no file and makes no roles", async () => {
    const { connection } = await startScratch(join(scratchFolder(), "postgres"));
    const attributes = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication";
    expect(await query(connection, `select (${attributes})::text from pg_roles where rolname = current_user`)).toEqual([
      "(f,f,f,f,f)",
    ]);
    for (const statement of [
      "copy (select 1) to program 'cat'",
      "select pg_read_file('PG_VERSION')",
      "create role another",
      `alter role ${tenantRole} bypassrls`,
      "set role tillkeeper",
      "select rolpassword from pg_authid",
    ]) {
      await expect(query(connection, statement), statement).rejects.toThrow(/permission denied|must have/);
    }
  });

  test("takes on the tenants' role, which no statement can put down or say anything for", async () => {
    const { connection } = await startScratch(join(scratchFolder(), "postgres"));
    for (const statement of [
      "select set_config('role', 'none', true)",
      "select set_config('tillkeeper.account_id', 'T00000001', true)",
      "create temporary table stores (account_id text)",
      "create table mine ()",
      "create schema mine",
    ]) {
      const asTenant = query(connection, `set role ${tenantRole}; ${statement}`);
      await expect(asTenant, statement).rejects.toThrow("permission denied");
    }
    // The owner may, as programs that dump a database do.
    expect(await query(connection, "select set_config('search_path', '', false)")).toEqual([""]);
  });

  test("owns what a server of before has made as the superuser, in every object, and goes on with it", async () => {
    const data = scratchFolder();
    await makeEarlierCluster(join(data, "postgres"));

    const db = await openDatabase({ url: undefined, dataDir: data, log });
    try {
      const { rows: others } = await db.pool.query(
        `select relname as name from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'i') and relowner <> current_user::regrole
         union all
         select proname from pg_proc
         where pronamespace = 'public'::regnamespace and proowner <> current_user::regrole
           and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
         union all
         select typname from pg_type where typnamespace = 'public'::regnamespace and typowner <> current_user::regrole
           and not exists (select from pg_depend where classid = 'pg_type'::regclass and objid = pg_type.oid and deptype = 'e')
           and typname not in (select '_' || relname from pg_class)`,
      );
      expect(others).toEqual([]);
      const { rows } = await db.pool.query(
        "select current_user::text as user, (select datdba::regrole::text from pg_database where datname = current_database()) as owner",
      );
      expect(rows).toEqual([{ user: "tillkeeper_owner", owner: "tillkeeper_owner" }]);
      expect(await db.sql.selectFrom("accounts").select("account_id").orderBy("account_id").execute()).toHaveLength(2);
      const seen = await inTenant(db, "T70000001", (tx) => tx.selectFrom("accounts").select("account_id").execute());
      expect(seen).toEqual([{ account_id: "T70000001" }]);
      const keys = inTenant(db, "T70000001", (tx) => tx.selectFrom("signing_keys").selectAll().execute());
      await expect(keys).rejects.toThrow("permission denied");

      const signing = await openSigningKeys(db, systemClock, await openRootKey(db, { dataDir: data }));
      expect((await signing.current()).kid).toBe("of-before");
      const { rows: plain } = await db.pool.query("select from signing_keys where private_jwk is not null");
      expect(plain).toEqual([]);
    } finally {
      await db.close();
    }
    // A second start, with nothing left to migrate.
    await (await openDatabase({ url: undefined, dataDir: data, log })).close();
  });
});

/**
 * Makes a cluster as the earlier version left it. The superuser owns all objects, roles have default rights on all
 * tables, and the key is not encrypted.
 */
async function makeEarlierCluster(folder: string): Promise<void> {
  const postgres = await startScratch(folder);
  const db = openDb(postgres.superuser, log);
  await db.pool.query(
    `alter database tillkeeper owner to tillkeeper; drop owned by tillkeeper_owner, ${tenantRole};
     drop role tillkeeper_owner, ${tenantRole}; grant temporary on database tillkeeper to public;
     grant execute on function pg_catalog.set_config(text, text, boolean) to public`,
  );
  await migrate(db, before);
  await db.pool.query(
    "insert into accounts (account_id, name, created_at) values ('T70000001', 'x', now()), ('T70000002', 'y', now())",
  );
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  await db.pool.query(
    "insert into signing_keys (kid, public_jwk, private_jwk, created_at) values ('of-before', $1, $2, now() - interval '1 hour')",
    [JSON.stringify(await exportJWK(publicKey)), JSON.stringify(await exportJWK(privateKey))],
  );
  const owned = await query(
    postgres.superuser,
    "select relowner::regrole::text from pg_class where relname = 'signing_keys'",
  );
  expect(owned).toEqual(["tillkeeper"]);
  await db.close();
  await postgres.stop();
}

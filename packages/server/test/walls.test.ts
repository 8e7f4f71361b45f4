import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { ownServer } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { allAccountsSetting, type Db } from "../src/db/db.ts";
import { belongings } from "../src/db/tenants/belonging.ts";
import { ensureTenantIsolation } from "../src/db/tenants/isolation.ts";
import { differences } from "../src/db/tenants/isolation-check.ts";
import { tablesClosedToTenants, tablesExemptingOwner, tenantRights } from "../src/db/tenants/rights.ts";
import { inTenant, tenantRole } from "../src/db/tenants/tenant.ts";

/** The message of a statement's refusal. */
const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: Error) => error.message,
  );

describe("walls in the database", async () => {
  const server = await ownServer();
  let db: Db;
  let tenants: Tenant[];
  let tables: { name: string; has_account: boolean }[];
  let bare: pg.Client;
  beforeAll(async () => {
    db = server.db;
    tenants = [await server.account(), await server.account()];
    for (const tenant of tenants) {
      await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S1" } });
    }
    const { rows } = await db.pool.query(
      `select relname::text as name, exists (
         select from pg_attribute where attrelid = pg_class.oid and attname = 'account_id' and not attisdropped
       ) as has_account
       from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm') order by relname`,
    );
    tables = rows;
    // Connected as the owner, without the setting for work on all accounts.
    bare = new pg.Client({ connectionString: server.database.url });
    await bare.connect();
  });
  afterAll(async () => {
    await bare.end();
  });

  const aid = (index: number) => tenants[index]?.aid ?? "";
  const ownStores = async (client: pg.ClientBase) =>
    (await client.query("select account_id from stores order by 1")).rows.map((row) => row.account_id);
  /** Runs the statements as the tenants' role, in a transaction that is rolled back. */
  async function asTenant<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    await bare.query(`begin; set local role ${tenantRole}`);
    try {
      return await work(bare);
    } finally {
      await bare.query("rollback");
    }
  }

  it("name every table with an account: open to tenants by a list, or closed", () => {
    const named = new Set<string>([...Object.keys(tenantRights), ...tablesClosedToTenants]);
    const withAccount = tables.filter((table) => table.has_account).map((table) => table.name);
    expect(
      withAccount.filter(
        (name) => !named.has(name) && !/^operations_\d{4}_\d{2}$|^events_\d{4}_\d{2}_\d{2}$/.test(name),
      ),
    ).toEqual([]);
    expect([...named].filter((name) => !withAccount.includes(name))).toEqual([]);
  });

  it("say of every table with an account how it knows its store, in one list", async () => {
    const { rows } = await db.pool.query(
      `select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
         and exists (select from pg_attribute where attrelid = pg_class.oid and attname = 'account_id' and not attisdropped) order by 1`,
    );
    expect(Object.keys(belongings).toSorted()).toEqual(rows.map(({ name }) => name));
    const closed = Object.entries(belongings).flatMap(([name, belonging]) => (belonging === "closed" ? [name] : []));
    expect(closed.toSorted()).toEqual([...tablesClosedToTenants].toSorted());
    const { rows: limited } = await db.pool.query(
      "select polrelid::regclass::text as name from pg_policy where polname = 'own_stores'",
    );
    const expected = Object.entries(belongings).filter(
      ([, belonging]) => belonging !== "closed" && belonging !== "shared",
    );
    expect(new Set(limited.map(({ name }) => name))).toEqual(new Set(expected.map(([name]) => name)));
  });

  it("close every table without an account to tenants, and every other that is not in the list", async () => {
    const closed = tables.filter(({ name }) => !Object.hasOwn(tenantRights, name)).map(({ name }) => name);
    expect(closed).toEqual(
      expect.arrayContaining(["signing_keys", "root_key", "presence_watch", "operation_durations", "kysely_migration"]),
    );
    for (const name of closed) {
      for (const statement of [
        `select 1 from ${name}`,
        `insert into ${name} default values`,
        `delete from ${name}`,
        `truncate ${name}`,
        `copy ${name} to stdout`,
      ]) {
        expect(await refusalOf(asTenant((client) => client.query(statement))), statement).toContain(
          "permission denied",
        );
      }
    }
  });

  it("close the keys to a tenant's transaction", async () => {
    const read = inTenant(db, aid(0), (tx) => tx.selectFrom("signing_keys").selectAll().execute());
    expect(await refusalOf(read)).toBe("permission denied for table signing_keys");
  });

  it("hold for a tenant without an account: no row, whatever it says of itself", async () => {
    for (const setting of [
      "",
      "set local tillkeeper.account_id = '*'",
      "set local tillkeeper.account_id = ''",
      "set local tillkeeper.account_id = '%'",
      allAccountsSetting,
      `${allAccountsSetting}; set local tillkeeper.account_id = '*'`,
      "set local row_security = off",
    ]) {
      for (const [name, { select }] of Object.entries(tenantRights)) {
        if (select === undefined) continue;
        const seen = await asTenant(async (client) => {
          await client.query(setting);
          return (await client.query(`select account_id from ${name}`)).rows;
        }).catch((error: Error) => error.message);
        const expected = setting.includes("row_security") ? expect.stringContaining("row-level security") : [];
        expect(seen, `${setting} ${name}`).toEqual(expected);
      }
    }
  });

  it("hold for the owner until it says that it works for all accounts", async () => {
    expect(await ownStores(bare)).toEqual([]);
    for (const { name, has_account } of tables) {
      if (!has_account || (tablesExemptingOwner as readonly string[]).includes(name)) continue;
      expect((await bare.query(`select 1 from ${name} limit 1`)).rowCount, name).toBe(0);
    }
    expect(await refusalOf(bare.query("insert into stores select * from stores"))).toBe("done");
    await bare.query("begin");
    await bare.query(allAccountsSetting);
    expect(await ownStores(bare)).toEqual([aid(0), aid(1)]);
    await bare.query("rollback");
    expect(await ownStores(bare)).toEqual([]);
  });

  it("hold for a statement that was prepared as the owner and is run as a tenant, and the other way round", async () => {
    const statement = { name: "all stores", text: "select account_id from stores order by 1" };
    const run = async (client: pg.ClientBase) => (await client.query(statement)).rows.map((row) => row.account_id);
    const client = await db.pool.connect();
    try {
      for (let round = 0; round < 3; round += 1) {
        expect(await run(client)).toEqual([aid(0), aid(1)]);
        await client.query(`begin; set local role ${tenantRole}`);
        expect(await run(client)).toEqual([]);
        await client.query(`set local tillkeeper.account_id = '${aid(1)}'`);
        expect(await run(client)).toEqual([aid(1)]);
        await client.query("rollback");
      }
    } finally {
      client.release();
    }
  });

  it("hold in what runs with the rights of the owner for a tenant", async () => {
    const found = (account: string) =>
      inTenant(db, aid(0), async (tx) => {
        const { rows } = await sql`
          select number from tillkeeper_search_stores(${account}, '%s1%', '{ACTIVE}', null, 2147483647, 10) as number`.execute(
          tx,
        );
        return rows.length;
      });
    expect([await found(aid(0)), await found(aid(1))]).toEqual([1, 0]);
    for (const statement of [
      "select tillkeeper_make_month(now())",
      "select tillkeeper_drop_months(now())",
      "select tillkeeper_make_event_week(now())",
    ]) {
      expect(await refusalOf(asTenant((client) => client.query(statement)))).toContain(
        "permission denied for function",
      );
    }
    const { rows: open } = await db.pool.query(
      `select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef
         and not exists (select from unnest(proconfig) as setting where setting ~ '^search_path=.*pg_temp$')`,
    );
    expect(open).toEqual([]);
  });

  it("let a tenant put no row into another account, nor take its own there", async () => {
    const put = inTenant(db, aid(0), (tx) =>
      tx
        .updateTable("stores")
        .set({ account_id: aid(1) })
        .where("account_id", "=", aid(0))
        .execute(),
    );
    expect(await refusalOf(put)).toMatch(/row-level security|permission denied/);
  });

  it("stand again after a start, when rights were given or policies taken away", async () => {
    // Requests of other servers may hold locks for longer than hot connections wait.
    const inDatabase = (text: string) => bare.query(text);
    await inDatabase(`grant all on signing_keys, store_search to ${tenantRole}`);
    await inDatabase(`grant update (name) on accounts to ${tenantRole}`);
    await inDatabase(`revoke select on stores from ${tenantRole}`);
    await inDatabase("drop policy if exists own_stores on events");
    await inDatabase("alter policy own_stores on operations using (true)");
    await inDatabase("alter policy own_stores on stores to public");
    await inDatabase("alter table terminals no force row level security");
    await inDatabase("drop policy if exists all_accounts on terminal_logs");
    await inDatabase(`alter default privileges in schema public grant select on tables to ${tenantRole}`);
    await inDatabase(`create table if not exists new_thing (account_id text, id uuid)`);
    await inDatabase(
      "alter table new_thing enable row level security; drop policy if exists own_account on new_thing; create policy own_account on new_thing using (tillkeeper_sees(account_id))",
    );
    const found = await db.sql.transaction().execute((tx) => differences(tx));
    expect(found.length).toBeGreaterThan(9);
    for (const table of ["events", "operations", "stores"])
      expect(found).toContain(`limits to stores do not hold on ${table}`);
    await ensureTenantIsolation(db);
    expect(await db.sql.transaction().execute((tx) => differences(tx))).toEqual([]);
    await inDatabase("create table if not exists newer_thing (id uuid)");
    expect(await refusalOf(asTenant((client) => client.query("select from newer_thing")))).toContain(
      "permission denied",
    );
    await inDatabase("drop table new_thing, newer_thing");
  });

  it("are raised beside requests that use several tables, with the lock on one table at a time", async () => {
    const several = ["accounts", "stores", "terminal_credentials", "terminals"];
    for (const table of several) await bare.query(`drop policy if exists all_accounts on ${table}`);
    const client = await db.pool.connect();
    await client.query("begin; select from stores limit 1");
    const raised = ensureTenantIsolation(db);
    await vi.waitFor(async () => {
      const { rows } = await db.pool.query(
        "select from pg_locks where relation = 'stores'::regclass and mode = 'AccessExclusiveLock' and not granted",
      );
      expect(rows).toHaveLength(1);
    });
    for (const table of several) await client.query(`select from ${table} limit 1`);
    await client.query("commit");
    client.release();
    await raised;
    expect(await db.sql.transaction().execute((tx) => differences(tx))).toEqual([]);
  });

  it("are not raised with a table that has an account and no policy", async () => {
    await db.pool.query("create table unguarded (account_id text)");
    await expect(ensureTenantIsolation(db)).rejects.toThrow("row security of unguarded does not bind its owner");
    await db.pool.query("drop table unguarded");
  });
});

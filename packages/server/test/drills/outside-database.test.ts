import { randomBytes } from "node:crypto";
import { createTestDatabase, type TestDatabase } from "@tillkeeper/stage/postgres/database";
import { databaseUrl, asSuperuser as inCluster } from "@tillkeeper/stage/postgres/own-postgres";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { afterEach, describe, expect, inject, it } from "vitest";

const nameOf = (database: TestDatabase) => new URL(database.url).pathname.slice(1);

/** Runs text as the cluster's superuser in the database of a test. */
function asSuperuser(database: TestDatabase, text: string): Promise<void> {
  return inCluster(inject("postgres"), text, nameOf(database));
}

/** The database, opened by another user. */
function enteredBy(database: TestDatabase, user: string): TestDatabase {
  return { ...database, url: databaseUrl({ ...inject("postgres"), user }, nameOf(database)) };
}

describe("an outside database", () => {
  let server: TestServer | undefined;
  let database: TestDatabase;
  const users: string[] = [];
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await database.drop();
    for (const user of users.splice(0)) await inCluster(inject("postgres"), `drop role ${user}`);
  });

  async function works(as: TestDatabase, aid: string): Promise<void> {
    server = await startTestServer({ database: as });
    const tenant = await server.account(aid);
    expect(
      (await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S1" } })).status,
    ).toBe(201);
    expect((await server.call("GET", `/v1/accounts/${aid}/stores?search=S1`, tenant)).body.stores).toHaveLength(1);
    await server.stop();
    server = undefined;
  }

  /** A database owned by a new user. */
  async function ownedBy(attributes: string): Promise<string> {
    database = await createTestDatabase({ empty: true });
    const user = `owner_${randomBytes(6).toString("hex")}`;
    const { password } = inject("postgres");
    await asSuperuser(database, `create role ${user} login ${attributes} password '${password}'`);
    await asSuperuser(database, `alter database ${nameOf(database)} owner to ${user}`);
    users.push(user);
    return user;
  }

  it("serves a plain owner who may act as the tenants' role, and then a superuser who finds the tables made by it", {
    tags: "replicas",
  }, async () => {
    const user = await ownedBy("");
    await asSuperuser(database, `grant tillkeeper_tenant to ${user}`);
    await works(enteredBy(database, user), "T13000001");
    await works(enteredBy(database, inject("postgres").user), "T13000002");
  });

  it("tells a plain owner who may not what an administrator has to run", async () => {
    const user = await ownedBy("");
    await expect(startTestServer({ database: enteredBy(database, user) })).rejects.toThrow(
      `run \`grant tillkeeper_tenant to "${user}"\`.`,
    );
    await asSuperuser(database, `grant tillkeeper_tenant to ${user}`);
    await works(enteredBy(database, user), "T13000005");
  });

  it("serves a user who may bypass row-level security and make roles, but is no superuser", async () => {
    const user = await ownedBy("createrole bypassrls");
    // The server finds the role made by the run, and takes it on by its admin option.
    await asSuperuser(database, `grant tillkeeper_tenant to ${user} with admin option`);
    await works(enteredBy(database, user), "T13000003");
  });

  it("serves a superuser from the first start, and then an owner to whom everything was given", async () => {
    const user = await ownedBy("");
    await works(enteredBy(database, inject("postgres").user), "T13000004");
    await asSuperuser(database, `grant tillkeeper_tenant to ${user}`);
    await asSuperuser(database, givenTo(user));
    await works(enteredBy(database, user), "T13000006");
  });

  it("says what is wrong when the tenants' role may not be trusted", async () => {
    const user = await ownedBy("");
    await asSuperuser(database, `grant tillkeeper_tenant to ${user}`);
    const as = enteredBy(database, user);
    await works(as, "T13000007");
    // A right that the owner did not grant, and so cannot revoke.
    await asSuperuser(database, `grant select on signing_keys to ${inject("owner").user} with grant option`);
    await asSuperuser(
      database,
      `set role ${inject("owner").user}; grant select on signing_keys to tillkeeper_tenant; reset role`,
    );
    await expect(startTestServer({ database: as })).rejects.toThrow(
      "a right to select signing_keys that is not in the list",
    );
  });
});

function givenTo(user: string): string {
  return `do $$ declare statement text; begin
    for statement in
      select format('alter table %s owner to ${user}', oid::regclass) from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
      union all
      select format('alter routine %s owner to ${user}', oid::regprocedure) from pg_proc
      where pronamespace = 'public'::regnamespace
        and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
    loop execute statement; end loop;
  end $$`;
}

import pg from "pg";
import { afterEach, describe, expect, inject, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { startTestServer, type TestServer } from "./support/test-server.ts";

/** Runs text as the cluster's superuser in the database of a test. */
async function asSuperuser(database: TestDatabase, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(text);
  await client.end();
}

/** The same database, entered by another user. */
function enteredBy(database: TestDatabase, user: string): TestDatabase {
  const url = new URL(database.url);
  url.username = user;
  url.password = inject("postgres").password;
  return { url: url.href, drop: () => database.drop() };
}

describe("an outside database", () => {
  let server: TestServer | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  async function works(database: TestDatabase, aid: string): Promise<void> {
    server = await startTestServer({ database });
    const tenant = await server.account(aid);
    expect(
      (await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S1" } })).status,
    ).toBe(201);
    expect((await server.call("GET", `/v1/accounts/${aid}/stores?search=S1`, tenant)).body.stores).toHaveLength(1);
    await server.stop();
    server = undefined;
  }

  it("serves a plain owner, and then a superuser who finds the tables made by somebody else", async () => {
    const database = await createTestDatabase({ empty: true });
    const user = `owner_${database.url.split("/").at(-1)?.split("?")[0]}`;
    await asSuperuser(database, `create role ${user} login password '${inject("postgres").password}'`);
    const name = new URL(database.url).pathname.slice(1);
    await asSuperuser(database, `alter database ${name} owner to ${user}; alter schema public owner to ${user}`);
    await works(enteredBy(database, user), "T13000001");
    await works(database, "T13000002");
    await asSuperuser(database, `reassign owned by ${user} to current_user; drop owned by ${user}`);
    await asSuperuser(database, `drop role ${user}`);
    await database.drop();
  });

  it("serves a user who may bypass row-level security and make roles, but is no superuser", async () => {
    const database = await createTestDatabase({ empty: true });
    const name = new URL(database.url).pathname.slice(1);
    const user = `admin_${name}`;
    await asSuperuser(
      database,
      `create role ${user} login createrole bypassrls password '${inject("postgres").password}'`,
    );
    await asSuperuser(database, `alter database ${name} owner to ${user}; alter schema public owner to ${user}`);
    // Whether it makes the role itself or finds it made depends on what ran before in this cluster; with the right to give
    // it on, either works.
    await asSuperuser(
      database,
      `do $$ begin create role tillkeeper_tenant nologin; exception when duplicate_object then null; end $$`,
    );
    await asSuperuser(database, `grant tillkeeper_tenant to ${user} with admin option`);
    await works(enteredBy(database, user), "T13000003");
    await asSuperuser(database, `reassign owned by ${user} to current_user; drop owned by ${user}`);
    await asSuperuser(database, `drop role ${user}`);
    await database.drop();
  });
});

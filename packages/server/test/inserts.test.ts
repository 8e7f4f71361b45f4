import { createTestDatabase, type TestDatabase } from "@tillkeeper/stage/postgres/database";
import { world } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { noteLooks } from "../src/closings/sql/advance.ts";
import { type Db, openDb } from "../src/db/db.ts";
import { writeEvents } from "../src/events/write.ts";
import { createLogger } from "../src/platform/log/log.ts";
import { storeOf } from "./support/closings.ts";

const event = {
  accountId: "T00000001",
  type: "account_store_update",
  cause: "update",
  at: new Date(),
  subject: "a store",
  actor: "a client",
} as const;
const text = `insert into new_events (account_id, type, cause, at, subject, actor)
  select 'T00000001', 'account_store_update', 'update', now(), 'a store', 'a client' from generate_series(1, $1::int)`;

describe("what was written", () => {
  let database: TestDatabase;
  let db: Db;
  let told = 0;
  beforeAll(async () => {
    database = await createTestDatabase();
    db = openDb({ connectionString: database.url }, createLogger("silent"));
    db.onEventsWritten(() => {
      told += 1;
    });
  });
  beforeEach(() => {
    told = 0;
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  it("is told when its statement has ended, on each kind of connection, prepared or not", async () => {
    await db.pool.query({ name: "some_events", text, values: [2] });
    expect(told).toBe(1);
    await db.urgent.query(text, [1]);
    expect(told).toBe(2);
    await writeEvents(db.sql, [event]);
    expect(told).toBe(3);
    expect((await db.pool.query("select from new_events")).rowCount).toBe(4);
  });

  it("is told after the commit of its transaction, once, however many statements it has", async () => {
    await db.sql.transaction().execute(async (tx) => {
      await writeEvents(tx, [event, event]);
      await writeEvents(tx, [event]);
      await sql`select 1`.execute(tx);
      expect(told).toBe(0);
    });
    expect(told).toBe(1);
  });

  it("is not told of what was only read, of nothing, and of what failed", async () => {
    await db.pool.query("select from new_events");
    await db.pool.query(text, [0]);
    await expect(db.pool.query(text, ["many"])).rejects.toThrow("invalid input syntax");
    await writeEvents(db.sql, []);
    expect(told).toBe(0);
  });
});

describe("what a look at a closing finds", async () => {
  const { server, tenant } = await world({ own: {} });

  it("is told where no terminal of it has changed", async () => {
    const store = storeOf(server, tenant);
    const till = await store.till();
    const { body: closing } = await store.close();
    const ended = async () => {
      const endedText = "select account_id, id, asked_at from closings where id = $1 and ended_at is not null";
      return (await server.db.pool.query(endedText, [closing.id])).rows[0];
    };
    const { account_id: accountId, id, asked_at: askedAt } = await vi.waitUntil(ended);
    let told = 0;
    server.db.onEventsWritten(() => {
      told += 1;
    });
    const now = new Date();
    const others = { state: "partly_closed", digest: "another" } as const;
    await noteLooks(server.db.pool, [{ accountId, id, askedAt, lookAt: null, at: now, told: others }]);
    expect(told).toBe(1);
    await till.device.leave();
  });
});

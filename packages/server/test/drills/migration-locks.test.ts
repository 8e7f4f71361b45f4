import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createTestDatabase, type TestDatabase } from "@tillkeeper/stage/postgres/database";
import { until } from "@tillkeeper/stage/until";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Db, openDb } from "../../src/db/db.ts";
import { compareSchema, migrate } from "../../src/db/migrate.ts";
import { migrationFiles, ownFolder } from "../../src/db/migrating/files.ts";
import { modes } from "../../src/db/migrating/locks.ts";
import { planMigrations } from "../../src/db/migrating/plan.ts";
import { makeRecords, record } from "../../src/db/migrating/records.ts";
import { locksNeeded, lockWaitMs } from "../../src/db/migrating/run.ts";
import { createLogger } from "../../src/platform/log/log.ts";

/** Locks of PostgreSQL that conflict with writing rows or with reading them, weakest first, as `modes`. */
const lockNames = ["ShareLock", "ShareRowExclusiveLock", "AccessExclusiveLock"];

/** Migrations of before this rule, which make their statements as they run. */
const ofBefore = ["0002_tenancy_and_audit.sql", "0016_ids_within_accounts.sql", "0019_walls.sql"];

let database: TestDatabase;
let db: Db;
let folder: string;
beforeEach(async () => {
  database = await createTestDatabase({ empty: true });
  db = openDb({ connectionString: database.url }, createLogger("silent"));
  folder = mkdtempSync(join(tmpdir(), "migrations-"));
});
afterEach(async () => {
  await db.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

it("names every lock that a migration takes on a table of before, so that it is waited for before the first change", async () => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await makeRecords(client);
  const unnamed: string[] = [];
  for (const file of await migrationFiles(ownFolder)) {
    const { rows: before } = await client.query<{ name: string }>(
      "select relname as name from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition",
    );
    const needed = await locksNeeded(client, file);
    await client.query("begin");
    await client.query(file.text);
    const { rows } = await client.query<{ name: string; mode: string }>(
      `select relname as name, mode from pg_locks join pg_class on pg_class.oid = relation
       where pid = pg_backend_pid() and locktype = 'relation' and mode = any($1) and relname = any($2)`,
      [lockNames, before.map(({ name }) => name)],
    );
    const weaker = rows.filter(({ name, mode }) => {
      const named = needed.get(name);
      return named === undefined || modes.indexOf(named) < lockNames.indexOf(mode);
    });
    if (weaker.length > 0) unnamed.push(file.name);
    await record(client, file.name, file.needs);
    await client.query("commit");
  }
  await client.end();
  expect(unnamed).toEqual(ofBefore);
});

describe("a migration beside a transaction that has read its tables, as a dump does", () => {
  /** A folder with one migration of a later version. */
  const later = (text: string) => {
    writeFileSync(join(folder, "9001_later.sql"), text);
    return pathToFileURL(`${folder}/`);
  };
  let dump: pg.Client;
  beforeEach(async () => {
    await migrate(db);
    dump = new pg.Client({ connectionString: database.url, application_name: "nightly dump" });
    await dump.connect();
    await dump.query("begin; lock table stores in access share mode; select pg_sleep(1.1)");
  });
  afterEach(() => dump.end());

  it("tries again until it has ended, and no statement waits longer than one try", async () => {
    const waits: string[] = [];
    const log = { warn: (line: object) => void waits.push(JSON.stringify(line)) };
    const running = migrate(db, undefined, {
      folder: later("alter table terminals add column later text; alter table stores add column later text;"),
      log,
      patienceMs: 60_000,
    });
    let longestMs = 0;
    const reader = new pg.Client({ connectionString: database.url });
    await reader.connect();
    await reader.query("set lock_timeout = '1s'");
    await until(async () => {
      const began = performance.now();
      await reader.query("select 1 from stores limit 1");
      await reader.query("select 1 from terminals limit 1");
      longestMs = Math.max(longestMs, performance.now() - began);
      return waits.length >= 2;
    }, "two tries");
    await reader.end();
    // The lock's timeout is what bounds it. The rest is for a busy machine.
    expect(longestMs).toBeLessThan(2_000);
    expect(waits[0]).toContain("nightly dump");
    await dump.query("commit");
    expect(await running).toEqual(["9001_later.sql"]);
    expect(await compareSchema(db)).toBe("newer");
  });

  it("gives up in the end, names who is in its way, and has changed nothing", async () => {
    const folderOfLater = later("alter table stores add column later text;");
    await expect(migrate(db, undefined, { folder: folderOfLater, patienceMs: 0 })).rejects.toThrow(
      /^The database could not be brought to this version's schema: 9001_later\.sql waits for other transactions \(process \d+, nightly dump, for \d+ s\)\. Start this version again/,
    );
    expect(await compareSchema(db)).toBe("same");
    await dump.query("commit");
  });
});

it("runs on a later schema, but on none that takes away what this version uses", async () => {
  await migrate(db);
  await record(db.pool, "9001_later.sql", undefined);
  expect(await compareSchema(db)).toBe("newer");
  await record(db.pool, "9002_later.sql", "0046_hooks_begin.sql");
  expect(await compareSchema(db)).toBe("newer");
  await record(db.pool, "9003_later.sql", "9001_later.sql");
  await expect(compareSchema(db)).rejects.toThrow(
    "A later version has brought the database to a schema that this version cannot use (9003_later.sql)",
  );
});

it("plans what is left, with the locks and the rows that they hold up", async () => {
  await migrate(db, "0045_sandbox_controls.sql");
  const [next] = (await planMigrations(db)).migrations;
  expect(next).toEqual({
    name: "0046_hooks_begin.sql",
    locks: [{ table: "hook_subscriptions", mode: "access exclusive", rows: 0 }],
    writes: [],
    needs: undefined,
  });
  expect(lockWaitMs).toBeLessThan(1_000);
  await migrate(db);
  expect((await planMigrations(db)).migrations).toEqual([]);
});

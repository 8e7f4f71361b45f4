import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { createTestDatabase, type TestDatabase } from "@tillkeeper/stage/postgres/database";
import { asSuperuser, databaseUrl } from "@tillkeeper/stage/postgres/own-postgres";
import { send, startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import pg from "pg";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { restoreBackup } from "../../src/db/backup/restore.ts";
import { tablesInOrder } from "../../src/db/backup/tables.ts";
import { writeBackup } from "../../src/db/backup/write.ts";
import { allAccountsSetting } from "../../src/db/db.ts";
import { createRootKey } from "../../src/platform/folders/root-key.ts";
import { createLogger } from "../../src/platform/log/log.ts";
import { addRelease, newMaker } from "../support/releases.ts";

const log = createLogger("silent");

describe("a backup", async () => {
  const folder = folderOfTests("backup");
  const { server, tenant } = await world({ own: {} });
  let file: string;
  let contents: Awaited<ReturnType<typeof contentsOf>>;
  beforeAll(async () => {
    await server.account();
    await fill();
    file = join(folder, "backup");
    // The server's workers keep changing rows: repeat until nothing has changed during the backup.
    let after: typeof contents;
    do {
      rmSync(file, { force: true });
      contents = await contentsOf(server.database.url);
      await writeBackup({ connectionString: server.database.url }, file);
      after = await contentsOf(server.database.url);
    } while (JSON.stringify(after) !== JSON.stringify(contents));
  });

  /** Fills as many tables as one server can by itself and by a few requests. */
  async function fill(): Promise<void> {
    const post = async (path: string, body: unknown) => {
      const { status } = await server.call("POST", path, { ...tenant, body });
      expect(status, path).toBeLessThan(300);
    };
    await registerForPairing(server, tenant, "690000000001");
    const device = await activeDevice(server, tenant, "690000000002");
    const terminal_id = device.terminalId;
    // It is PENDING still when the backup has been made.
    await post("/v1/admin/terminals/operations", { terminal_id, operation: "open_menu", timeout: 600 });
    await device.leave();
    await post(`/v1/accounts/${tenant.aid}/payout-destinations`, {});
    await server.db.pool.query("update stores set store_name = $1", [
      "tab\tback\\slash\\.\n\\.\nline\u2028\r\u{1f600}",
    ]);
    await post(`/v1/accounts/${tenant.aid}/configurations`, { content: { text: '"\\.\n\\N' } });
    await addRelease(server, tenant, await newMaker(server, tenant));
    // An operation of two years ago, in a month that a new database does not have.
    await server.db.pool.query("select tillkeeper_make_month(now() - interval '2 years')");
    await server.db.pool.query(
      `insert into operations select (operation).* from (
         select jsonb_populate_record(null::operations, jsonb_build_object(
           'account_id', account_id, 'id', overlay(tillkeeper_lowest_id(now() - interval '2 years')::text placing '7' from 15),
           'terminal_id', terminal_id, 'operation', 'open_menu', 'status', 'COMPLETED', 'parameters', '{}'::jsonb,
           'deadline', now(), 'created_at', now() - interval '2 years', 'created_by', 'x', 'updated_at', now(), 'updated_by', 'x', 'recovered', false,
           'unknown_end', false
         )) as operation from terminals limit 1) as old`,
    );
  }

  async function restored<T>(
    work: (database: TestDatabase) => Promise<T>,
    of = file,
    place: { dataDir: string; keyFile?: string } = { dataDir: folder, keyFile: inject("keyFile") },
  ): Promise<T> {
    const database = await createTestDatabase({ empty: true });
    try {
      await restoreBackup({ location: { connectionString: database.url }, file: of, log, ...place });
      return await work(database);
    } finally {
      await database.drop();
    }
  }

  it("is a file that only its owner may read, and holds no key", () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.partial`)).toBe(false);
    const text = gunzipSync(readFileSync(file)).toString();
    expect(text).not.toContain(readFileSync(inject("keyFile"), "utf8").trim());
    expect(text).not.toContain('"d":');
  });

  it("restores every row of every table, in what every table counts and holds", async () => {
    await restored(async (database) => {
      const after = await contentsOf(database.url);
      expect(after).toEqual(contents);
      expect(Object.keys(after).length).toBeGreaterThan(30);
      const filled = Object.entries(after).filter(([, { rows }]) => rows > 0);
      expect(filled.map(([name]) => name)).toEqual(
        expect.arrayContaining([
          "accounts",
          "audit_log",
          "operation_claims",
          "operations",
          "root_key",
          "signing_keys",
          "terminal_search",
        ]),
      );
    });
  });

  it("restores a database that a server goes on with: tokens, rows and walls of before", async () => {
    await restored(async (database) => {
      const again = await startTestServer({ database });
      const path = `/v1/accounts/${tenant.aid}/stores?limit=100`;
      const [here, there] = await Promise.all(
        [server, again].map((at) => send<{ stores: unknown[] }>(at.url, "GET", path, { token: tenant.token })),
      );
      expect(there?.status).toBe(200);
      expect(there?.body).toEqual(here?.body);
      expect((await again.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: {} })).status).toBe(201);
      await again.stop();
    });
  });

  it("is of one instant, while a server goes on", async () => {
    const busy = Array.from({ length: 20 }, (_, n) =>
      server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: `busy-${n}` } }),
    );
    const meanwhile = join(folder, "meanwhile");
    const { rows } = await writeBackup({ connectionString: server.database.url }, meanwhile);
    await Promise.all(busy);
    expect(rows["stores"]).toBe(rows["store_search"]);
    await restored(async (database) => {
      const { stores } = await contentsOf(database.url);
      expect(stores?.rows).toBe(rows["stores"]);
    }, meanwhile);
  });

  it("is not written over a file that is there, nor by a user who does not see all rows", async () => {
    await expect(writeBackup({ connectionString: server.database.url }, file)).rejects.toThrow("There is a file");
    const user = "tillkeeper_backup_reader";
    const name = new URL(server.database.url).pathname.slice(1);
    const { password } = inject("postgres");
    await asSuperuser(inject("postgres"), `create role ${user} login password '${password}'`);
    try {
      await asSuperuser(inject("postgres"), `grant select on all tables in schema public to ${user}`, name);
      const location = { connectionString: databaseUrl({ ...inject("postgres"), user }, name) };
      const refused = writeBackup(location, join(folder, "partial"));
      await expect(refused).rejects.toThrow(/does not see all rows of .*stores.*: connect as the owner/);
      expect(existsSync(join(folder, "partial"))).toBe(false);
      expect(existsSync(join(folder, "partial.partial"))).toBe(false);
    } finally {
      await asSuperuser(inject("postgres"), `drop owned by ${user}; drop role ${user}`, name);
    }
  });

  it("is written through no link, and over no file, that is in the place of its draft", async () => {
    const target = join(folder, "target");
    writeFileSync(target, "of another user", { mode: 0o644 });
    for (const [name, plant] of [
      ["linked", (draft: string) => symlinkSync(target, draft)],
      ["left", (draft: string) => writeFileSync(draft, "cut short", { mode: 0o644 })],
    ] as const) {
      const to = join(folder, name);
      plant(`${to}.partial`);
      await writeBackup({ connectionString: server.database.url }, to);
      expect(lstatSync(to).isFile()).toBe(true);
      expect(lstatSync(to).mode & 0o777).toBe(0o600);
    }
    expect(readFileSync(target, "utf8")).toBe("of another user");
  });

  it("of an empty database is refused", async () => {
    const database = await createTestDatabase({ empty: true });
    const backup = writeBackup({ connectionString: database.url }, join(folder, "nothing"));
    await expect(backup).rejects.toThrow("there is nothing to back up");
    await database.drop();
  });

  it("is restored with its key alone", async () => {
    const nowhere = { dataDir: join(folder, "nowhere") };
    await expect(restored(async () => undefined, file, nowhere)).rejects.toThrow(
      /needs the key [\da-f]{32}, and there is no key file/,
    );
    const other = createRootKey(join(folder, "other"));
    const wrong = restored(async () => undefined, file, { dataDir: folder, keyFile: other.file });
    await expect(wrong).rejects.toThrow(/needs the key [\da-f]{32}, and the key file .* holds another key/);
  });

  it("is not restored into a database that has rows", async () => {
    const into = restoreBackup({
      location: { connectionString: server.database.url },
      file,
      log,
      dataDir: folder,
      keyFile: inject("keyFile"),
    });
    await expect(into).rejects.toThrow("The database is not empty, there are rows in accounts");
  });

  const lines = () => gunzipSync(readFileSync(file)).toString("utf8").split("\n");
  it.each<[string, () => Buffer, string]>([
    ["cut off", () => readFileSync(file).subarray(0, -200), "unexpected end of file"],
    ["changed in one byte", () => changed(readFileSync(file)), "could not be restored"],
    ["without its end", () => gzipSync(lines().slice(0, -2).join("\n")), "it ends too early"],
    ["cut off in the rows of a table", () => gzipSync(lines().slice(0, 6).join("\n")), "it ends too early"],
    ["missing a row", () => gzipSync(withoutRow(lines()).join("\n")), "audit_log should have"],
    [
      "with a table that is not known",
      () => gzipSync(lines().join("\n").replace('"table":"stores"', '"table":"pg_authid"')),
      "has no table pg_authid",
    ],
    ["of another program", () => Buffer.from("PGDMP"), "incorrect header check"],
    ["that is empty", () => Buffer.alloc(0), "unexpected end of file"],
    ["of a later version", () => gzipSync('{"tillkeeper_backup":2}\n'), "one of a later version"],
  ])("%s is refused, and can be restored right after that", async (_, damaged, why) => {
    const path = join(folder, "damaged");
    writeFileSync(path, damaged());
    const database = await createTestDatabase({ empty: true });
    const restore = (of: string) =>
      restoreBackup({
        location: { connectionString: database.url },
        file: of,
        log,
        dataDir: folder,
        keyFile: inject("keyFile"),
      });
    await expect(restore(path)).rejects.toMatchObject({ name: "StartupError", message: expect.stringContaining(why) });
    const rows = await restore(file);
    expect(rows).toEqual(Object.fromEntries(Object.entries(contents).map(([name, table]) => [name, table.rows])));
    await database.drop();
  });
});

function changed(bytes: Buffer): Buffer {
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return bytes;
}

function withoutRow(lines: string[]): string[] {
  const at = lines.findIndex((line) => line.startsWith('{"table":"audit_log"')) + 1;
  return lines.toSpliced(at, 1);
}

/** Number of rows and a digest of them, by table. */
async function contentsOf(url: string): Promise<Record<string, { rows: number; digest: string }>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(allAccountsSetting);
  const contents: Record<string, { rows: number; digest: string }> = {};
  for (const { name } of await tablesInOrder(client)) {
    const { rows } = await client.query(`select t::text as row from ${name} as t order by 1`);
    const digest = createHash("sha256").update(JSON.stringify(rows)).digest("hex");
    contents[name] = { rows: rows.length, digest };
  }
  await client.end();
  return contents;
}

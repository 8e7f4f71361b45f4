import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase, type TestDatabase } from "@tillkeeper/stage/postgres/database";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { ownServer } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRootKey } from "../src/db/open-root-key.ts";
import { createRootKey } from "../src/platform/folders/root-key.ts";

describe("a database knows its root key", async () => {
  let folder: string;
  const server = await ownServer();
  let empty: TestDatabase;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tillkeeper-root-key-"));
    empty = await createTestDatabase();
  });
  afterAll(async () => {
    await empty.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const refusal = async (keyFile: string | undefined) => {
    const starting = startTestServer({ database: server.database, config: { dataDir: join(folder, "data"), keyFile } });
    const error = await starting.then(
      () => new Error("it started"),
      (reason: Error) => reason,
    );
    return String(error.message.split("\n")[0]);
  };
  const known = async () =>
    (await server.db.sql.selectFrom("root_key").select("fingerprint").executeTakeFirstOrThrow()).fingerprint;

  it("and a server without it is told in one sentence to share the key file", async () => {
    const why = await refusal(undefined);
    expect(why).toContain(`There is no key file ${join(folder, "data", "key")}`);
    expect(why).toContain(await known());
    expect(why).toMatch(/or name in TILLKEEPER_KEY_FILE the file that the other servers of this database use\.$/);
  });

  it("and a server with another one is refused", async () => {
    const other = createRootKey(join(folder, "other"));
    const why = await refusal(other.file);
    expect(why).toContain(`The key file ${other.file} holds another key`);
    expect(why).toContain(await known());
    expect(why).toContain("TILLKEEPER_KEY_FILE");
    expect(why).not.toContain(other.fingerprint());
  });

  it("which no column holds", async () => {
    const rows = await server.db.sql.selectFrom("root_key").selectAll().execute();
    expect(rows).toEqual([
      { one: true, fingerprint: expect.stringMatching(/^[\da-f]{32}$/), created_at: expect.any(Date) },
    ]);
  });

  it("and takes a key that was brought, when it knows none", async () => {
    const brought = createRootKey(join(folder, "brought"));
    copyFileSync(brought.file, join(folder, "copy"));
    await startTestServer({ database: empty, config: { keyFile: brought.file } }).then((first) => first.stop());
    const again = await startTestServer({ database: empty, config: { keyFile: join(folder, "copy") } });
    const { rows } = await again.db.pool.query("select fingerprint from root_key");
    expect(rows).toEqual([{ fingerprint: brought.fingerprint() }]);
    await again.stop();
  });

  it("and servers that start on it at once agree on one key", { tags: "replicas" }, async () => {
    const database = await createTestDatabase();
    const one = await startTestServer({ database, config: { keyFile: join(folder, "shared") } });
    await one.db.sql.deleteFrom("root_key").execute();
    const place = { dataDir: folder, keyFile: join(folder, "at once") };
    const keys = await Promise.all([1, 2, 3].map(() => openRootKey(one.db, place)));
    expect(new Set(keys.map((key) => key.fingerprint())).size).toBe(1);
    await one.stop();
    await database.drop();
  });
});

import { randomUUID } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import S3rver from "@20minutes/s3rver";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from "vitest";
import type { Config } from "../../src/config/config.ts";
import type { FilesPlace } from "../../src/config/files-place.ts";
import { restoreBackup } from "../../src/db/backup/restore.ts";
import { writeBackup } from "../../src/db/backup/write.ts";
import { folderStore } from "../../src/files/folder-store.ts";
import { checkFilePlace } from "../../src/files/place-id.ts";

import { createLogger } from "../../src/platform/log/log.ts";

describe("a database knows its place of files", async () => {
  const folder = folderOfTests("file-place");
  const at = (name: string) => ({ kind: "folder" as const, path: join(folder, name) });
  const idIn = (name: string) => readFileSync(join(folder, name, "place-id"), "utf8");
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ config: { files: at("first") } });
  });
  afterAll(() => server.stop());

  const start = async (files: FilesPlace, database = server.database, more: Partial<Config> = {}) => {
    const further = await startTestServer({ database, config: { files, ...more } });
    await further.stop();
  };
  const refusal = (files: FilesPlace, database?: TestServer["database"], more?: Partial<Config>) =>
    start(files, database, more).then(
      () => "it started",
      (error: Error) => String(error.message.split("\n")[0]),
    );

  it("and a server with files in its own data folder is told in one sentence what to do", async () => {
    const data = join(folder, "data");
    const known = idIn("first").trim();
    const why = await refusal({ kind: "folder", path: undefined }, undefined, { dataDir: data });
    expect(why).toBe(
      `The files of this database are kept in the place ${known}, and the folder ${join(data, "files")} has no file place-id: name in TILLKEEPER_FILES the folder or bucket that all servers of this database share, or write ${known} into the file place-id there if the files were moved there or are lost.`,
    );
    // The cure for a place that was moved.
    mkdirSync(join(data, "files"), { recursive: true });
    writeFileSync(join(data, "files", "place-id"), known);
    await start({ kind: "folder", path: undefined }, undefined, { dataDir: data });
  });

  it("and the same server starts again, and a further one with the same folder", async () => {
    const before = idIn("first");
    await server.restart();
    await start(at("first"));
    expect(idIn("first")).toBe(before);
  });

  it("and a server with the folder of another database is refused", async () => {
    const other = await startTestServer({ config: { files: at("second") } });
    onTestFinished(() => other.stop());
    expect(await refusal(at("second"))).toContain(`${at("second").path} is the place ${idIn("second").trim()}`);
    mkdirSync(at("damaged").path);
    writeFileSync(join(at("damaged").path, "place-id"), "\n");
    expect(await refusal(at("damaged"))).toContain("has no id in its file place-id");
  });

  it("and a server with another bucket is refused", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "S3RVER");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "S3RVER");
    onTestFinished(() => void vi.unstubAllEnvs());
    const s3 = new S3rver({
      address: "127.0.0.1",
      port: 0,
      silent: true,
      allowMismatchedSignatures: true,
      directory: join(folder, "s3"),
      configureBuckets: [{ name: "first-bucket", configs: [] }],
    });
    const endpoint = `http://127.0.0.1:${(await s3.run()).port}`;
    onTestFinished(() => s3.close());
    const inBucket = (prefix: string) => ({
      kind: "s3" as const,
      bucket: "first-bucket",
      prefix,
      endpoint,
      region: undefined,
    });
    expect(await refusal(inBucket("till/"))).toContain("the bucket s3://first-bucket/till/ has no file place-id");
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    await start(inBucket("till/"), database);
    await start(inBucket("till/"), database);
    expect(await refusal(inBucket("other/"), database)).toContain("the bucket s3://first-bucket/other/ has no file");
    const own = await elsewhere();
    expect(await refusal(inBucket("till/"), own.database, { keyFile: own.keyFile })).toContain(
      "The files in the bucket s3://first-bucket/till/ belong to another installation, with the key ",
    );
    await start(inBucket("another/"), own.database, { keyFile: own.keyFile });
  });

  /** A database of another installation: with a key of its own. */
  const elsewhere = async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    return { database, keyFile: join(folder, `key-${randomUUID()}`) };
  };

  it("and another installation is refused there, until it has the key of the place", async () => {
    const { database, keyFile } = await elsewhere();
    const why = await refusal(at("first"), database, { keyFile });
    const theirs = readFileSync(join(folder, "first", "place-key"), "utf8").trim();
    const [, ours = ""] = /or write (\S+) into the file place-key there/.exec(why) ?? [];
    expect(why).toBe(
      `The files in the folder ${at("first").path} belong to another installation, with the key ${theirs}: name another folder, bucket or prefix in TILLKEEPER_FILES, or write ${ours} into the file place-key there if the key of this installation was replaced.`,
    );
    // Nothing was taken: the database is free for another place, and the first server goes on.
    await start(at("of-another"), database, { keyFile });
    await server.restart();
    // The cure for a key that was replaced.
    const { database: replaced, keyFile: newKey } = await elsewhere();
    const toWrite = /or write (\S+) into/.exec(await refusal(at("of-another"), replaced, { keyFile: newKey }))?.[1];
    writeFileSync(join(folder, "of-another", "place-key"), `${toWrite}\n`);
    await start(at("of-another"), replaced, { keyFile: newKey });
  });

  it("and a place of before, which names no installation, becomes that of its database", async () => {
    rmSync(join(folder, "first", "place-key"));
    await server.restart();
    expect(readFileSync(join(folder, "first", "place-key"), "utf8")).toMatch(/^\S+\n$/);
  });

  it("and servers that are the first at the same time agree", { tags: "replicas" }, async () => {
    const database = await createTestDatabase();
    const one = await startTestServer({ database, config: { files: at("at-once") } });
    onTestFinished(async () => {
      await one.stop();
      await database.drop();
    });
    await one.db.sql.deleteFrom("file_place").execute();
    rmSync(at("at-once").path, { recursive: true });
    const files = folderStore(at("at-once").path);
    await Promise.all([1, 2, 3].map(() => checkFilePlace({ db: one.db, files, place: "the folder", key: "k" })));
    const rows = await one.db.sql.selectFrom("file_place").select("id").execute();
    expect(rows).toEqual([{ id: idIn("at-once").trim() }]);
    // Of separate folders one is the place, and the others are refused.
    await one.db.sql.deleteFrom("file_place").execute();
    const apart = ["a", "b", "c"].map((name) => folderStore(at(`apart-${name}`).path));
    const ends = await Promise.allSettled(
      apart.map((store) => checkFilePlace({ db: one.db, files: store, place: "the folder", key: "k" })),
    );
    expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("and a place that cannot be written is named", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    writeFileSync(join(folder, "no-folder"), "");
    expect(await refusal(at("no-folder"), database)).toMatch(
      /^The files cannot be kept in the folder .*no-folder \(\w+\): .* or name another place in TILLKEEPER_FILES\.$/,
    );
  });

  it("and a restored database takes the copy of the place, which has its id with it, or one without files", async () => {
    const backup = join(folder, "backup");
    rmSync(backup, { force: true });
    await writeBackup({ connectionString: server.database.url }, backup);
    cpSync(at("first").path, at("copy").path, { recursive: true });
    for (const name of ["copy", "empty"]) {
      const database = await createTestDatabase({ empty: true });
      onTestFinished(() => database.drop());
      await restoreBackup({
        location: { connectionString: database.url },
        file: backup,
        log: createLogger("silent"),
        dataDir: folder,
        keyFile: inject("keyFile"),
      });
      await start(at(name), database);
      expect(await refusal(at("elsewhere"), database)).toContain("has no file place-id");
    }
    expect(idIn("copy")).toBe(idIn("first"));
    expect(idIn("empty")).not.toBe(idIn("first"));
  });
});

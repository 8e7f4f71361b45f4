import { createHash, randomUUID } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase, type TestDatabase } from "@tillkeeper/stage/postgres/database";
import { TestClock } from "@tillkeeper/stage/servers/test-clock";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openAccount } from "../src/access/accounts/accounts.ts";
import { recordChange } from "../src/access/audit/audit.ts";
import { checkCheckpoints } from "../src/access/audit/checkpoints/files.ts";
import { checkpointKey } from "../src/access/audit/checkpoints/keys.ts";
import { type CheckpointReport, verifyCheckpoints } from "../src/access/audit/checkpoints/verify.ts";
import { type CheckpointDeps, checkpointFile, makeCheckpoint } from "../src/access/audit/checkpoints/worker.ts";
import { type Db, openDb } from "../src/db/db.ts";
import { folderStore } from "../src/files/folder-store.ts";
import { createLogger } from "../src/platform/log/log.ts";
import { behindTheTriggers, reportsOn } from "./support/audit.ts";

const hourMs = 3_600_000;
const keyOf = (byte: number) => checkpointKey({ derive: () => Buffer.alloc(32, byte) });
const key = keyOf(1);
const signal = new AbortController().signal;

describe("checkpoints of the audit log", () => {
  let folder: string;
  let database: TestDatabase;
  let db: Db;
  let clock: TestClock;
  let logged: Record<string, Record<string, unknown>>[];
  let deps: CheckpointDeps;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "tillkeeper-checkpoints-"));
    database = await createTestDatabase();
    db = openDb({ connectionString: database.url }, createLogger("silent"));
    clock = new TestClock();
    logged = [];
    const log = pino({ level: "warn", base: null }, { write: (line: string) => void logged.push(JSON.parse(line)) });
    deps = { db, clock, log, files: folderStore(folder), key };
  });
  afterEach(async () => {
    await db.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const actorOf = (accountId: string) => ({ accountId, clientId: "c", address: "", requestId: "" });
  const change = (aid: string, id: string) =>
    db.sql.transaction().execute((tx) => {
      const subject = { type: "store", id };
      return recordChange(tx, clock, actorOf(aid), { action: "store.create", subject, after: { id } });
    });
  async function account(aid: string, changes = 4): Promise<string> {
    await db.sql.transaction().execute((tx) => openAccount(tx, clock, actorOf(aid), aid));
    for (let n = 0; n < changes; n += 1) await change(aid, `S${n}`);
    return aid;
  }
  const fileOf = (number: number) => join(folder, checkpointFile(number));
  /** Makes a checkpoint an hour after the one before. */
  async function make(more: Partial<CheckpointDeps> = {}) {
    clock.advance(hourMs);
    const made = await makeCheckpoint({ ...deps, ...more }, signal);
    if (!made) throw new Error("none was due");
    return made;
  }
  const check = (...paths: string[]) => checkCheckpoints(paths.length === 0 ? [folder] : paths, [key.publicKey]);
  async function compare(...paths: string[]): Promise<CheckpointReport[]> {
    const reports: CheckpointReport[] = [];
    for await (const report of verifyCheckpoints(db, (await check(...paths)).checkpoints)) reports.push(report);
    return reports;
  }

  it("hold all heads, each carries the one before, and the log has digest and signature whatever its level", async () => {
    await account("T93000001");
    await account("P112", 0);
    const first = await make();
    await change("T93000001", "later");
    const second = await make();
    expect(first).toMatchObject({ number: 1, previous: null, accounts: 2 });
    expect(second).toMatchObject({ number: 2, previous: first.digest, accounts: 2 });
    const lines = readFileSync(fileOf(2), "utf8").trimEnd().split("\n");
    const { rows } = await db.pool.query("select * from audit_heads order by account_id");
    expect(lines.slice(1, -1).map((line) => JSON.parse(line))).toEqual(
      rows.map((row) => ({ account: row.account_id, seq: Number(row.seq), hash: row.hash.toString("hex") })),
    );
    // The check that docs/audit.md describes.
    const covered = `${lines.slice(0, -1).join("\n")}\n`;
    expect(createHash("sha256").update(covered).digest("hex")).toBe(second.digest);
    expect(logged.map((line) => line["audit_checkpoint"])).toEqual(
      [first, second].map(({ number, at, previous, accounts, digest, key_id, signature, file }) => {
        return { number, at, previous, accounts, digest, key_id, signature, file };
      }),
    );
    expect(await check()).toMatchObject({ faults: [], checkpoints: [{ number: 1 }, { number: 2 }] });
    expect(await compare()).toEqual([]);
    await change("T93000001", "after the last one");
    expect(await compare()).toEqual([]);
  });

  it("show what no chain inside of the database can: entries cut off, a chain computed anew, an account that is gone", async () => {
    const cut = await account("T93000001");
    const rewritten = await account("T93000002");
    const emptied = await account("T93000003");
    const gone = await account("T93000004");
    const headless = await account("T93000005");
    await account("T93000006");
    const { number, at } = await make();
    const of = (aid: string) => `where account_id = '${aid}'`;
    const { rows } = await db.pool.query(`select entry from audit_log ${of(rewritten)} order by seq`);
    let previous = Buffer.alloc(32);
    const rewriting = rows.map(({ entry }: { entry: string }, index: number) => {
      const text = index === 1 ? entry.replace('"actor":"c"', '"actor":"d"') : entry;
      const hash = createHash("sha256").update(previous).update(text).digest();
      const values = `entry = '${text}', previous_hash = '\\x${previous.toString("hex")}', hash = '\\x${hash.toString("hex")}'`;
      previous = hash;
      return `update audit_log set ${values} ${index === 1 ? ", actor = 'd'" : ""} ${of(rewritten)} and seq = ${index + 1}`;
    });
    await behindTheTriggers(
      db,
      `delete from audit_log ${of(cut)} and seq > 2`,
      `update audit_heads set seq = 2, hash = (select hash from audit_log ${of(cut)} and seq = 2) ${of(cut)}`,
      ...rewriting,
      `update audit_heads set hash = '\\x${previous.toString("hex")}' ${of(rewritten)}`,
      `delete from audit_log where account_id in ('${emptied}', '${gone}')`,
      `delete from audit_heads where account_id in ('${emptied}', '${gone}', '${headless}')`,
      `delete from accounts ${of(gone)}`,
    );
    // Without checkpoints the remaining chains hold, and nothing tells of the deleted account.
    const chains = await reportsOn(db);
    expect(chains.filter(({ fault }) => fault === undefined).map(({ accountId }) => accountId)).toEqual([
      cut,
      rewritten,
      "T93000006",
    ]);
    expect(chains.some(({ accountId }) => accountId === gone)).toBe(false);
    const expected = [
      { accountId: cut, fault: "the log had 5 entries and ends at 2 now" },
      { accountId: rewritten, fault: "entry 5 is another one now" },
      { accountId: emptied, fault: "the log had 5 entries and ends at 0 now" },
      { accountId: gone, fault: "the account is missing, its log had 5 entries" },
    ].map((report) => ({ ...report, number, at }));
    expect(await compare(fileOf(1))).toEqual(expected);
    // Neither later changes nor later checkpoints hide it, and each account is named once.
    for (const id of ["X", "Y", "Z"]) await change(cut, id);
    await make();
    expect(await compare()).toEqual([{ ...expected[0], fault: "entry 5 is another one now" }, ...expected.slice(1)]);
    expect(await compare(fileOf(2))).toEqual([]);
  });

  it("name a hole where a head was, and ask for one account alone where one is asked for", async () => {
    const aid = await account("T93000001");
    await account("T93000002");
    await make();
    for (const id of ["X", "Y"]) await change(aid, id);
    await behindTheTriggers(db, "delete from audit_log where seq = 5");
    const { checkpoints } = await check();
    const reports: CheckpointReport[] = [];
    for await (const report of verifyCheckpoints(db, checkpoints, aid)) reports.push(report);
    expect(reports).toMatchObject([{ accountId: aid, fault: "entry 5 is missing" }]);
  });

  it("are made by one of several servers, once an hour", async () => {
    await account("T93000001");
    const attempts = () => Promise.all(Array.from({ length: 6 }, () => makeCheckpoint(deps, signal)));
    const made = async () => (await attempts()).filter((checkpoint) => checkpoint !== undefined).length;
    expect(await made()).toBe(1);
    clock.advance(hourMs - 60_000);
    expect(await made()).toBe(0);
    clock.advance(60_000);
    expect(await made()).toBe(1);
    expect(readdirSync(join(folder, "audit/checkpoints"))).toEqual(["0000000001.ndjson", "0000000002.ndjson"]);
  });

  it("are not held up by times in the database that no server has written", async () => {
    await make();
    await db.pool.query("update audit_checkpoint set at = '2999-01-01', claimed_until = '2999-01-01'");
    expect(await make()).toMatchObject({ number: 2 });
    await db.pool.query("update audit_checkpoint set claimed_until = $1", [new Date(clock.now().getTime() + 60_000)]);
    clock.advance(30_000);
    expect(await makeCheckpoint(deps, signal)).toBeUndefined();
  });

  it("leave a turn that failed to the next attempt, and nothing of it", async () => {
    const put = deps.files.put;
    const broken = { ...deps.files, put: () => Promise.reject(new Error("the disk is full")) };
    clock.advance(hourMs);
    await expect(makeCheckpoint({ ...deps, files: broken }, signal)).rejects.toThrow("the disk is full");
    expect(await makeCheckpoint({ ...deps, files: { ...deps.files, put } }, signal)).toMatchObject({ number: 1 });
  });

  it("go on behind the newest file when the database knows an older one, and never write over a file", async () => {
    await account("T93000001");
    await make();
    const { rows } = await db.pool.query("select number, at, digest from audit_checkpoint");
    await make();
    const third = await make();
    const kept = readFileSync(fileOf(3));
    // The state after a restored backup, or after a server died between file and database.
    await db.pool.query("update audit_checkpoint set number = $1, at = $2, digest = $3", Object.values(rows[0]));
    expect(await make()).toMatchObject({ number: 4, previous: third.digest });
    expect(readFileSync(fileOf(3))).toEqual(kept);
    expect((await check()).faults).toEqual([]);
    // Another file in the next one's place stays, and the log reports it.
    writeFileSync(fileOf(5), "something else");
    expect(await make()).toMatchObject({ number: 6, previous: null });
    expect(readFileSync(fileOf(5), "utf8")).toBe("something else");
    expect(logged).toContainEqual(expect.objectContaining({ level: 50, file: checkpointFile(5) }));
    expect((await check()).faults).toEqual([
      `${fileOf(5)} is cut off in the middle of a line`,
      `checkpoint 5 is missing between ${fileOf(4)} and ${fileOf(6)}: name them as well, or ask for each file alone`,
    ]);
  });

  it("leave out heads that no server wrote, which the chains' own check names", async () => {
    await account("T93000001");
    await behindTheTriggers(
      db,
      `insert into audit_heads values ('x', 1, '\\x00'), ('T93000002', -1, decode(repeat('00', 32), 'hex')),
       ('T93000003', 9223372036854775807, decode(repeat('00', 32), 'hex')), ('T93000004', 1, '\\x00')`,
    );
    expect(await make()).toMatchObject({ accounts: 1 });
    expect((await check()).faults).toEqual([]);
    const faulty = (await reportsOn(db)).filter(({ fault }) => fault !== undefined);
    expect(faulty.map(({ accountId }) => accountId).toSorted()).toEqual(["T93000002", "T93000003", "T93000004", "x"]);
  });

  it("are refused when a file is missing, changed, exchanged, or signed by another key", async () => {
    await account("T93000001");
    for (let n = 0; n < 4; n += 1) await make();
    const faults = async (...paths: string[]) => (await check(...paths)).faults;
    expect(await faults()).toEqual([]);
    expect(await faults(fileOf(1), fileOf(2), fileOf(2))).toEqual([]);
    expect(await faults(fileOf(1), fileOf(4))).toEqual([
      `checkpoints 2 to 3 are missing between ${fileOf(1)} and ${fileOf(4)}: name them as well, or ask for each file alone`,
    ]);
    rmSync(fileOf(1));
    expect(await faults(), "the oldest may be deleted").toEqual([]);

    const other = mkdtempSync(join(tmpdir(), "tillkeeper-checkpoints-other-"));
    const copied = join(other, "copy.ndjson");
    try {
      await db.pool.query("update audit_checkpoint set number = 2, digest = $1", ["ab".repeat(32)]);
      const forked = await make({ files: folderStore(other) });
      const [fork] = [join(other, forked.file)];
      expect(await faults(folder, other)).toEqual([
        `${fileOf(3)} and ${fork} are two different checkpoints of number 3`,
        `${fileOf(4)} does not carry the digest of the checkpoint before it, ${fork}`,
      ]);
      rmSync(fork);
      const text = readFileSync(fileOf(3), "utf8");
      writeFileSync(copied, text.replace('"seq":5', '"seq":4'));
      expect(await faults(copied)).toEqual([
        `${copied} was changed: its content does not have the digest that was signed`,
      ]);
      copyFileSync(fileOf(4), fileOf(3));
      expect(await faults()).toEqual([
        `checkpoint 3 is missing between ${fileOf(2)} and ${fileOf(3)}: name them as well, or ask for each file alone`,
      ]);
      writeFileSync(fileOf(3), text);
      const stranger = await make({ files: folderStore(other), key: keyOf(2) });
      const strangers = join(other, stranger.file);
      expect(await faults(strangers)).toEqual([
        `${strangers} was signed with another key (${stranger.key_id}): name its public half with --public-key`,
      ]);
      expect((await checkCheckpoints([strangers], [key.publicKey, keyOf(2).publicKey])).faults).toEqual([]);
      const claimed = readFileSync(strangers, "utf8").replace(
        stranger.key_id,
        (await check()).checkpoints[0]?.key_id ?? "",
      );
      writeFileSync(copied, claimed);
      expect(await faults(copied)).toEqual([`${copied} has a signature that is not right: it is forged`]);
      await expect(check(join(other, randomUUID()))).rejects.toThrow("there is no such file");
      await expect(check(mkdtempSync(join(other, "empty-")))).rejects.toThrow("There is no checkpoint");
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});

it("a server makes the first checkpoint at once, and the next when an hour has passed, wherever it runs", {
  tags: "replicas",
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-checkpoints-"));
  const server = await startTestServer({ config: { files: { kind: "folder", path: folder } } });
  const fileOf = (number: number) => join(folder, checkpointFile(number));
  try {
    await vi.waitFor(() => expect(existsSync(fileOf(1))).toBe(true), 60_000);
    await server.account("T93000009");
    server.clock.advance(hourMs);
    await server.restart();
    await vi.waitFor(() => expect(existsSync(fileOf(2))).toBe(true), 60_000);
    expect(readFileSync(fileOf(2), "utf8")).toContain('{"account":"T93000009","seq":1,');
    expect(existsSync(fileOf(3))).toBe(false);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

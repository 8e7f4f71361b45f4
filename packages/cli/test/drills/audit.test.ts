import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDb } from "@tillkeeper/server/db/db";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { expect, onTestFinished, test, vi } from "vitest";
import { scratch, startCli } from "../support/cli.ts";

async function databaseOfTest() {
  const database = await createTestDatabase({ empty: true });
  const db = openDb({ connectionString: database.url }, createLogger("silent"));
  onTestFinished(async () => {
    await db.close();
    await database.drop();
  });
  return { url: database.url, db };
}

test("audit verify holds the database against checkpoints, with the server's key or its public half alone", async () => {
  const place = scratch();
  const { url, db } = await databaseOfTest();
  const env = { ...place.env, DATABASE_URL: url };
  const run = (...args: string[]) => startCli(args, env).ended;
  for (const id of ["P11100001", "P11100002"]) {
    expect(await run("account", "create", "--id", id, "--name", "Shop")).toMatchObject({ code: 0 });
  }
  expect(await run("audit", "verify")).toMatchObject({
    code: 0,
    stdout: "P11100001  holds, 1 entries\nP11100002  holds, 1 entries\n",
    stderr: "",
  });
  expect(await run("audit", "key")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no key file"),
  });

  const server = startCli(["serve"], env);
  const checkpoint = join(place.data, "files/audit/checkpoints/0000000001.ndjson");
  // The file is there first: the checkpoint is logged once the database has it, too.
  await vi.waitFor(() => expect(server.errors()).toContain("audit_checkpoint"), 60_000);
  const { stderr } = await server.stop();
  const logged = JSON.parse(stderr.split("\n").find((line) => line.includes("audit_checkpoint")) ?? "null");
  const lines = readFileSync(checkpoint, "utf8").trimEnd().split("\n");
  const { digest, key_id, signature } = JSON.parse(lines.at(-1) ?? "");
  expect(logged.audit_checkpoint).toMatchObject({ number: 1, accounts: 2, digest, key_id, signature });
  // The check that docs/audit.md gives to third parties.
  const key = (await run("audit", "key")).stdout;
  expect(key).toContain(`Key id: ${key_id}\n-----BEGIN PUBLIC KEY-----\n`);
  expect(
    createHash("sha256")
      .update(`${lines.slice(0, -1).join("\n")}\n`)
      .digest("hex"),
  ).toBe(digest);
  const text = Buffer.from(`tillkeeper audit checkpoint 1 ${digest}`);
  expect(verify(null, text, createPublicKey(key), Buffer.from(signature, "base64url"))).toBe(true);

  const holds = await run("audit", "verify", "--checkpoint", place.data);
  expect(holds).toMatchObject({ code: 0, stderr: "" });
  expect(holds.stdout).toMatch(/^checkpoint 1 of \S+ {2}signed, 2 accounts, digest [0-9a-f]{64}$/m);

  await db.pool.query(`alter table audit_log disable trigger user; alter table audit_heads disable trigger user;
    delete from audit_log where account_id = 'P11100001'; delete from audit_heads where account_id = 'P11100001'`);
  const broken = await run("audit", "verify", "--checkpoint", checkpoint);
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(/^P11100001 {2}BROKEN: there is no entry, although every account has account.create$/m);
  expect(broken.stdout).toMatch(
    /^P11100001 {2}NOT AS IN CHECKPOINT 1 of \S+: the log had 1 entries and ends at 0 now$/m,
  );
  expect(broken.stdout).toMatch(/^P11100002 {2}holds, 1 entries$/m);
  expect(broken.stdout).toContain("docs/audit.md");
  expect(await run("audit", "verify", "--account", "P11100002", "--checkpoint", checkpoint)).toMatchObject({ code: 0 });
  expect(await run("audit", "verify", "--account", "P99999999")).toMatchObject({ code: 1 });

  writeFileSync(join(place.temporary, "key.pem"), key);
  renameSync(join(place.data, "key"), join(place.temporary, "key"));
  const args = ["audit", "verify", "--account", "P11100002", "--checkpoint", checkpoint];
  expect(await run(...args, "--public-key", join(place.temporary, "key.pem"))).toMatchObject({ code: 0, stderr: "" });
  expect(await run(...args)).toMatchObject({ code: 1, stderr: expect.stringContaining("--public-key") });
  for (const [file, message] of [
    [checkpoint, "does not hold a key"],
    [join(place.data, "none"), "There is no file"],
  ] as const) {
    const refused = await run(...args, "--public-key", file);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(refused.stderr).not.toMatch(/^ {4}at /m);
  }
});

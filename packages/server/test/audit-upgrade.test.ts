import { createHash } from "node:crypto";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { expect, it } from "vitest";
import { openAccount } from "../src/access/accounts/accounts.ts";
import { recordChange } from "../src/access/audit/audit.ts";
import { openDb } from "../src/db/db.ts";
import { migrate } from "../src/db/migrate.ts";
import { openDatabase } from "../src/db/open.ts";
import { systemClock } from "../src/platform/clock.ts";
import { createLogger } from "../src/platform/log/log.ts";
import { reportsOn } from "./support/audit.ts";

const log = createLogger("silent");
const actorOf = (accountId: string) => ({ accountId, clientId: "c", address: "", requestId: "" });
const change = { action: "store.update", subject: { type: "store", id: "S1" }, before: { a: 1 }, after: { a: "ø" } };

/** An entry as the server wrote it before the database did so. */
function entryOfBefore(aid: string, seq: number, previous: Buffer, action: string) {
  const at = new Date(Date.UTC(2026, 10, 1, 12, 0, seq, 7));
  const entry = JSON.stringify({
    seq,
    at: at.toISOString(),
    account_id: aid,
    actor: "c",
    address: "127.0.0.1",
    request_id: "r",
    action,
    subject: { type: "x", id: "y" },
    before: null,
    after: { name: "Æ\n" },
  });
  const hash = createHash("sha256").update(previous).update(entry).digest();
  return { values: [aid, seq, at, "c", action, "x", "y", entry, previous, hash], hash };
}

it("logs of before still hold and go on, and every account has account.create from then on", async () => {
  const database = await createTestDatabase({ empty: true });
  const db = openDb({ connectionString: database.url }, log);
  try {
    await migrate(db, "0014_recipients.sql");
    const firstActions = { T94000001: ["account.create", "store.create"], T94000002: ["store.create"], T94000003: [] };
    for (const [aid, actions] of Object.entries(firstActions)) {
      await db.pool.query("insert into accounts (account_id, name, created_at) values ($1, $1, now())", [aid]);
      let previous: Buffer = Buffer.alloc(32);
      for (const [index, action] of actions.entries()) {
        const { values, hash } = entryOfBefore(aid, index + 1, previous, action);
        await db.pool.query("insert into audit_log values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", values);
        previous = hash;
      }
      if (actions.length > 0)
        await db.pool.query("insert into audit_heads values ($1, $2, $3)", [aid, actions.length, previous]);
    }
    await migrate(db);
    expect(await reportsOn(db)).toEqual([
      { accountId: "T94000001", entries: 2 },
      { accountId: "T94000002", entries: 2 },
      { accountId: "T94000003", entries: 1 },
    ]);
    const { rows } = await db.pool.query(
      "select account_id, entry from audit_log where actor = 'tillkeeper:migration'",
    );
    expect(rows.map((row) => [row.account_id, JSON.parse(row.entry).action])).toEqual([
      ["T94000002", "account.create"],
      ["T94000003", "account.create"],
    ]);
    for (const aid of Object.keys(firstActions)) {
      await db.sql.transaction().execute((tx) => recordChange(tx, systemClock, actorOf(aid), change));
    }
    expect((await reportsOn(db)).map(({ entries, fault }) => [entries, fault])).toEqual([
      [3, undefined],
      [3, undefined],
      [2, undefined],
    ]);
  } finally {
    await db.close();
    await database.drop();
  }
});

it("needs no superuser: an ordinary owner of the tables appends, verifies, and cannot forge", async () => {
  const database = await createTestDatabase();
  const db = await openDatabase({ url: database.url, dataDir: "/nonexistent", log });
  try {
    const { rows } = await db.pool.query("select rolsuper from pg_roles where rolname = current_user");
    expect(rows).toEqual([{ rolsuper: false }]);
    await db.sql.transaction().execute(async (tx) => {
      await openAccount(tx, systemClock, actorOf("T94000009"), "x");
      await recordChange(tx, systemClock, actorOf("T94000009"), change);
    });
    expect(await reportsOn(db)).toEqual([{ accountId: "T94000009", entries: 2 }]);
    for (const statement of [
      "insert into audit_log select account_id, 3, at, actor, action, subject_type, subject_id, entry, hash, hash from audit_log where seq = 2",
      "update audit_heads set seq = 1",
      "delete from audit_heads",
      "delete from audit_log",
    ]) {
      await expect(db.pool.query(statement), statement).rejects.toThrow(/^audit_(log|heads)/);
    }
  } finally {
    await db.close();
    await database.drop();
  }
});

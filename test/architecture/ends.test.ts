import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { findStrayWrites, type Sources } from "./ends.ts";

const folder = resolve(import.meta.dirname, "../../packages/server/src");

function serverSources(): Sources {
  const files = globSync("**/*.ts", { cwd: folder }).filter((path) => !path.endsWith(".test.ts"));
  return new Map(files.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

const strays: Record<string, string> = {
  "a/end.ts": "const text = `update operations set\n  status = 'FAILED', updated_at = $1 from due where true`;",
  "a/late.ts": "const text = `with late as (update operations as late set late_result = $1 where id = $2) select`;",
  "a/any.ts": "const text = `update operations set ${values} where id = $1`;",
  "a/store.ts": 'await db.insertInto("operations").values(row).execute();',
  "b/release.ts": "const text = `update operation_claims as claim set terminal_id = null from over`;",
  "b/remove.ts": 'await db\n  .deleteFrom("operation_claims as claim")\n  .where("account_id", "=", id)\n  .execute();',
  "c/move.ts":
    'await tx\n  .updateTable("terminals")\n  .set({ status: "ERROR" })\n  .where("id", "=", id)\n  .execute();',
  "c/spread.ts": 'await tx.updateTable("terminals").set({ ...values }).where("id", "=", id).execute();',
  "c/named.ts": 'await tx.updateTable("terminals").set(values).where("id", "=", id).execute();',
  "c/register.ts": "const text = `INSERT INTO terminals (terminal_id) values ($1)`;",
  "d/change.ts": "await sql`insert into\n  presence_changes (account_id) select * from changed`.execute(db);",
};

const harmless: Record<string, string> = {
  "e/progress.ts": "const text = `update operations set dispatched_at = $1 where status = 'FAILED'`;",
  "e/due.ts": 'await db.updateTable("operation_claims").set({ due_at: at }).where("terminal_id", "=", id).execute();',
  "e/name.ts": 'await tx.updateTable("terminals").set({ updated_at: at }).where("status", "=", "ERROR").execute();',
  "e/read.ts": "// It may not update terminals set status.\nconst text = `select status from terminals for update`;",
};

describe("what is an event", () => {
  it("is written in one place: the end of an operation, a terminal's status, a change of presence", () => {
    const sources = serverSources();
    expect(sources.size).toBeGreaterThan(200);
    expect(findStrayWrites(sources)).toEqual([]);
  });

  it("is seen elsewhere: each of these deliberate violations is reported, and nothing else", () => {
    const sources = new Map([...serverSources(), ...Object.entries({ ...strays, ...harmless })]);
    expect(findStrayWrites(sources).toSorted()).toEqual([
      "a/any.ts ends an operation",
      "a/end.ts ends an operation",
      "a/late.ts ends an operation",
      "a/store.ts stores an operation",
      "b/release.ts gives back what an operation occupies",
      "b/remove.ts removes a claim",
      "c/move.ts changes a terminal's status",
      "c/named.ts changes a terminal's status",
      "c/register.ts registers a terminal",
      "c/spread.ts changes a terminal's status",
      "d/change.ts notes a change of presence",
    ]);
  });

  it("has no place that is named in vain", () => {
    const sources = new Map([...serverSources()].filter(([file]) => file !== "operations/sql/end.ts"));
    expect(findStrayWrites(sources)).toContain("operations/sql/end.ts no longer ends an operation");
  });
});

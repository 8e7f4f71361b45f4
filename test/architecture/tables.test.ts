import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type TableUse, tablesOf, usesOf } from "./tables.ts";

const root = resolve(import.meta.dirname, "../..");
const migrations = join(root, "packages/server/src/db/migrations");
/** Printed from the SQL of the sources by `npm run reference`, so that a new use of a table shows in a change. */
const printed = join(import.meta.dirname, "tables.json");

/** One room writes a table. These write one beside its first writer, each with its reason. */
const furtherWriters: Record<string, string> = {};

/** Benchmarks fill tables by the hundred thousand, which no API does. */
const fillsTables = "bench";

describe("the walls between tables", () => {
  const uses = usesOf(root, tablesOf(migrations));

  it("stand as they are printed: a room that reads or writes a further table is seen", () => {
    const text = `${JSON.stringify(uses, null, 2)}\n`;
    if (process.env["UPDATE_REFERENCE"] === "1") writeFileSync(printed, text);
    expect(readFileSync(printed, "utf8") === text, "tables.json is out of date: npm run reference").toBe(true);
  });

  it("let one room write each table, and others with a reason", () => {
    const further = Object.entries(uses).flatMap(([table, { writes }]) =>
      writes.filter((room) => room !== fillsTables && room !== firstWriter(table, writes)).map((room) => `${table}: ${room}`),
    );
    expect(further.toSorted()).toEqual(Object.keys(furtherWriters).toSorted());
  });

  it("are seen: SQL and query builder, reading and writing, and not what comments say", () => {
    const folder = mkdtempSync(join(tmpdir(), "tables-"));
    try {
      mkdirSync(join(folder, "packages/server/src/shops"), { recursive: true });
      writeFileSync(
        join(folder, "packages/server/src/shops/queries.ts"),
        [
          "// delete from comments",
          "export const a = `with gone as (delete from shelves) insert into orders select from customers for update`;",
          'export const b = db.updateTable("prices").innerJoin("taxes", "id", "id");',
        ].join("\n"),
      );
      const tables = ["comments", "customers", "orders", "prices", "shelves", "taxes"];
      const found = Object.entries(usesOf(folder, tables)).map(([name, use]) => `${name}: ${wordsOf(use)}`);
      expect(found).toEqual([
        "comments: ",
        "customers: read by shops",
        "orders: written by shops",
        "prices: written by shops",
        "shelves: written by shops",
        "taxes: read by shops",
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The table's own room: the one that the table is named in the schema for. */
function firstWriter(table: string, writes: readonly string[]): string | undefined {
  return owners[table] ?? writes.find((room) => room !== fillsTables);
}

/** Tables with several writers, and whose they are. */
const owners: Record<string, string> = {};

function wordsOf({ writes, reads }: TableUse): string {
  return [...writes.map((room) => `written by ${room}`), ...reads.map((room) => `read by ${room}`)].join(", ");
}

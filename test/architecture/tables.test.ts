import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type TableUse, tablesOf, usesOf } from "./tables.ts";

const root = resolve(import.meta.dirname, "../..");
const migrations = join(root, "packages/server/src/db/migrations");
/** Printed from the SQL of the sources by `npm run reference`, so that a new use of a table shows in a change. */
const printed = join(import.meta.dirname, "tables.json");

/** A table has one writer. Of these tables it is named, with the rooms that write beside it, each with its reason. */
const sharedTables: Record<string, { owner: string; further: Record<string, string> }> = {
  accounts: {
    owner: "access/accounts",
    further: {
      "merchants/stores": "takes the next store number from the account's row, which the transaction gives back",
      terminals: "takes the next terminal number in that way",
      "rollout/configurations": "takes the next configuration number in that way",
      restores: "moves all these numbers on after the database went back",
      sandbox:
        "moves numbers on where a reset gives stores and terminals the ids that they had, and keeps what it goes back to",
    },
  },
  client_grants: {
    owner: "access/grants",
    further: {
      "access/auth": "creates a client together with the grant of its own account",
      "access/clients": "ends a client together with its grants",
    },
  },
  client_secrets: {
    owner: "access/auth",
    further: { "access/clients": "ends secrets, with the client or alone" },
  },
  clients: {
    owner: "access/clients",
    further: { "access/auth": "creates the first client of an account, before it has an API caller" },
  },
  closing_report_numbers: {
    owner: "reports",
    further: { restores: "moves the numbers of reports on after the database went back" },
  },
  pairing_codes: {
    owner: "enrolment",
    further: { restores: "ends open codes after the database went back: a device may have used one already" },
  },
  terminal_addresses: {
    owner: "terminals",
    further: { operations: "counts a device's log in the statement that takes its reports (D28)" },
  },
  terminal_software: {
    owner: "rollout/configurations",
    further: { operations: "writes the versions in the statement that takes the result of check_update" },
  },
};

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
    const shared = Object.entries(uses).flatMap(([table, { writes }]) => {
      const rooms = writes.filter((room) => room !== fillsTables);
      return rooms.length > 1 ? [[table, rooms] as const] : [];
    });
    const reasoned = Object.entries(sharedTables).map(([table, { owner, further }]) => [
      table,
      [owner, ...Object.keys(further)].toSorted(),
    ]);
    expect(Object.fromEntries(shared)).toEqual(Object.fromEntries(reasoned));
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

function wordsOf({ writes, reads }: TableUse): string {
  return [...writes.map((room) => `written by ${room}`), ...reads.map((room) => `read by ${room}`)].join(", ");
}

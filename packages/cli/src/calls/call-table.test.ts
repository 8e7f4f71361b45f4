import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { expect, test } from "vitest";
import { callTableText } from "../../test/support/call-table-text.ts";
import { idsOf } from "./call.ts";
import { callTable } from "./call-table.ts";
import { ownFlags } from "./flags.ts";

const calls = Object.entries(callTable).flatMap(([noun, { calls: rows }]) =>
  Object.entries(rows).map(([name, row]) => ({ name: `${noun} ${name}`, row })),
);

test("the table is what the endpoints of the contract say", () => {
  const path = resolve(import.meta.dirname, "call-table.ts");
  const text = callTableText(endpoints);
  if (process.env["UPDATE_REFERENCE"] === "1") writeFileSync(path, text);
  expect(readFileSync(path, "utf8") === text, "call-table.ts is out of date: npm run reference").toBe(true);
});

test("every endpoint that a client may call has its command", () => {
  const called = Object.entries(endpoints as Record<string, Record<string, { outsideSdk?: string }>>)
    .filter(([noun]) => !noun.endsWith("ByToken"))
    .flatMap(([noun, rows]) => Object.entries(rows).map(([name, row]) => ({ name: `${noun} ${name}`, row })))
    .filter(({ row }) => row.outsideSdk === undefined);
  expect(calls.map(({ name }) => name)).toEqual(called.map(({ name }) => name));
});

test.for(calls)("$name: no two of its flags have one name", ({ row }) => {
  const names = [...(row.query ?? []), ...(row.body ?? [])].map(({ name }) => name.replaceAll("_", "-"));
  const all = [...names, ...ownFlags];
  expect(all.toSorted()).toEqual([...new Set(all)].toSorted());
  expect(idsOf(row)).toEqual([...new Set(idsOf(row))]);
});

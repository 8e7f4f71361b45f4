import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { expect, test } from "vitest";
import { tableText } from "../test/support/table-text.ts";
import { endpointTable } from "./endpoint-table.ts";

const rows = Object.entries(endpointTable).flatMap(([noun, named]) =>
  Object.keys(named).map((name) => ({
    name: `${noun}.${name}`,
    endpoint: (endpoints as unknown as Record<string, Record<string, Endpoint>>)[noun]?.[name] as Endpoint,
  })),
);

test("the table is what the endpoints of the contract say", () => {
  const path = resolve(import.meta.dirname, "endpoint-table.ts");
  const text = tableText(endpoints);
  if (process.env["UPDATE_REFERENCE"] === "1") writeFileSync(path, text);
  expect(readFileSync(path, "utf8") === text, "endpoint-table.ts is out of date: npm run reference").toBe(true);
});

test.for(rows)("$name may be called without a query: what is required has a default", ({ endpoint: { query } }) => {
  const without = (query?.required ?? []).filter((name) => !("default" in (query?.properties[name] ?? {})));
  expect(without).toEqual([]);
});

const paged = rows.filter(({ endpoint }) => endpoint.query && "starting_after" in endpoint.query.properties);

test.for(paged)("$name gives pages that are one list, or have one", ({ endpoint: { answers } }) => {
  const answer = Object.values(answers)[0] as { type: string; properties?: Record<string, { type: string }> };
  const lists = answer.type === "array" ? [answer] : Object.values(answer.properties ?? {}).filter(isList);
  expect(lists).toHaveLength(1);
});

function isList({ type }: { type: string }): boolean {
  return type === "array";
}

import { operationNames } from "@tillkeeper/contract/operations";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { expect, it } from "vitest";
import { openDb } from "../src/db/db.ts";
import { createLogger } from "../src/platform/log/log.ts";

it("lets the tables hold every kind of operation that the contract has, and no other", async () => {
  const database = await createTestDatabase();
  const db = openDb({ connectionString: database.url }, createLogger("silent"));
  const { rows } = await db.pool.query<{ name: string; rule: string }>(
    `select conrelid::regclass::text as name, pg_get_constraintdef(oid) as rule from pg_constraint
     where contype = 'c' and pg_get_constraintdef(oid) ~ '\\moperation = ANY'`,
  );
  await db.close();
  expect(rows.map(({ name }) => name)).toContain("operations");
  for (const { name, rule } of rows) {
    const allowed = [...rule.matchAll(/'(\w+)'/g)].map(([, operation]) => operation);
    expect({ name, allowed: new Set(allowed) }).toEqual({ name, allowed: new Set(operationNames) });
  }
});

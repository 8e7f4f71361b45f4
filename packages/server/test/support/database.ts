import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

/** An empty database in the run's PostgreSQL, as a URL. */
export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const { host, port, user, password } = inject("postgres");
  const name = `test_${randomBytes(8).toString("hex")}`;
  const run = async (text: string) => {
    const client = new pg.Client({ host, port, user, password, database: "postgres" });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  await run(`create database ${name}`);
  return {
    url: `postgres://${user}:${encodeURIComponent(password)}@localhost:${port}/${name}?host=${encodeURIComponent(host)}`,
    drop: () => run(`drop database if exists ${name} with (force)`),
  };
}

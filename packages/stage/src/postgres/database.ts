import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createRootKey, type RootKey } from "@tillkeeper/server/platform/folders/root-key";
import { inject } from "vitest";
import { asSuperuser, databaseUrl, type PostgresAddress } from "./own-postgres.ts";

declare module "vitest" {
  export interface ProvidedContext {
    postgres: PostgresAddress;
    /** How to reach the cluster as the user who owns the databases. */
    owner: PostgresAddress;
    /** The name of a database with this version's schema, for copies. */
    template: string;
  }
}

/** The database of a test, as a URL. */
export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** Creates a database in the run's PostgreSQL: a copy of the template, or an `empty` one. Its owner is `owner`. */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const postgres = inject("postgres");
  const template = empty ? "" : ` template ${inject("template")}`;
  const name = `test_${randomBytes(8).toString("hex")}`;
  const owner = inject("owner");
  await asSuperuser(postgres, `create database ${name} owner ${owner.user}${template}`);
  return {
    url: databaseUrl(owner, name),
    drop: async () => {
      await asSuperuser(postgres, `drop database if exists ${name} with (force)`);
      rmSync(folderOfFiles(name), { recursive: true, force: true });
    },
  };
}

/** The place of files that servers on one test database share. */
export function filesOf(url: string): { kind: "folder"; path: string } {
  return { kind: "folder", path: folderOfFiles(new URL(url).pathname.slice(1)) };
}

const folderOfFiles = (name: string) => join(inject("scratch"), "files", name);

/** Returns the root key that all servers of the run share. */
export function testRootKey(): RootKey {
  return createRootKey(inject("keyFile"));
}

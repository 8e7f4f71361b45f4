import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { roomOf } from "./boundaries.ts";
import { sourceFiles } from "./imports.ts";

/** Which rooms write a table, and which only read it. */
export interface TableUse {
  writes: string[];
  reads: string[];
}

/** Words before a table that the statement changes, or only reads, as SQL and as the query builder say it. */
const writing =
  /\b(?:(?:insert into|update|delete from|merge into|truncate)\s+(?:only\s+)?|(?:insertInto|updateTable|deleteFrom|mergeInto)\(")(\w+)/gi;
const reading =
  /\b(?:(?:from|join|using)\s+(?:only\s+)?|(?:selectFrom|innerJoin|leftJoin|rightJoin|fullJoin)\(")(\w+)/gi;

/** Folders whose programs may reach the database. */
const folders = [
  "packages/server/src",
  "packages/cli/src",
  "packages/stage/src",
  "bench/src",
  "chaos/src",
  "hostile/src",
  "year/src",
];

/** The tables that the migrations create. */
export function tablesOf(migrations: string): string[] {
  const text = readdirSync(migrations)
    .map((name) => readFileSync(join(migrations, name), "utf8"))
    .join("\n");
  const dropped = new Set([...text.matchAll(/^drop table (?:if exists )?(\w+)/gim)].map(([, name]) => name as string));
  const created = [...text.matchAll(/^\s*create (?:unlogged )?table (?:if not exists )?(\w+)/gim)].map(
    ([, name]) => name as string,
  );
  return [...new Set(created)].filter((name) => !dropped.has(name)).toSorted();
}

/** Reads from the SQL of all sources which room writes and which reads each table. */
export function usesOf(root: string, tables: readonly string[]): Record<string, TableUse> {
  const uses = Object.fromEntries(
    tables.map((name) => [name, { writes: new Set<string>(), reads: new Set<string>() }]),
  );
  for (const folder of folders) {
    for (const path of sourcesBelow(join(root, folder))) {
      const room = roomOfSource(relative(root, path));
      const text = withoutComments(readFileSync(path, "utf8"));
      for (const [, name] of text.matchAll(writing)) uses[name as string]?.writes.add(room);
      // A deletion is no reading, though it says `from`.
      for (const [, name] of text.replaceAll(/\bdelete from\b/gi, "").matchAll(reading)) {
        uses[name as string]?.reads.add(room);
      }
    }
  }
  return Object.fromEntries(
    Object.entries(uses).map(([name, { writes, reads }]) => [
      name,
      { writes: [...writes].toSorted(), reads: [...reads].filter((room) => !writes.has(room)).toSorted() },
    ]),
  );
}

function sourcesBelow(folder: string): string[] {
  return existsSync(folder) ? sourceFiles(folder).filter((path) => !path.endsWith(".test.ts")) : [];
}

function roomOfSource(path: string): string {
  const [, server] = /^packages\/server\/src\/(.+)$/.exec(path) ?? [];
  if (server !== undefined) return roomOf(server);
  return path.split("/").find((part) => part !== "packages") as string;
}

function withoutComments(code: string): string {
  return code.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
}

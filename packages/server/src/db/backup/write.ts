import { once } from "node:events";
import { closeSync, createWriteStream, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip, type Gzip } from "node:zlib";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { StartupError } from "../../platform/startup-error.ts";
import { allAccountsSetting, type DatabaseLocation } from "../db.ts";
import type { BackupEnd, BackupHeader, BackupSection } from "./format.ts";
import { sectionEnd } from "./format.ts";
import { readBack } from "./read-back.ts";
import {
  type BackupTable,
  columnList,
  lastMigration,
  monthsOfOperations,
  quoted,
  tablesInOrder,
  weeksOfEvents,
} from "./tables.ts";

export interface BackupReport {
  schema: string;
  keyFingerprint: string | null;
  rows: Record<string, number>;
}

/**
 * Writes all rows of the database, in one snapshot, into a new file that only its owner may read. Servers keep running
 * meanwhile. The file gets its name once it is complete, on the disk, and was read back. Throws `StartupError` when the file exists, or
 * when the user does not see all rows.
 */
export async function writeBackup(location: DatabaseLocation, file: string): Promise<BackupReport> {
  if (existsSync(file)) throw new StartupError(`There is a file ${file} already: name another one.`);
  const draft = `${file}.partial`;
  const client = new pg.Client(location);
  client.on("error", () => undefined);
  try {
    await client.connect();
    // One snapshot for all tables and the counts.
    await client.query("begin isolation level repeatable read read only");
    await client.query(allAccountsSetting);
    const report = await writeAll(client, draft);
    renameSync(draft, file);
    return report;
  } catch (error) {
    rmSync(draft, { force: true });
    throw error instanceof StartupError
      ? error
      : new StartupError(`The backup could not be written: ${(error as Error).message}.`, { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function writeAll(client: pg.Client, draft: string): Promise<BackupReport> {
  const header = await headerOf(client);
  const tables = await tablesInOrder(client);
  await checkSeesAll(client);
  const gzip = createGzip();
  // Removes the rest of an interrupted backup. It could also be a link that another user has put there; it must not be
  // written through.
  rmSync(draft, { force: true });
  const handle = openSync(draft, "wx", 0o600);
  try {
    const written = pipeline(gzip, createWriteStream(draft, { fd: handle, autoClose: false }));
    const rows: Record<string, number> = {};
    const copying = (async () => {
      await writeLine(gzip, JSON.stringify(header));
      for (const table of tables) rows[table.name] = await writeTable(client, gzip, table);
      await writeLine(gzip, JSON.stringify({ end: true, rows } satisfies BackupEnd));
      gzip.end();
    })();
    copying.catch((error: Error) => gzip.destroy(error));
    await Promise.all([written, copying]);
    fsyncSync(handle);
    await readBack(draft);
    return { schema: header.schema, keyFingerprint: header.key_fingerprint, rows };
  } finally {
    closeSync(handle);
  }
}

async function headerOf(client: pg.Client): Promise<BackupHeader> {
  const schema = await lastMigration(client);
  if (schema === undefined)
    throw new StartupError("The database has no tables of Tillkeeper: there is nothing to back up.");
  const { rows } = await client.query<{ fingerprint: string }>("select fingerprint from root_key");
  return {
    tillkeeper_backup: 1,
    created_at: new Date().toISOString(),
    schema,
    key_fingerprint: rows[0]?.fingerprint ?? null,
    months: await monthsOfOperations(client),
    weeks: await weeksOfEvents(client),
  };
}

/** Row security silently leaves out rows that the user may not see; a backup without them would be noticed too late. */
async function checkSeesAll(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class as found
     where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and row_security_active(found.oid)
       and not exists (
         select from pg_policy where polrelid = found.oid and polname = 'all_accounts'
           and exists (select from unnest(polroles) as role where pg_has_role(current_user, role, 'usage'))
       )`,
  );
  if (rows.length === 0) return;
  throw new StartupError(
    `The database user does not see all rows of ${rows.map(({ name }) => name).join(", ")}: connect as the owner of the tables, and start a server of this version on them once.`,
  );
}

async function writeTable(client: pg.Client, gzip: Gzip, table: BackupTable): Promise<number> {
  const { name, columns } = table;
  await writeLine(gzip, JSON.stringify({ table: name, name, columns } satisfies BackupSection));
  const rows = client.query(copyTo(`copy (select ${columnList(table)} from ${quoted(name)}) to stdout`));
  for await (const chunk of rows) await write(gzip, chunk as Buffer);
  await writeLine(gzip, sectionEnd);
  return rows.rowCount;
}

function writeLine(gzip: Gzip, line: string): Promise<void> {
  return write(gzip, `${line}\n`);
}

async function write(gzip: Gzip, chunk: string | Buffer): Promise<void> {
  if (!gzip.write(chunk)) await once(gzip, "drain");
}

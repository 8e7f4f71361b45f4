import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { type RootKeyPlace, readRootKey, rootKeyFile } from "../../platform/folders/root-key.ts";
import type { Logger } from "../../platform/log/log.ts";
import { StartupError } from "../../platform/startup-error.ts";
import { allAccountsSetting, type DatabaseLocation, openDb } from "../db.ts";
import { migrate } from "../migrate.ts";
import { ensureTenantIsolation } from "../tenants/isolation.ts";
import { type BackupEnd, type BackupHeader, BackupReader, type BackupSection } from "./format.ts";
import { columnList, continueNumbers, countRows, lastMigration, quoted, tablesInOrder } from "./tables.ts";

interface Restore extends RootKeyPlace {
  location: DatabaseLocation;
  file: string;
  log: Logger;
}

/**
 * Reads a backup into an empty database: creates the backup's schema, inserts all rows in one transaction, and counts
 * them. Returns the numbers of rows. Throws `StartupError` and leaves no row when the backup is incomplete, the
 * database not empty, or the key file not the backup's.
 */
export async function restoreBackup({ location, file, log, ...place }: Restore): Promise<Record<string, number>> {
  const source = createReadStream(file);
  const unzipped = createGunzip();
  const piped = pipeline(source, unzipped);
  piped.catch(() => undefined);
  const client = new pg.Client(location);
  client.on("error", () => undefined);
  try {
    const reader = new BackupReader(unzipped);
    const header = headerFrom(await reader.json());
    checkKey(header, place);
    await client.connect();
    await makeSchema(client, { location, log, schema: header.schema });
    await client.query("begin");
    await client.query(allAccountsSetting);
    const rows = await readAll(client, reader, header);
    await client.query("commit");
    await complete(location, log);
    return rows;
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`The backup ${file} could not be restored: ${(error as Error).message}.`, { cause: error });
  } finally {
    source.destroy();
    unzipped.destroy();
    await client.end().catch(() => undefined);
  }
}

function headerFrom(line: Record<string, unknown>): BackupHeader {
  if (line["tillkeeper_backup"] === 1) return line as unknown as BackupHeader;
  throw new Error("it is no backup of Tillkeeper, or one of a later version");
}

/** Checks the key before any change, not at the first start: by then the old machine may be gone. */
function checkKey({ key_fingerprint: fingerprint }: BackupHeader, place: RootKeyPlace): void {
  if (fingerprint === null) return;
  const path = rootKeyFile(place);
  const found = readRootKey(path)?.fingerprint();
  if (found === fingerprint) return;
  const trouble = found === undefined ? `there is no key file ${path}` : `the key file ${path} holds another key`;
  throw new StartupError(
    `The backup needs the key ${fingerprint}, and ${trouble}: put the key file there that belongs to the backup, or name it in TILLKEEPER_KEY_FILE.`,
  );
}

/** Creates the backup's schema, in a database that has none or was left empty by an earlier restore. */
async function makeSchema(
  client: pg.Client,
  { location, log, schema }: Pick<Restore, "location" | "log"> & { schema: string },
): Promise<void> {
  await client.query(allAccountsSetting);
  const found = await lastMigration(client);
  const tables = await tablesInOrder(client);
  for (const { name } of tables) {
    if ((await countRows(client, name)) === 0) continue;
    throw new StartupError(`The database is not empty, there are rows in ${name}: restore into a new one.`);
  }
  if (tables.length > 0 && found !== schema) {
    throw new StartupError("The database has tables of another version than the backup: restore into a new one.");
  }
  const db = openDb(location, log);
  try {
    await migrate(db, schema);
  } finally {
    await db.close();
  }
}

/** Migrates to the schema of this version, so that servers of it can start. */
async function complete(location: DatabaseLocation, log: Logger): Promise<void> {
  const db = openDb(location, log);
  try {
    await migrate(db);
    await ensureTenantIsolation(db);
  } finally {
    await db.close();
  }
}

async function readAll(client: pg.Client, reader: BackupReader, header: BackupHeader): Promise<Record<string, number>> {
  for (const month of header.months)
    await client.query("select tillkeeper_make_month($1::timestamptz)", [`${month}T12:00Z`]);
  for (const week of header.weeks ?? []) {
    await client.query("select tillkeeper_make_event_week($1::timestamptz)", [`${week}T12:00Z`]);
  }
  const known = await tablesInOrder(client);
  // COPY into a table fails while row security binds its owner. Triggers are off, because the backup holds the rows
  // that they have written.
  const { rows: forced } = await client.query<{ name: string }>(
    `select relname as name from pg_class
     where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relforcerowsecurity and not relispartition`,
  );
  for (const { name } of forced) await client.query(`alter table ${quoted(name)} no force row level security`);
  for (const { name } of known) await client.query(`alter table ${quoted(name)} disable trigger user`);
  const { rows: expected } = await readTables(client, reader, known);
  await continueNumbers(client);
  for (const { name } of known) await client.query(`alter table ${quoted(name)} enable trigger user`);
  for (const { name } of forced) await client.query(`alter table ${quoted(name)} force row level security`);
  const counted: Record<string, number> = {};
  for (const { name } of known) counted[name] = await countRows(client, name);
  for (const [name, count] of Object.entries(expected)) {
    if (counted[name] !== count) throw new Error(`${name} should have ${count} rows and has ${counted[name]}`);
  }
  return counted;
}

async function readTables(
  client: pg.Client,
  reader: BackupReader,
  known: readonly { name: string; columns: string[] }[],
): Promise<BackupEnd> {
  for (;;) {
    const line = await reader.json();
    if (line["end"] === true) return line as unknown as BackupEnd;
    const { table, columns } = line as unknown as BackupSection;
    const own = known.find(({ name }) => name === table);
    // The names become part of a statement, so only tables and columns of the database are accepted.
    if (!own || !columns.every((column) => own.columns.includes(column))) {
      throw new Error(`the database has no table ${table} with its columns`);
    }
    const statement = `copy ${quoted(table)} (${columnList({ name: table, columns })}) from stdin`;
    await pipeline(Readable.from(reader.rows()), client.query(copyFrom(statement)));
  }
}

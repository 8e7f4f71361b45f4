import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { FolderInUse, lockFolder } from "../../../platform/folders/folder-lock.ts";
import { writePrivateFile } from "../../../platform/folders/private-file.ts";
import { createLogger } from "../../../platform/log/log.ts";
import { openDatabase } from "../../open.ts";
import { replaceOrphan } from "../orphan.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../postgres.ts";
import { keeperFile, keeperLock } from "./keeper-file.ts";
import { removeOldFolders } from "./old-folders.ts";

// A process of its own, started by `borrow.ts`: it keeps one PostgreSQL for all sandboxes of a user, gives each connection a
// database of its own, drops it when the connection ends, and ends seconds after the last one.

const lingerMs = 10_000;
const template = "tillkeeper_template";
const log = createLogger("silent");
/** What sandboxes hold need not survive a crash of the machine. A sandbox has up to 22 connections. */
const settings = { fsync: "off", full_page_writes: "off", synchronous_commit: "off", max_connections: "500" };

/** Starts PostgreSQL on the cluster. One that was not shut down in order may be damaged, because of the settings: it is replaced. */
async function open(folder: string): Promise<EmbeddedPostgres> {
  const cluster = join(folder, "postgres");
  if (existsSync(join(cluster, "postmaster.pid"))) {
    await replaceOrphan(cluster, log);
    rmSync(cluster, { recursive: true, force: true });
  }
  return await startEmbeddedPostgres({ folder: cluster, log, settings });
}

/** Drops what a former keeper has left, and makes the template. */
async function prepare({ superuser, connection }: EmbeddedPostgres, admin: pg.Pool): Promise<void> {
  const { rows } = await admin.query<{ name: string; ready: boolean }>(
    "select datname as name, datistemplate as ready from pg_database where datname like 'sandbox\\_%' or datname = $1",
    [template],
  );
  const ready = rows.some((row) => row.name === template && row.ready);
  for (const { name } of rows) {
    if (name !== template || !ready) await admin.query(`drop database ${name} with (force)`);
  }
  if (ready) return;
  await admin.query(`create database ${template} owner ${connection.user}`);
  await (await openDatabase({ url: urlOf(connection, template), dataDir: superuser.host, log })).close();
  // Marked at the end: a template that is not complete is made again.
  await admin.query(`alter database ${template} is_template true`);
}

function urlOf({ host, port, user, password }: EmbeddedPostgres["connection"], database: string): string {
  return `postgres://${user}:${encodeURIComponent(password)}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}

interface Lender {
  take: () => Promise<{ name: string; url: string }>;
  drop: (name: string) => Promise<void>;
}

function lender({ connection }: EmbeddedPostgres, admin: pg.Pool): Lender {
  return {
    take: async () => {
      const name = `sandbox_${randomBytes(8).toString("hex")}`;
      await admin.query(`create database ${name} owner ${connection.user} template ${template}`);
      return { name, url: urlOf(connection, name) };
    },
    drop: async (name) => void (await admin.query(`drop database if exists ${name} with (force)`)),
  };
}

/** Gives each connection that shows the token a database. Resolves when none has been there for a while. */
async function lend(folder: string, { take, drop }: Lender): Promise<void> {
  const token = randomBytes(24).toString("base64url");
  const dropping = new Set<Promise<unknown>>();
  let users = 0;
  let enough: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    enough = resolve;
  });
  let linger = setTimeout(enough, lingerMs);
  const serve = async (socket: Socket, closed: Promise<void>): Promise<void> => {
    const greeting = await new Promise<string | undefined>((resolve) => {
      createInterface({ input: socket }).once("line", resolve);
      void closed.then(() => resolve(undefined));
    });
    if (greeting !== token) return void socket.destroy();
    const taken = await take().catch((error: Error) => error);
    if (taken instanceof Error) return void socket.end(`${JSON.stringify({ error: taken.message })}\n`);
    socket.write(`${JSON.stringify({ url: taken.url })}\n`);
    await closed;
    const dropped = drop(taken.name).catch(() => undefined);
    dropping.add(dropped);
    await dropped;
    dropping.delete(dropped);
  };
  const server = createServer((socket) => {
    users += 1;
    clearTimeout(linger);
    socket.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
    });
    void serve(socket, closed);
    socket.once("close", () => {
      users -= 1;
      if (users === 0) linger = setTimeout(enough, lingerMs);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  writePrivateFile(keeperFile(folder), JSON.stringify({ port, token }));
  process.once("SIGTERM", enough);
  await over;
  // First the file and the port, so that a sandbox that starts now starts another keeper, which waits for the folder.
  rmSync(keeperFile(folder), { force: true });
  server.close();
  await Promise.all(dropping);
}

async function run(folder: string): Promise<void> {
  const lock = lockFolder(folder, keeperLock(folder));
  try {
    rmSync(keeperFile(folder), { force: true });
    const postgres = await open(folder);
    const admin = new pg.Pool({ ...postgres.superuser, database: "postgres", max: 4 });
    admin.on("error", () => undefined);
    try {
      await prepare(postgres, admin);
      await lend(folder, lender(postgres, admin));
    } finally {
      await admin.end();
      await postgres.stop();
    }
    removeOldFolders(dirname(folder), basename(folder));
  } finally {
    lock.release();
  }
}

try {
  const [folder = ""] = process.argv.slice(2);
  await run(folder);
} catch (error) {
  // Another keeper runs or starts; the sandbox that started this process asks that keeper.
  if (!(error instanceof FolderInUse)) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
// Sockets that are left open must not keep the process alive.
process.exit();

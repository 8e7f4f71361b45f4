import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Account, chooseAccount } from "@tillkeeper/server/db/embedded/account";
import pg from "pg";
import { endsWithUs } from "../processes/children.ts";
import { freePort } from "../processes/free-port.ts";

/** How to reach a cluster, as its superuser. */
export interface PostgresAddress {
  host: string;
  port: number;
  user: string;
  password: string;
}

/** A PostgreSQL that a test may treat as it likes; it listens on a TCP port of 127.0.0.1 alone, as an outside one does. */
export interface OwnPostgres extends PostgresAddress {
  /** The process id of the postmaster, or of what it was started under. */
  readonly pid: number;
  /** `fast` as an operator does it, `immediate` as a crash. The port stays its own for the next `start`. */
  end(how: "fast" | "immediate" | "SIGKILL"): Promise<void>;
  /** Starts it again, with other settings or under another program if that is asked for. */
  start(run?: Run): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

interface Run {
  /** Over those of the cluster, for this run alone. */
  settings?: Record<string, string>;
  /** A command to start it under, for example `["strace", "-f"]`. */
  under?: readonly string[];
}

/** Where Debian's postgresql-15 lies. */
const debian15 = "/usr/lib/postgresql/15/bin";
const user = "tillkeeper";
const readyWithinMs = 60_000;
const signals = { fast: "SIGINT", immediate: "SIGQUIT", SIGKILL: "SIGKILL" } as const;

/** Makes a cluster and starts it. `settings` go into its configuration file. */
export async function startOwnPostgres({
  programs = debian15,
  settings = {},
}: {
  programs?: string;
  settings?: Record<string, string>;
} = {}): Promise<OwnPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-own-postgres-"));
  const cluster = join(folder, "cluster");
  const account = chooseAccount(cluster, undefined);
  // An account that is not ours has to come through here.
  chmodSync(folder, 0o755);
  mkdirSync(cluster, { mode: 0o700 });
  chownSync(cluster, account.uid, account.gid);
  const password = randomBytes(12).toString("hex");
  await initialise({ programs, folder, cluster, account, password });
  const port = await freePort();
  const all = { listen_addresses: "127.0.0.1", unix_socket_directories: "", port: String(port), ...settings };
  writeFileSync(join(cluster, "postgresql.auto.conf"), asFile(all));

  const address = { host: "127.0.0.1", port, user, password };
  let running: ChildProcess | undefined;
  const end: OwnPostgres["end"] = async (how) => {
    if (!running) return;
    const gone = once(running, "exit");
    // Under another program that is in between, the signal has to go to both.
    process.kill(-(running.pid as number), signals[how]);
    await gone;
    running = undefined;
  };
  const start: OwnPostgres["start"] = async ({ settings: ofRun = {}, under = [] } = {}) => {
    const flags = Object.entries(ofRun).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const [command = "", ...args] = [...under, join(programs, "postgres"), "-D", cluster, ...flags];
    const deadline = Date.now() + readyWithinMs;
    do {
      // After SIGKILL its children live on for a moment, and it does not start beside them.
      running = run(command, args, account, { detached: true });
    } while (!(await isReady(address, running, deadline)));
  };
  await start();
  return {
    ...address,
    get pid() {
      return running?.pid as number;
    },
    start,
    end,
    async remove() {
      await end("immediate");
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/** Makes a user that may own databases of a server, and nothing else: as docs/backup.md asks for. Answers its address. */
export async function makeOwner(address: PostgresAddress, owner: string): Promise<PostgresAddress> {
  await asSuperuser(address, `create role ${owner} login password '${address.password}'`);
  await asSuperuser(address, `create role tillkeeper_tenant nologin`).catch((error: { code?: string }) => {
    if (error.code !== "42710") throw error;
  });
  await asSuperuser(address, `grant tillkeeper_tenant to ${owner}`);
  return { ...address, user: owner };
}

/** The URL of one of its databases. */
export function databaseUrl({ host, port, user: name, password }: PostgresAddress, database: string): string {
  return `postgres://${name}:${encodeURIComponent(password)}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}

/** Runs one statement as the superuser, and answers its rows. */
export async function query<T extends object>(
  { host, port, user: name, password }: PostgresAddress,
  text: string,
  database = "postgres",
): Promise<T[]> {
  const client = new pg.Client({ host, port, user: name, password, database });
  // The server may end it while it is idle, which is no concern of ours.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Runs one statement as the superuser. */
export async function asSuperuser(address: PostgresAddress, text: string, database = "postgres"): Promise<void> {
  await query(address, text, database);
}

interface New {
  programs: string;
  folder: string;
  cluster: string;
  account: Account;
  password: string;
}

async function initialise({ programs, folder, cluster, account, password }: New): Promise<void> {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  chownSync(passwordFile, account.uid, account.gid);
  const format = ["--encoding=UTF8", "--no-locale", "--no-instructions", "--no-sync"];
  const access = [`--username=${user}`, "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
  const program = run(join(programs, "initdb"), ["-D", cluster, ...format, ...access], account);
  const [code] = await once(program, "exit");
  if (code !== 0) throw new Error(`initdb ended with ${code}`);
}

function run(command: string, args: string[], { uid, gid }: Account, { detached = false } = {}): ChildProcess {
  const program = spawn(command, args, {
    cwd: "/",
    detached,
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
    stdio: process.env["TEST_LOG"] === "1" ? "inherit" : "ignore",
    ...(uid === process.getuid?.() ? {} : { uid, gid }),
  });
  endsWithUs(program);
  return program;
}

function asFile(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join("");
}

/** Whether it answers; false when it has ended instead. Throws when time is up. */
async function isReady(address: PostgresAddress, program: ChildProcess, deadline: number): Promise<boolean> {
  for (;;) {
    try {
      await asSuperuser(address, "select 1");
      return true;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await promisify(setTimeout)(20);
      if (program.exitCode !== null) return false;
    }
  }
}

import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Account, chooseAccount } from "@tillkeeper/server/db/embedded/account";
import pg from "pg";
import { Folder } from "../processes/folder.ts";
import { freePort } from "../processes/free-port.ts";
import { Program } from "../processes/program.ts";
import { until } from "../until.ts";

/** How to reach a cluster, as its superuser. */
export interface PostgresAddress {
  host: string;
  port: number;
  user: string;
  password: string;
}

/**
 * A PostgreSQL that a test may stop, kill and suspend. It listens only on a TCP port of 127.0.0.1, as an outside one
 * does.
 */
export interface OwnPostgres extends PostgresAddress {
  /** The process id of the postmaster, or of the command that it runs under. */
  readonly pid: number;
  /** `fast` is an operator's shutdown, `immediate` is like a crash. The next `start` listens on the same port. */
  end(how: "fast" | "immediate" | "SIGKILL"): Promise<void>;
  /** Starts it again; `run` may change the settings, or name a command to run it under. */
  start(run?: Run): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

interface Run {
  /** Settings for this run only; they override those of the cluster. */
  settings?: Record<string, string>;
  /** A command to start it under, for example `["strace", "-f"]`. */
  under?: readonly string[];
}

/** The programs of Debian's postgresql-15. */
const debian15 = "/usr/lib/postgresql/15/bin";
const user = "tillkeeper";
const signals = { fast: "SIGINT", immediate: "SIGQUIT", SIGKILL: "SIGKILL" } as const;

/** Creates a cluster and starts it. `settings` go into its configuration file. */
export async function startOwnPostgres({
  programs = debian15,
  settings = {},
}: {
  programs?: string;
  settings?: Record<string, string>;
} = {}): Promise<OwnPostgres> {
  const folder = new Folder("own-postgres");
  const cluster = join(folder.path, "cluster");
  const account = chooseAccount(cluster, undefined);
  // PostgreSQL may run as another user, who needs to enter this folder.
  chmodSync(folder.path, 0o755);
  mkdirSync(cluster, { mode: 0o700 });
  chownSync(cluster, account.uid, account.gid);
  const password = randomBytes(12).toString("hex");
  await initialise({ programs, folder, cluster, account, password });
  const port = await freePort();
  const all = { listen_addresses: "127.0.0.1", unix_socket_directories: "", port: String(port), ...settings };
  writeFileSync(join(cluster, "postgresql.auto.conf"), asFile(all));

  const address = { host: "127.0.0.1", port, user, password };
  let running: Program | undefined;
  const end: OwnPostgres["end"] = async (how) => {
    await running?.end(signals[how]);
    running = undefined;
  };
  const start: OwnPostgres["start"] = async ({ settings: ofRun = {}, under = [] } = {}) => {
    const flags = Object.entries(ofRun).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    do {
      // After SIGKILL its child processes live on for a moment, and PostgreSQL does not start beside them.
      running = run([...under, join(programs, "postgres"), "-D", cluster, ...flags], account);
    } while (!(await isReady(address, running)));
  };
  await start();
  return {
    ...address,
    get pid() {
      return (running as Program).pid;
    },
    start,
    end,
    async remove() {
      await end("immediate");
      folder.remove();
    },
  };
}

/**
 * Creates a user who may own databases of a server and nothing else, as docs/backup.md asks for. Resolves with its
 * address.
 */
export async function makeOwner(address: PostgresAddress, owner: string): Promise<PostgresAddress> {
  await asSuperuser(address, `create role ${owner} login password '${address.password}'`);
  await asSuperuser(address, `create role tillkeeper_tenant nologin`).catch((error: { code?: string }) => {
    if (error.code !== "42710") throw error;
  });
  await asSuperuser(address, `grant tillkeeper_tenant to ${owner}`);
  return { ...address, user: owner };
}

/** Returns the URL of a database in that cluster. */
export function databaseUrl(address: PostgresAddress & { database?: string }, database = address.database): string {
  const { host, port, user: name, password } = address;
  return `postgres://${name}:${encodeURIComponent(password)}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}

/** Runs one statement as the superuser, and resolves with its rows. */
export async function query<T extends object>(
  { host, port, user: name, password }: PostgresAddress,
  text: string,
  database = "postgres",
): Promise<T[]> {
  const client = new pg.Client({ host, port, user: name, password, database });
  // PostgreSQL may close an idle connection; that is no fault of the test.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Runs one statement as the superuser, and ignores its rows. */
export async function asSuperuser(address: PostgresAddress, text: string, database = "postgres"): Promise<void> {
  await query(address, text, database);
}

interface NewCluster {
  programs: string;
  folder: Folder;
  cluster: string;
  account: Account;
  password: string;
}

async function initialise({ programs, folder, cluster, account, password }: NewCluster): Promise<void> {
  const passwordFile = folder.write("password", password);
  chmodSync(passwordFile, 0o600);
  chownSync(passwordFile, account.uid, account.gid);
  const format = ["--encoding=UTF8", "--no-locale", "--no-instructions", "--no-sync"];
  const access = [`--username=${user}`, "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
  const { code } = await run([join(programs, "initdb"), "-D", cluster, ...format, ...access], account).ended;
  if (code !== 0) throw new Error(`initdb ended with ${code}`);
}

/** Starts a process group, because signals must reach PostgreSQL as well as the command that it may run under. */
function run(command: readonly string[], { uid, gid }: Account): Program {
  return new Program(command, {
    cwd: "/",
    group: true,
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
    ...(uid === process.getuid?.() ? {} : { uid, gid }),
  });
}

function asFile(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join("");
}

/** Resolves with true when PostgreSQL answers, with false when it has ended. Throws when the time is up. */
async function isReady(address: PostgresAddress, program: Program): Promise<boolean> {
  let answers = false;
  const settled = async () => {
    answers = await asSuperuser(address, "select 1").then(
      () => true,
      () => false,
    );
    return answers || !program.running;
  };
  await until(settled, "PostgreSQL to be ready");
  return answers;
}

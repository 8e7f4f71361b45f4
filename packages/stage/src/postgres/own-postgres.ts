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
const signals = { fast: "SIGINT", immediate: "SIGQUIT", SIGKILL: "SIGKILL" } as const;

/** Makes a cluster and starts it. `settings` go into its configuration file. */
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
  // An account that is not ours has to come through here.
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
      // After SIGKILL its children live on for a moment, and it does not start beside them.
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
export function databaseUrl(address: PostgresAddress & { database?: string }, database = address.database): string {
  const { host, port, user: name, password } = address;
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
  folder: Folder;
  cluster: string;
  account: Account;
  password: string;
}

async function initialise({ programs, folder, cluster, account, password }: New): Promise<void> {
  const passwordFile = folder.write("password", password);
  chmodSync(passwordFile, 0o600);
  chownSync(passwordFile, account.uid, account.gid);
  const format = ["--encoding=UTF8", "--no-locale", "--no-instructions", "--no-sync"];
  const access = [`--username=${user}`, "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
  const { code } = await run([join(programs, "initdb"), "-D", cluster, ...format, ...access], account).ended;
  if (code !== 0) throw new Error(`initdb ended with ${code}`);
}

/** In a group: under another program that is in between, signals have to go to both. */
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

/** Whether it answers; false when it has ended instead. Throws when time is up. */
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

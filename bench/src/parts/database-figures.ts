import { readdirSync, readFileSync } from "node:fs";
import type { Db } from "@tillkeeper/server/db/db";
import type { Child } from "./child.ts";
import type { ProcessFigures } from "./process-figures.ts";

/** Seconds of processor time that the server and the processes of its database have used so far. */
export interface Spent {
  server: number;
  database: number;
}

/** Ticks of a second in `/proc`, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
/** Fields of `/proc/PID/stat` behind the name, which may hold blanks: parent, own time, and that of children that have ended. */
const fields = { parent: 1, own: [11, 12], ended: [13, 14] };

/** Reads what the server and its database have used. The database's part needs Linux, and is 0 elsewhere. */
export async function spent({ server, db }: { server: Child; db: Db }): Promise<Spent> {
  const { rows } = await db.pool.query<{ pid: number }>("select pg_backend_pid() as pid");
  const postmaster = statOf(String(rows[0]?.pid))[fields.parent];
  const { cpuSeconds } = await server.call<ProcessFigures>("figures");
  return { server: cpuSeconds, database: postmaster === undefined ? 0 : secondsOfTree(postmaster) };
}

/** What was used between two readings. */
export function between(before: Spent, after: Spent): Spent & { all: number } {
  const [server, database] = [after.server - before.server, after.database - before.database];
  return { server, database, all: server + database };
}

/** The time of a process and its children, those that have ended included: connections come and go. */
function secondsOfTree(parent: string): number {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = processes.map(statOf).filter((stat) => stat[fields.parent] === parent);
  const own = children.map((stat) => sumOf(stat, fields.own));
  const ticks = own.reduce((sum, value) => sum + value, sumOf(statOf(parent), [...fields.own, ...fields.ended]));
  return ticks / ticksPerSecond;
}

function sumOf(stat: string[], which: number[]): number {
  return which.reduce((sum, field) => sum + Number(stat[field] ?? 0), 0);
}

function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    // Another system, or a process that has ended.
    return [];
  }
}

/** Transactions that the database has committed, which outside of requests are as many as statements. */
export async function committed(db: Db): Promise<number> {
  const { rows } = await db.pool.query<{ commits: number }>(
    "select xact_commit::float8 as commits from pg_stat_database where datname = current_database()",
  );
  return rows[0]?.commits ?? 0;
}

import { readFileSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { NetConnectOpts } from "node:net";
import { join } from "node:path";
import { type Db, openDb } from "@tillkeeper/server/db/db";
import { killSurvivors } from "@tillkeeper/server/db/embedded/orphan";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";
import type { Logger } from "@tillkeeper/server/platform/log/log";
import { databaseUrl } from "@tillkeeper/stage/postgres/own-postgres";
import type { Database } from "./database.ts";
import { copyCluster } from "./standby.ts";

const enoughConnections = "200";

/** The embedded PostgreSQL under its supervisor, with methods to inflict faults on it. */
export class EmbeddedDatabase implements Database {
  readonly #postgres: EmbeddedPostgres;
  readonly #cluster: string;
  readonly db: Db;
  readonly #log: Logger;
  readonly #paused = new Set<number>();
  /** What a server's health shows is enough. */
  readonly commitsAt = Number.POSITIVE_INFINITY;
  #unreachable = false;

  static async start(folder: string, log: Logger): Promise<EmbeddedDatabase> {
    const cluster = join(folder, "postgres");
    // Durability keeps PostgreSQL's default, on.
    const postgres = await startEmbeddedPostgres({
      folder: cluster,
      log,
      settings: { max_connections: enoughConnections },
    });
    return new EmbeddedDatabase(postgres, cluster, log);
  }

  private constructor(postgres: EmbeddedPostgres, cluster: string, log: Logger) {
    this.#postgres = postgres;
    this.#cluster = cluster;
    this.#log = log;
    this.db = openDb(postgres.connection, log);
  }

  /** The Unix socket, which restarts do not change. */
  get address(): NetConnectOpts | undefined {
    const { host, port } = this.#postgres.connection;
    return this.#unreachable ? undefined : { path: join(host, `.s.PGSQL.${port}`) };
  }

  urlAt(port: number): string {
    return databaseUrl({ ...this.#postgres.connection, host: "127.0.0.1", port });
  }

  /**
   * Sends SIGKILL to the postmaster, upon which its children end. The supervisor soon starts a new postmaster, but
   * until `comeBack` no new connection reaches it, as if the restart took longer.
   */
  kill(): void {
    this.#unreachable = true;
    send(this.#postmaster(), "SIGKILL");
  }

  comeBack(): void {
    this.#unreachable = false;
  }

  /** Copies the database in its present state for `goBack`, without blocking other sessions. */
  async remember(): Promise<void> {
    const superuser = openDb(this.#postgres.superuser, this.#log);
    try {
      await copyCluster(superuser, this.#cluster, this.#copy);
    } finally {
      await superuser.close();
    }
  }

  /**
   * Fails over: the copy replaces the database, and commits made since are lost. Connections break as with `kill`.
   */
  async goBack(): Promise<void> {
    this.#unreachable = true;
    const postmaster = this.#postmaster();
    const lost = `${this.#cluster}.lost`;
    // The old postmaster goes on in its renamed folder; the supervisor starts the next one in the folder of this name.
    renameSync(this.#cluster, lost);
    renameSync(this.#copy, this.#cluster);
    send(postmaster, "SIGKILL");
    await killSurvivors(lost);
    await rm(lost, { recursive: true, force: true });
    this.#unreachable = false;
  }

  get #copy(): string {
    return `${this.#cluster}.copy`;
  }

  /** Sends SIGKILL to the process of one connection, upon which PostgreSQL ends all processes and recovers. */
  async killBackend(pick: number): Promise<void> {
    send(await this.#backend(pick), "SIGKILL");
  }

  pause(): void {
    this.#pause(this.#postmaster());
  }

  async pauseBackend(pick: number): Promise<void> {
    this.#pause(await this.#backend(pick));
  }

  resume(): void {
    for (const pid of this.#paused) send(pid, "SIGCONT");
    this.#paused.clear();
  }

  async stop(): Promise<void> {
    this.resume();
    await this.db.close();
    await this.#postgres.stop();
  }

  #pause(pid: number | undefined): void {
    if (pid === undefined) return;
    this.#paused.add(pid);
    send(pid, "SIGSTOP");
  }

  #postmaster(): number | undefined {
    const pid = Number(readFileSync(join(this.#cluster, "postmaster.pid"), "utf8").split("\n")[0]);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  }

  /** Returns the pid of a process that works for a server; `pick`, from 0 up to 1, chooses it. */
  async #backend(pick: number): Promise<number | undefined> {
    const { rows } = await this.db.pool.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where backend_type = 'client backend' and client_addr is null and pid <> pg_backend_pid() order by pid`,
    );
    return rows[Math.floor(pick * rows.length)]?.pid;
  }
}

function send(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, signal);
  } catch {
    // The process has ended already.
  }
}

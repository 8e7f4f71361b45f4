import { readFileSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { NetConnectOpts } from "node:net";
import { join } from "node:path";
import { type Db, openDb } from "@tillkeeper/server/db/db";
import { killSurvivors } from "@tillkeeper/server/db/embedded/orphan";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";
import type { Logger } from "@tillkeeper/server/platform/log/log";
import { databaseUrl } from "@tillkeeper/stage/postgres/own-postgres";
import { copyCluster } from "./standby.ts";

const enoughConnections = "200";

/** The project's own PostgreSQL, in its supervisor's care, and ways to hurt it. */
export class Database {
  readonly #postgres: EmbeddedPostgres;
  readonly #cluster: string;
  /** For a look at the database itself, past all proxies. */
  readonly db: Db;
  readonly #log: Logger;
  readonly #paused = new Set<number>();
  #away = false;

  static async start(folder: string, log: Logger): Promise<Database> {
    const cluster = join(folder, "postgres");
    // Durability stays as PostgreSQL ships it, on.
    const postgres = await startEmbeddedPostgres({
      folder: cluster,
      log,
      settings: { max_connections: enoughConnections },
    });
    return new Database(postgres, cluster, log);
  }

  private constructor(postgres: EmbeddedPostgres, cluster: string, log: Logger) {
    this.#postgres = postgres;
    this.#cluster = cluster;
    this.#log = log;
    this.db = openDb(postgres.connection, log);
  }

  /** The socket it listens on: the same one however often it is started again. Undefined while it is kept away. */
  get address(): NetConnectOpts | undefined {
    const { host, port } = this.#postgres.connection;
    return this.#away ? undefined : { path: join(host, `.s.PGSQL.${port}`) };
  }

  /** `DATABASE_URL` for a server that reaches it through this port of loopback. */
  urlAt(port: number): string {
    return databaseUrl({ ...this.#postgres.connection, host: "127.0.0.1", port });
  }

  /**
   * `SIGKILL` to the postmaster. Its children see it and end. The supervisor starts another one soon, but until `comeBack`
   * no new connection reaches it, as if that took longer.
   */
  kill(): void {
    this.#away = true;
    send(this.#postmaster(), "SIGKILL");
  }

  comeBack(): void {
    this.#away = false;
  }

  /** Keeps a copy of the database as it is now, for `goBack`. Nobody is held up by it. */
  async remember(): Promise<void> {
    const superuser = openDb(this.#postgres.superuser, this.#log);
    try {
      await copyCluster(superuser, this.#cluster, this.#copy);
    } finally {
      await superuser.close();
    }
  }

  /**
   * A failover: the copy takes the database's place, and what was committed since is lost. Connections break as with `kill`.
   */
  async goBack(): Promise<void> {
    this.#away = true;
    const postmaster = this.#postmaster();
    const lost = `${this.#cluster}.lost`;
    // It works on where it is, whatever that is called; the supervisor starts the next one in what has the name then.
    renameSync(this.#cluster, lost);
    renameSync(this.#copy, this.#cluster);
    send(postmaster, "SIGKILL");
    await killSurvivors(lost);
    await rm(lost, { recursive: true, force: true });
    this.#away = false;
  }

  get #copy(): string {
    return `${this.#cluster}.copy`;
  }

  /** `SIGKILL` to the process of one connection, upon which PostgreSQL ends all others and recovers. */
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

  /** One of the processes that work for the servers; `pick` from 0 up to 1 says which. */
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
    // It has ended by itself.
  }
}

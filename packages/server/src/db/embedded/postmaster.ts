import { setTimeout as delay } from "node:timers/promises";
import { Client, DatabaseError } from "pg";
import type { Logger } from "../../platform/log/log.ts";
import { StartupError } from "../../platform/startup-error.ts";
import type { Account } from "./account.ts";
import { ROLE } from "./cluster.ts";
import { readPostmasterFile } from "./orphan.ts";
import { endOf, type Program, startProgram } from "./program.ts";
import { PORT } from "./runtime-folder.ts";
import { forwardOutput, LINE_PREFIX } from "./server-output.ts";

const READY_WITHIN_MS = 60_000;
const READY_POLL_MS = 20;
/** Fast shutdown writes a checkpoint; after this it is ended without one, and the next start replays the log. */
const SHUTDOWN_MS = 30_000;
const QUIT_MS = 5_000;
/** SQLSTATE invalid_password */
const WRONG_PASSWORD = "28P01";

export interface PostmasterOptions {
  readonly cluster: string;
  readonly account: Account;
  /** path of the `postgres` program */
  readonly program: string;
  readonly runtimeFolder: string;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Logger;
}

/** PGSSLMODE and PGOPTIONS, if set, are meant for another database than this one. */
export const notFromEnvironment = { ssl: false, options: "-c client_min_messages=warning" } as const;

/** One run of PostgreSQL, from spawn to exit. */
export class Postmaster {
  /** resolves when the process is gone, to how it ended; never rejects */
  readonly ended: Promise<string>;
  #options: PostmasterOptions;
  #program: Program;
  #lastLines: () => string;
  #end: string | undefined;

  constructor(options: PostmasterOptions) {
    this.#options = options;
    const settings = Object.entries(allSettings(options)).map(([name, value]) => `--${name}=${value}`);
    this.#program = startProgram(options.program, settings, {
      directory: options.cluster,
      account: options.account,
      detached: true,
    });
    this.#lastLines = forwardOutput(this.#program.stderr, options.log);
    this.ended = endOf(this.#program).then((end) => (this.#end = end));
  }

  get pid(): number | undefined {
    return this.#program.pid;
  }

  /** Why it has ended, if that passes: processes of a killed predecessor still hold its memory, or it is only now starting. */
  get obstacle(): "survivors" | "predecessor" | undefined {
    if (this.#end === undefined) return undefined;
    const lines = this.#lastLines();
    if (lines.includes("pre-existing shared memory block")) return "survivors";
    return lines.includes('lock file "postmaster.pid" already exists') ? "predecessor" : undefined;
  }

  /**
   * Resolves when a connection has been made and answered, and the database exists.
   * Rejects with `StartupError`, with the last lines PostgreSQL wrote, when it ends first refuses the password, or takes over 60 s.
   */
  async ready(): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline) {
      if (this.#end !== undefined) {
        throw new StartupError(`PostgreSQL did not start (${this.#end}): ${this.#lastLines()}`);
      }
      // Its own note first: connecting before that would fill the log with refused connections.
      const note = readPostmasterFile(this.#options.cluster);
      if (note?.ready && note.pid === this.pid && (await this.#answers())) return;
      await Promise.race([delay(READY_POLL_MS), this.ended]);
    }
    throw new StartupError(`PostgreSQL was not ready within ${READY_WITHIN_MS / 1000} s: ${this.#lastLines()}`);
  }

  /** Fast shutdown: open transactions are rolled back, a checkpoint is written. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.interrupt();
    const quit = setTimeout(() => this.#program.kill("SIGQUIT"), SHUTDOWN_MS);
    const kill = setTimeout(() => this.#program.kill("SIGKILL"), SHUTDOWN_MS + QUIT_MS);
    await this.ended;
    clearTimeout(quit);
    clearTimeout(kill);
    this.#program.stderr.destroy();
  }

  /** Asks for a fast shutdown without waiting for it. */
  interrupt(): void {
    this.#program.kill("SIGINT");
  }

  async #answers(): Promise<boolean> {
    const { runtimeFolder: host, password } = this.#options;
    const client = new Client({ host, port: PORT, user: ROLE, password, database: "postgres", ...notFromEnvironment });
    client.on("error", () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [ROLE]);
      // Not part of initdb, so looked for at every start: the server may have been killed in between.
      if (rowCount === 0) await client.query(`create database ${ROLE}`);
      return true;
    } catch (error) {
      if (error instanceof DatabaseError && error.code === WRONG_PASSWORD) {
        throw new StartupError(`PostgreSQL in ${this.#options.cluster} does not accept the password kept there.`, {
          cause: error,
        });
      }
      this.#options.log.debug({ err: error }, "PostgreSQL does not answer yet");
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Suits a laptop and a small server; durability is left as PostgreSQL ships it, on. */
function allSettings(options: PostmasterOptions): Record<string, string> {
  return {
    max_connections: "100",
    shared_buffers: "128MB",
    ...options.settings,
    cluster_name: "tillkeeper",
    listen_addresses: "",
    log_destination: "stderr",
    log_line_prefix: LINE_PREFIX,
    logging_collector: "off",
    port: String(PORT),
    unix_socket_directories: options.runtimeFolder,
    unix_socket_permissions: "0700",
  };
}

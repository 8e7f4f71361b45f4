import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  asSuperuser,
  databaseUrl,
  makeOwner,
  type OwnPostgres,
  type PostgresAddress,
  query,
} from "@tillkeeper/stage/postgres/own-postgres";

const run = promisify(execFile);
const programs = "/usr/lib/postgresql/15/bin";
const tillkeeper = fileURLToPath(new URL("../../../../cli/src/main.ts", import.meta.url));
const database = "tillkeeper";

/** How the database is saved, and put back to that moment. */
export interface Keeping {
  /** Settings of the cluster that it needs. */
  settings?: Record<string, string>;
  /** Called once, before there is anything to save. */
  begin?(postgres: OwnPostgres): Promise<void>;
  /** Called at the moment to which the database goes back. */
  backup(url: string, file: string): Promise<void>;
  /** Replaces the database by its state at that moment. Running servers get no notice. */
  goBack(kept: KeptDatabase, file: string): Promise<void>;
  end?(): void;
}

/** Uses PostgreSQL's own programs, with the database user of the server, as docs/backup.md says. */
export const byPgDump: Keeping = {
  async backup(url, file) {
    const env = { PATH: "/usr/bin:/bin", LC_ALL: "C", PGOPTIONS: "-c tillkeeper.all_accounts=on" };
    await run(join(programs, "pg_dump"), ["--enable-row-security", "--format=custom", `--file=${file}`, url], { env });
  },
  goBack: (kept, file) =>
    kept.goBack(async (url) => {
      await run(join(programs, "pg_restore"), ["--no-owner", "--exit-on-error", `--dbname=${url}`, file]);
    }),
};

/** Uses the commands of the server itself. */
export function byTillkeeper(env: () => Record<string, string>): Keeping {
  const command = async (url: string, ...args: string[]) =>
    void (await runTillkeeper({ ...env(), DATABASE_URL: url }, args));
  return {
    backup: (url, file) => command(url, "backup", "--to", file),
    goBack: (kept, file) => kept.goBack((url) => command(url, "restore", file)),
  };
}

/** Runs the `tillkeeper` program, and returns its standard output. */
export async function runTillkeeper(env: Record<string, string>, args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [tillkeeper, ...args], { env: { PATH: process.env["PATH"], ...env } });
  return stdout;
}

/** The database of a server in a cluster of its own. Its owner is not a superuser. */
export class KeptDatabase {
  readonly url: string;
  readonly #postgres: OwnPostgres;
  readonly #owner: PostgresAddress;
  #lost = 0;

  private constructor(postgres: OwnPostgres, owner: PostgresAddress) {
    this.#postgres = postgres;
    this.#owner = owner;
    this.url = databaseUrl(owner, database);
  }

  static async make(postgres: OwnPostgres): Promise<KeptDatabase> {
    const kept = new KeptDatabase(postgres, await makeOwner(postgres, "app"));
    await kept.#create(database);
    return kept;
  }

  /**
   * Replaces the database by one that `fill` fills. The servers' connections to the former database end; all their
   * other connections stay.
   */
  async goBack(fill: (url: string) => Promise<void>): Promise<void> {
    await this.#create("earlier");
    await fill(databaseUrl(this.#owner, "earlier"));
    await this.#superuser(`alter database ${database} allow_connections false`);
    await this.#superuser(
      `select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '${database}'`,
    );
    await this.#superuser(`alter database ${database} rename to lost_${(this.#lost += 1)}`);
    await this.#superuser(`alter database earlier rename to ${database}`);
  }

  /** Runs one statement in the database, and returns its rows. */
  query<T extends object>(text: string): Promise<T[]> {
    return query<T>(this.#postgres, text, database);
  }

  #create(name: string): Promise<void> {
    return this.#superuser(`create database ${name} owner ${this.#owner.user}`);
  }

  #superuser(text: string): Promise<void> {
    return asSuperuser(this.#postgres, text);
  }
}

import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type OwnPostgres, query } from "@tillkeeper/stage/postgres/own-postgres";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { until } from "@tillkeeper/stage/until";
import { type Account, chooseAccount } from "../../../src/db/embedded/account.ts";
import type { Keeping } from "./keeping.ts";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const page = read("docs/operations/point-in-time.md");

/** Commands of pgBackRest in a chapter of the page, in their order. */
function commandsOf(chapter: string): string[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${chapter}\n`)) ?? "";
  const commands = [...text.matchAll(/^sudo -u postgres (pgbackrest .*)$/gm)].map(([, command = ""]) => command);
  if (commands.length === 0) throw new Error(`the chapter "${chapter}" has no commands`);
  return commands;
}

/**
 * Uses pgBackRest by the files and commands of docs/operations/point-in-time.md: the whole cluster goes back to a
 * moment after its backup, by the archived log.
 */
export class PointInTime implements Keeping {
  readonly #folder = new Folder("point-in-time");
  readonly #account: Account = chooseAccount(this.#folder.path, undefined);
  readonly #config = join(this.#folder.path, "pgbackrest.conf");
  readonly settings: Record<string, string>;
  #postgres: OwnPostgres | undefined;
  #target = "";

  constructor() {
    chmodSync(this.#folder.path, 0o755);
    for (const name of ["repository", "log", "lock", "socket"]) {
      mkdirSync(join(this.#folder.path, name));
      chownSync(join(this.#folder.path, name), this.#account.uid, this.#account.gid);
    }
    const settings = read("deploy/pgbackrest/postgresql.conf").matchAll(/^(\w+) = '?(.*?)'?$/gm);
    this.settings = {
      ...Object.fromEntries([...settings].map(([, name, value = ""]) => [name, this.#here(value)])),
      unix_socket_directories: join(this.#folder.path, "socket"),
    };
  }

  async begin(postgres: OwnPostgres): Promise<void> {
    this.#postgres = postgres;
    const [row] = await query<{ data_directory: string }>(postgres, "show data_directory");
    const places: Record<string, string> = {
      "/var/lib/pgbackrest": join(this.#folder.path, "repository"),
      "/var/log/pgbackrest": join(this.#folder.path, "log"),
      "/run/lock/pgbackrest": join(this.#folder.path, "lock"),
      "/var/lib/postgresql/15/tillkeeper": row?.data_directory ?? "",
      "/var/run/postgresql": join(this.#folder.path, "socket"),
      "pg1-port=5432": `pg1-port=${postgres.port}`,
      "pg1-user=postgres": `pg1-user=${postgres.user}`,
    };
    let text = read("deploy/pgbackrest/pgbackrest.conf");
    for (const [place, here] of Object.entries(places)) {
      if (!text.includes(place)) throw new Error(`pgbackrest.conf has no ${place}`);
      text = text.replace(place, here);
    }
    chownSync(this.#folder.write("pgbackrest.conf", text), this.#account.uid, this.#account.gid);
    for (const command of commandsOf("Set up").slice(0, -2)) await this.#run(command);
  }

  /** Takes the daily backup, and notes a later moment, which the log alone leads to. */
  async backup(): Promise<void> {
    for (const command of commandsOf("Set up").slice(-2)) await this.#run(command);
    // PostgreSQL compares with the times of commits: one of the same instant would be kept or not.
    await sleep(1_000);
    const [row] = await query<{ now: string }>(this.#running, "select now()::text as now");
    this.#target = row?.now ?? "";
    await sleep(1_000);
  }

  async goBack(): Promise<void> {
    const postgres = this.#running;
    // The log of the last moments is archived by an orderly end.
    await postgres.end("fast");
    const [command = ""] = commandsOf("Go back");
    const target = /--target='[^']*'/;
    if (!target.test(command)) throw new Error("the page names no moment");
    await this.#run(command.replace(target, `--target='${this.#target}'`));
    await postgres.start();
    const recovered = async () => {
      const [row] = await query<{ on: boolean }>(postgres, "select pg_is_in_recovery() as on");
      return row?.on === false;
    };
    await until(recovered, "PostgreSQL to be back at that moment");
  }

  end(): void {
    this.#folder.remove();
  }

  get #running(): OwnPostgres {
    if (!this.#postgres) throw new Error("it has not begun");
    return this.#postgres;
  }

  #here(command: string): string {
    return command.replace(/^pgbackrest /, `/usr/bin/pgbackrest --config=${this.#config} `);
  }

  async #run(command: string): Promise<void> {
    const { uid, gid } = this.#account;
    await promisify(execFile)("/bin/sh", ["-c", this.#here(command)], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", PGPASSWORD: this.#running.password },
      ...(uid === process.getuid?.() ? {} : { uid, gid }),
    });
  }
}

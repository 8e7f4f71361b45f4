import { chmodSync, chownSync } from "node:fs";
import { chooseAccount } from "@tillkeeper/server/db/embedded/account";
import { Folder } from "../processes/folder.ts";
import { freePort } from "../processes/free-port.ts";
import { Program } from "../processes/program.ts";
import { until } from "../until.ts";
import { asSuperuser, databaseUrl, type PostgresAddress, query } from "./own-postgres.ts";

/** Debian's PgBouncer. */
const program = "/usr/sbin/pgbouncer";

export type PoolMode = "session" | "transaction";

export interface PgBouncer {
  /** The URL of a database behind it. */
  urlOf(database: string): string;
  /** Changes how it pools while it runs. */
  setMode(mode: PoolMode): Promise<void>;
  remove(): Promise<void>;
}

/** Starts a PgBouncer in front of a cluster that listens on TCP, for one user of it. */
export async function startPgBouncer(postgres: PostgresAddress, mode: PoolMode): Promise<PgBouncer> {
  const folder = new Folder("pgbouncer");
  const port = await freePort();
  const account = chooseAccount(folder.path, undefined);
  const users = folder.write("users", `"${postgres.user}" "${postgres.password}"\n`);
  const settings = folder.write(
    "pgbouncer.ini",
    `[databases]
* = host=${postgres.host} port=${postgres.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
admin_users = ${postgres.user}
pool_mode = ${mode}
default_pool_size = 60
`,
  );
  chmodSync(folder.path, 0o755);
  for (const file of [users, settings]) chownSync(file, account.uid, account.gid);
  const running = new Program([program, settings], {
    cwd: "/",
    group: true,
    ...(account.uid === process.getuid?.() ? {} : { uid: account.uid, gid: account.gid }),
  });
  const address = { ...postgres, host: "127.0.0.1", port };
  const answers = () =>
    asSuperuser(address, "show version", "pgbouncer").then(
      () => true,
      () => false,
    );
  await until(answers, "PgBouncer to be ready");
  return {
    urlOf: (database) => databaseUrl(address, database),
    async setMode(next) {
      await query(address, `set pool_mode = '${next}'`, "pgbouncer");
    },
    async remove() {
      await running.end("SIGKILL");
      folder.remove();
    },
  };
}

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { Program } from "@tillkeeper/stage/processes/program";
import { UsageError } from "@tillkeeper/stage/programs/usage";
import { acceptOneText } from "../operations/accept-one.ts";
import type { Subject } from "./subject.ts";
import { firstTerminalNumber, terminalIdPrefix } from "./terminal-set.ts";

const debianFolder = "/usr/lib/postgresql";

/** Finds pgbench, PostgreSQL's load program, on the path or in Debian's folder. Throws a UsageError if missing. */
export function findPgbench(): { program: string; version: string } {
  const debian = namesIn(debianFolder)
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(debianFolder, version, "bin"));
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...debian];
  const folder = folders.find((candidate) => namesIn(candidate).includes("pgbench"));
  if (folder === undefined) {
    throw new UsageError(
      "pgbench is not installed: `apt install postgresql-contrib` on Debian and Ubuntu, `brew install postgresql` on macOS.",
    );
  }
  const program = join(folder, "pgbench");
  return { program, version: execFileSync(program, ["--version"], { encoding: "utf8" }).trim() };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Returns a script in which each client has its own terminals, in random order, so that no terminal is busy. */
function script(terminals: number, clients: number): string {
  const share = Math.floor(terminals / clients);
  return `\\set i :i + 1
\\set terminal ${firstTerminalNumber} + permute(:client_id * ${share} + :i, ${terminals})
${acceptOneText(`'${terminalIdPrefix}' || :terminal::text`)};
`;
}

interface PgbenchOptions {
  program: string;
  database: Subject["database"];
  terminals: number;
  clients: number;
  closing: Closing;
}

export interface PgbenchRun {
  transactions: number;
  perSecond: number;
}

/** Writes the script and returns a function that runs it for a number of seconds; that throws when pgbench fails. */
export function preparePgbench(options: PgbenchOptions): (seconds: number) => Promise<PgbenchRun> {
  const { program, database, terminals, clients, closing } = options;
  const folder = new Folder("bench");
  closing.add(() => folder.remove());
  const file = folder.write("accept.sql", script(terminals, clients));
  const { host, port, user, password, database: name } = database;
  return async (seconds) => {
    const where = ["-h", host, "-p", String(port), "-U", user];
    const how = ["-n", "-M", "prepared", "-j", "2", "-c", String(clients), "-T", String(seconds), "-D", "i=-1"];
    const output = await run(program, [...where, ...how, "-f", file, name], password, closing);
    const transactions = readFigure(output, /actually processed: (\d+)/);
    return { transactions, perSecond: readFigure(output, /tps = ([\d.]+)/) };
  };
}

async function run(program: string, args: string[], password: string, closing: Closing): Promise<string> {
  const running = new Program([program, ...args], {
    // The server's setting for work on all accounts: row security binds the owner of the tables, too.
    env: { ...process.env, PGPASSWORD: password, LC_ALL: "C", PGOPTIONS: "-c tillkeeper.all_accounts=on" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  closing.add(() => running.signal("SIGTERM"));
  const { code, stdout, stderr } = await running.ended;
  if (code !== 0) throw new Error(`pgbench ended with ${code}: ${stderr}`);
  return stdout;
}

function readFigure(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`pgbench printed something unexpected:\n${output}`);
  return Number(found);
}

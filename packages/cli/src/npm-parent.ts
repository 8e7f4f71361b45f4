import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** How often to look. A look reads one file of /proc; elsewhere than on Linux it runs `ps`. */
const lookEveryMs = 1_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Calls `gone` once when the npm that runs this process has ended, or the shell in between. When they are killed they pass
 * no signal on, and the program would go on unnoticed. Watches nothing when no npm (or pnpm, or yarn) runs
 * this process, or when its script puts it into the background. Does not keep the process alive.
 */
export function watchNpm(gone: () => void): void {
  const line = lineageToNpm(process.env);
  if (line === undefined) return;
  const timer = setInterval(() => {
    if (isIntact(line)) return;
    clearInterval(timer);
    gone();
  }, lookEveryMs).unref();
}

/** The parent, and the parent's parent when the parent is a shell that npm has started. */
interface Lineage {
  parent: number;
  npm: number | undefined;
}

/** A single `&`: not `&&`, `2>&1`, `&>`. */
const background = /(?<![&>])&(?![&>\d])/;

function lineageToNpm(env: Environment): Lineage | undefined {
  const script = env["npm_lifecycle_script"];
  // The variable is inherited: by grandchildren, too, that were started to stay.
  if (script === undefined || background.test(script)) return undefined;
  const parent = process.ppid;
  if (isNpm(parent, env)) return { parent, npm: undefined };
  const npm = parentOf(parent);
  return npm !== undefined && isNpm(npm, env) ? { parent, npm } : undefined;
}

function isIntact({ parent, npm }: Lineage): boolean {
  return process.ppid === parent && (npm === undefined || parentOf(parent) === npm);
}

/** npm calls its process `npm start`; others run the file that they name in `npm_execpath`. */
function isNpm(pid: number, { npm_execpath: file }: Environment): boolean {
  const command = commandOf(pid);
  return /^(?:npm|npx)(?: |$)/.test(command) || (file !== undefined && file !== "" && command.includes(file));
}

function commandOf(pid: number): string {
  try {
    if (process.platform !== "linux") return ps("command=", pid);
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trimEnd();
  } catch {
    return "";
  }
}

/** The parent of a process; undefined when there is no such process. */
function parentOf(pid: number): number | undefined {
  try {
    if (process.platform !== "linux") return Number(ps("ppid=", pid));
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

function ps(column: string, pid: number): string {
  const env = { PATH: process.env["PATH"], LC_ALL: "C" };
  return execFileSync("ps", ["-ww", "-o", column, "-p", String(pid)], { encoding: "utf8", env }).trim();
}

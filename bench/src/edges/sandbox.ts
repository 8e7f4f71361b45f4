import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { Program } from "@tillkeeper/stage/processes/program";
import { tillkeeper } from "@tillkeeper/stage/processes/tillkeeper";
import { until } from "@tillkeeper/stage/until";
import type { Effort } from "../arguments.ts";
import { count, printAim, printTable } from "../parts/print.ts";
import { median } from "../parts/statistics.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const atOnce = 4;
const seed = JSON.stringify({ terminals: { till: {}, failing: { fault: "failure" }, silent: { fault: "no_answer" } } });
const helps = [["--help"], ["stores", "--help"], ["complete", "--", "stores", "li"]];
const startAimMs = 3_000;
const helpAimMs = 300;

/**
 * Measures what an integrator waits for: the start of a sandbox for tests with three terminals, until it says that it is ready;
 * the help of the command line; and the sizes of the packages.
 */
export async function sandbox({ rounds }: Effort, closing: Closing): Promise<void> {
  const folder = new Folder("bench-sandbox");
  // PostgreSQL of a sandbox that root starts runs as another user.
  chmodSync(folder.path, 0o755);
  closing.add(async () => {
    await until(() => !isPostgresThere(folder.path), "PostgreSQL of the sandboxes to end");
    folder.remove();
  });
  const temporary = join(folder.path, "tmp");
  mkdirSync(temporary);
  chmodSync(temporary, 0o1777);
  const env = { HOME: folder.path, XDG_CACHE_HOME: cacheIn(folder.path), TMPDIR: temporary };

  // What V8 keeps of the sources is kept as for a user: from the second start on.
  const kept = { ...env, NODE_COMPILE_CACHE: join(folder.path, "compiled") };
  const first = await start(kept, closing);
  const next: number[] = [];
  for (let round = 0; round < rounds; round += 1) next.push(await start(kept, closing));
  const together = await Promise.all(Array.from({ length: atOnce }, () => start(kept, closing)));
  const helped: (readonly [string, number])[] = [];
  for (const words of helps) {
    const times: number[] = [];
    for (let round = 0; round <= rounds * 3; round += 1) times.push(await timeOf(words, kept));
    helped.push([`tillkeeper ${words.join(" ")}`, median(times)]);
  }
  printTable(
    ["", "ms"],
    [
      ["the first sandbox of a user: PostgreSQL is set up", count(first)],
      [`the next ones, one after the other (median of ${rounds})`, count(median(next))],
      [`${atOnce} at once, the slowest`, count(Math.max(...together))],
      ...helped.map(([what, ms]) => [what, count(ms)]),
    ],
  );
  const [help] = helped;
  printAim("a next start", `${count(median(next))} ms`, `${count(startAimMs)} ms`, median(next) <= startAimMs);
  if (help) printAim(help[0], `${count(help[1])} ms`, `${count(helpAimMs)} ms`, help[1] <= helpAimMs);
  console.log();
  await printSizes(join(folder.path, "packed"));
}

function cacheIn(folder: string): string {
  return join(folder, "cache");
}

/** Whether the PostgreSQL that the sandboxes share still runs: it ends some seconds after the last of them. */
function isPostgresThere(folder: string): boolean {
  const shared = join(cacheIn(folder), "tillkeeper");
  return existsSync(shared) && readdirSync(shared).some((name) => existsSync(join(shared, name, "keeper.lock")));
}

/** Starts a sandbox and ends it, and returns the milliseconds until it was ready. */
async function start(env: NodeJS.ProcessEnv, closing: Closing): Promise<number> {
  const began = performance.now();
  const command = [...tillkeeper, "sandbox", "--ephemeral", "--json", "--seed", seed];
  const program = new Program(command, { env, stdio: ["ignore", "pipe", "pipe"] });
  closing.add(async () => void (await program.end("SIGTERM")));
  await program.prints(/"http_url"/);
  const took = performance.now() - began;
  await program.end("SIGTERM");
  return took;
}

async function timeOf(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now();
  const { code, stderr } = await new Program([...tillkeeper, ...words], { env, stdio: ["ignore", "pipe", "pipe"] })
    .ended;
  if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}: ${stderr}`);
  return performance.now() - began;
}

async function printSizes(folder: string): Promise<void> {
  mkdirSync(folder);
  const env = { HOME: process.env["HOME"] };
  const { code, stderr } = await new Program(["npm", "run", "-s", "pack:all", "--", folder], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  }).ended;
  if (code !== 0) throw new Error(stderr);
  const sizes = readdirSync(folder).map((name) => [name, count(statSync(join(folder, name)).size / 1000)]);
  printTable(["packed", "kB"], sizes);
}

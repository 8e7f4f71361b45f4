import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { makeFolder } from "../../../platform/folders/make-folder.ts";
import { StartupError } from "../../../platform/startup-error.ts";
import { keeperFile } from "./keeper-file.ts";

/** A database of one's own in the PostgreSQL that all sandboxes of this user share. */
export interface BorrowedDatabase {
  url: string;
  /** Gives the database back, which is dropped. The end of the process does the same. */
  release(): void;
}

/** The first start creates a cluster and runs all migrations, perhaps on a busy machine. */
const patienceMs = 90_000;
const lookEveryMs = 25;
/** A keeper that finds another one starting ends at once; a further one is tried after so long. */
const spawnEveryMs = { first: 500, longest: 4_000 };

/**
 * Gets a new database with this version's schema from the keeper of the shared PostgreSQL, and starts the keeper if none runs. The
 * database lives as long as the connection to the keeper, which the kernel ends with this process, however that ends. Throws
 * `StartupError`.
 */
export async function borrowDatabase({ cache = defaultCache() }: { cache?: string } = {}): Promise<BorrowedDatabase> {
  const folder = join(cache, `sandboxes-${schemaHash()}`);
  const giveUpAt = performance.now() + patienceMs;
  let spawnAt = 0;
  let pauseMs = spawnEveryMs.first;
  const keeper: { running: boolean; fault?: string } = { running: false };
  while (performance.now() < giveUpAt) {
    const borrowed = await askKeeper(folder);
    if (borrowed) return borrowed;
    if (keeper.fault !== undefined) throw new StartupError(keeper.fault);
    if (!keeper.running && performance.now() >= spawnAt) {
      makeFolder(folder);
      startKeeper(folder, keeper);
      spawnAt = performance.now() + pauseMs;
      pauseMs = Math.min(pauseMs * 2, spawnEveryMs.longest);
    }
    await sleep(lookEveryMs);
  }
  throw new StartupError(
    `The PostgreSQL that sandboxes share was not ready within ${patienceMs / 1000} s, in ${folder}.`,
  );
}

/** Resolves with undefined when no keeper is ready. */
async function askKeeper(folder: string): Promise<BorrowedDatabase | undefined> {
  let port: number;
  let token: string;
  try {
    ({ port, token } = JSON.parse(readFileSync(keeperFile(folder), "utf8")));
  } catch {
    return undefined;
  }
  const socket = connect({ port, host: "127.0.0.1" });
  const line = await firstLine(socket, `${token}\n`);
  if (line === undefined) {
    socket.destroy();
    return undefined;
  }
  const { url, error } = JSON.parse(line) as { url?: string; error?: string };
  if (url === undefined) {
    socket.destroy();
    throw new StartupError(`The PostgreSQL that sandboxes share gave no database: ${error ?? "no reason"}`);
  }
  // The connection is the claim, and must not keep a process alive that has nothing else to do.
  socket.unref();
  return { url, release: () => socket.destroy() };
}

function firstLine(socket: Socket, greeting: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.on("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
    socket.once("connect", () => socket.write(greeting));
    const lines = createInterface({ input: socket });
    lines.on("error", () => resolve(undefined));
    lines.once("line", resolve);
  });
}

function startKeeper(folder: string, state: { running: boolean; fault?: string }): void {
  const program = fileURLToPath(new URL("./keeper.ts", import.meta.url));
  // Its own session: it outlives this process, and Ctrl-C must not reach it. Nothing of the environment is inherited that changes
  // what PostgreSQL or Node do.
  const { TMPDIR, PATH, HOME } = process.env;
  const child = spawn(process.execPath, [program, folder], {
    cwd: "/",
    detached: true,
    env: { ...(TMPDIR && { TMPDIR }), ...(PATH && { PATH }), ...(HOME && { HOME }) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  state.running = true;
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2_000);
  });
  child.once("error", (error) => {
    state.fault = `The PostgreSQL that sandboxes share could not be started: ${error.message}`;
  });
  child.once("exit", (code) => {
    state.running = false;
    if (code !== 0) state.fault = `The PostgreSQL that sandboxes share could not be started: ${said.trim()}`;
  });
  child.unref();
  (child.stderr as unknown as Socket).unref();
}

/** Sandboxes of different schemas do not share. */
function schemaHash(): string {
  const folder = new URL("../../migrations/", import.meta.url);
  const hash = createHash("sha256");
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .toSorted()) {
    hash
      .update(name)
      .update("\0")
      .update(readFileSync(new URL(name, folder)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 12);
}

function defaultCache(): string {
  const { XDG_CACHE_HOME: cache } = process.env;
  if (cache?.startsWith("/")) return join(cache, "tillkeeper");
  return join(homedir(), process.platform === "darwin" ? "Library/Caches" : ".cache", "tillkeeper");
}

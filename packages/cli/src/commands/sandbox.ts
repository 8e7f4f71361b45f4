import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { SandboxContent } from "@tillkeeper/contract/sandbox-content";
import { type Config, readConfig } from "@tillkeeper/server/config/config";
import { borrowDatabase } from "@tillkeeper/server/db/embedded/shared/borrow";
import type { RunningServer } from "@tillkeeper/server/main";
import { makeTemporaryFolder } from "@tillkeeper/server/platform/folders/temporary-folder";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { readSandboxContent } from "@tillkeeper/server/sandbox/content";
import { sandboxBlock } from "../sandbox-block.ts";
import { runServer } from "../server.ts";

export interface SandboxOptions {
  account?: string;
  seed?: string;
  ephemeral?: boolean;
  json?: boolean;
  untilInputEnds?: boolean;
}

/** Runs the server with a sandbox account; prints its credentials and three requests to begin with, or JSON for programs. */
export async function sandbox(options: SandboxOptions): Promise<void> {
  const { account, seed, json = false, untilInputEnds = false } = options;
  if (untilInputEnds && seed === "-") {
    throw new StartupError("Standard input cannot be the seed and say when to end, too.");
  }
  const content = seed === undefined ? undefined : readSeed(seed);
  if (untilInputEnds) endWithInput();
  const config = options.ephemeral ? await ephemeralConfig() : readConfig(process.env);
  if (account !== undefined) config.sandboxAccountId = account;
  await runServer(config, {
    sandbox: true,
    sandboxContent: content,
    announce: (server) => (json ? sandboxJson(server) : sandboxBlock(server, config)),
  });
}

function readSeed(file: string): SandboxContent {
  if (file.startsWith("{")) return readSandboxContent(file);
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new StartupError(`The seed ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return readSandboxContent(text);
}

/** The kernel closes the pipe of standard input when the process at its other end is gone, even by SIGKILL. */
function endWithInput(): void {
  const end = () => process.kill(process.pid, "SIGTERM");
  process.stdin.on("error", end).once("end", end).resume();
}

const placesOfData: ReadonlySet<string> = new Set(["DATABASE_URL", "TILLKEEPER_FILES", "TILLKEEPER_KEY_FILE"]);

/** The environment's settings count, but for those that say where data is kept. */
async function ephemeralConfig(): Promise<Config> {
  const folder = makeTemporaryFolder("tillkeeper-sandbox-");
  // At every end of this process but SIGKILL.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const kept = Object.entries(process.env).filter(([name]) => !placesOfData.has(name));
  const config = readConfig({
    TILLKEEPER_HTTP_PORT: "0",
    TILLKEEPER_MQTT_PORT: "0",
    ...Object.fromEntries(kept),
    TILLKEEPER_DATA_DIR: join(folder, "data"),
  });
  const database = await borrowDatabase();
  return { ...config, databaseUrl: database.url };
}

/** What a program needs to use the sandbox, as one line. `terminals` has the names of the seed. */
function sandboxJson({ sandbox: opened }: RunningServer): string {
  if (!opened) throw new Error("the server runs without a sandbox");
  const { terminalIds, namedTerminals, ...access } = opened;
  return JSON.stringify({ ...access, terminal_ids: terminalIds, terminals: namedTerminals });
}

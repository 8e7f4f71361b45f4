import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { freePort } from "./free-port.ts";

const program = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

/** `tillkeeper serve` in a process of its own, as an operator runs it. */
export interface Serving {
  url: string;
  start(): Promise<void>;
  /** Sends SIGTERM; resolves to the exit code, or the signal that ended it. */
  stop(): Promise<number | string | null>;
  /** As a crash, or the loss of its machine. */
  kill(): Promise<void>;
}

interface ServeOptions {
  folder: string;
  env: Record<string, string>;
  /** A command to run it under, for example `["strace", "-f"]`. */
  under?: readonly string[];
}

/** Starts it and waits until it is ready. Its data folder is below `folder`, and its port stays its own. */
export async function serve({ folder, env, under = [] }: ServeOptions): Promise<Serving> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    TILLKEEPER_HTTP_PORT: String(port),
    TILLKEEPER_MQTT_PORT: "0",
    TILLKEEPER_DATA_DIR: join(folder, `data-${port}`),
    ...env,
  };
  let child: ChildProcess | undefined;
  let ended: Promise<unknown[]> | undefined;

  const end = async (signal: NodeJS.Signals) => {
    child?.kill(signal);
    const [code, by] = (await ended) as [number | null, string | null];
    return code ?? by;
  };
  const start = async () => {
    const [command, ...args] = [...under, process.execPath, program, "serve"];
    child = spawn(command, args, {
      env: { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"], ...settings },
      stdio: ["ignore", "ignore", "inherit"],
    });
    ended = once(child, "exit");
    await vi.waitUntil(() => isReady(url), { timeout: 60_000, interval: 20 });
  };
  await start();
  return { url, start, stop: () => end("SIGTERM"), kill: async () => void (await end("SIGKILL")) };
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/ready`, { headers: { connection: "close" } }).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { endsWithUs } from "../processes/children.ts";
import { freePort } from "../processes/free-port.ts";

const program = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

/** `tillkeeper serve` in a process of its own, as an operator runs it. */
export interface Serving {
  url: string;
  /** Of its own broker; an outside one is where `MQTT_URL` says. */
  mqttUrl: string;
  /** Its data folder. */
  data: string;
  /** `under` is a command to run it under, for example `["strace", "-f"]`. */
  start(under?: readonly string[]): Promise<void>;
  /** Sends SIGTERM; resolves to the exit code, or the signal that ended it. */
  stop(): Promise<number | string | null>;
  /** Hangs until it is killed: its connections stay, and nothing is read from them. */
  hang(): void;
  /** As a crash, or the loss of its machine. */
  kill(): Promise<void>;
}

interface ServeOptions {
  folder: string;
  env: Record<string, string>;
}

/** Starts it and waits until it is ready. Its data folder is below `folder`, and its port stays its own. */
export async function serve({ folder, env }: ServeOptions): Promise<Serving> {
  const [port, mqttPort] = await Promise.all([freePort(), freePort()]);
  const url = `http://127.0.0.1:${port}`;
  const data = join(folder, `data-${port}`);
  const settings = {
    TILLKEEPER_HTTP_PORT: String(port),
    TILLKEEPER_MQTT_PORT: String(mqttPort),
    TILLKEEPER_DATA_DIR: data,
    ...env,
  };
  let child: ChildProcess | undefined;
  let grouped = false;
  let ended: Promise<unknown[]> | undefined;

  const end = async (signal: NodeJS.Signals) => {
    const running = child?.exitCode === null && child.signalCode === null;
    if (running && child?.pid !== undefined) process.kill(grouped ? -child.pid : child.pid, signal);
    const [code, by] = (await ended) as [number | null, string | null];
    return code ?? by;
  };
  const start = async (under: readonly string[] = []) => {
    grouped = under.length > 0;
    const [command, ...args] = [...under, process.execPath, program, "serve"];
    child = spawn(command, args, {
      env: { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"], ...settings },
      stdio: ["ignore", "ignore", "inherit"],
      // A group of its own, for signals to reach it through what it runs under.
      detached: grouped,
    });
    endsWithUs(child);
    ended = once(child, "exit");
    await vi.waitUntil(() => isReady(url));
  };
  await start();
  const hang = () => void child?.kill("SIGSTOP");
  const kill = async () => void (await end("SIGKILL"));
  return { url, mqttUrl: `mqtt://127.0.0.1:${mqttPort}`, data, start, stop: () => end("SIGTERM"), hang, kill };
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/ready`, { headers: { connection: "close" } }).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}

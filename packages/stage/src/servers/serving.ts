import { join } from "node:path";
import { freePort } from "../processes/free-port.ts";
import { Program } from "../processes/program.ts";
import { tillkeeper } from "../processes/tillkeeper.ts";
import { until } from "../until.ts";
import { testConfig } from "./topology.ts";

/** As of the servers in the tests' own process. */
const fewConnections = Object.entries(testConfig.databaseConnections)
  .map(([pool, most]) => `${pool}=${most}`)
  .join();

/** `tillkeeper serve` in a process of its own, as an operator runs it. */
export interface Serving {
  url: string;
  /** The URL of the server's own broker; `MQTT_URL` names an outside one. */
  mqttUrl: string;
  /** The server's data folder. */
  data: string;
  /** Starts the server. `under` is a command to run it under, for example `["strace", "-f"]`. */
  start(under?: readonly string[]): Promise<void>;
  /** Sends SIGTERM. Resolves with the exit code, or the signal that ended the server. */
  stop(): Promise<number | string | null>;
  /** Suspends the server until it is killed: its connections stay open, and it reads nothing from them. */
  hang(): void;
  /** Kills the server, as in a crash or the loss of its machine. */
  kill(): Promise<void>;
}

interface ServeOptions {
  folder: string;
  env: Record<string, string>;
  /** A file descriptor for the server's log, in place of the standard error of this process. */
  log?: number;
  /** The command line that is started; by default, that of this version. */
  program?: readonly string[];
}

/**
 * Starts a server and waits until it is ready. Its data folder is below `folder`; it keeps its port over a restart.
 */
export async function serve({ folder, env, log, program: command = tillkeeper }: ServeOptions): Promise<Serving> {
  const [port, mqttPort] = await Promise.all([freePort(), freePort()]);
  const url = `http://127.0.0.1:${port}`;
  const data = join(folder, `data-${port}`);
  const settings = {
    TILLKEEPER_HTTP_PORT: String(port),
    TILLKEEPER_MQTT_PORT: String(mqttPort),
    TILLKEEPER_DATA_DIR: data,
    TILLKEEPER_DATABASE_CONNECTIONS: fewConnections,
    ...env,
  };
  let program: Program;
  const start = async (under: readonly string[] = []) => {
    program = new Program([...under, ...command, "serve"], {
      env: settings,
      stdio: ["ignore", "ignore", log ?? "inherit"],
      group: true,
    });
    await until(() => {
      if (!program.running) throw new Error("the server ended before it was ready");
      return isReady(url);
    }, "the server to be ready");
  };
  await start();
  const end = async (signal: NodeJS.Signals) => {
    const { code, signal: by } = await program.end(signal);
    return code ?? by;
  };
  return {
    url,
    mqttUrl: `mqtt://127.0.0.1:${mqttPort}`,
    data,
    start,
    stop: () => end("SIGTERM"),
    hang: () => program.hold(true),
    kill: async () => void (await end("SIGKILL")),
  };
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/ready`, { headers: { connection: "close" } }).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}

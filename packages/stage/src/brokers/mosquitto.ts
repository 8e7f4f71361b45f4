import { existsSync } from "node:fs";
import { Folder } from "../processes/folder.ts";
import { freePort } from "../processes/free-port.ts";
import { Program } from "../processes/program.ts";

const program = "/usr/sbin/mosquitto";

/** Debian's Mosquitto in a process of its own, which a test may stop, kill and suspend. */
export interface Mosquitto {
  url: string;
  /** Sends a signal: `SIGSTOP` suspends the process, `SIGCONT` resumes it. */
  signal(signal: NodeJS.Signals): void;
  /** Kills the process at once, as in a crash. The next `start` listens on the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts Mosquitto with that configuration file. Throws when Mosquitto is not installed. */
export function launchMosquitto(configurationFile: string): Program {
  if (!existsSync(program)) throw new Error(`${program} is missing: install Debian's package mosquitto`);
  return new Program([program, "-c", configurationFile], { group: true });
}

/** Starts Mosquitto, and waits until it listens on the port. */
export async function runMosquitto(configurationFile: string, port: number): Promise<Program> {
  const running = launchMosquitto(configurationFile);
  await running.listens(port);
  return running;
}

/**
 * Returns the configuration of a broker without access rules and without persistence: a restart loses all undelivered
 * messages.
 */
export function openToAll(port: number): string {
  const settings = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "set_tcp_nodelay true", "persistence false"];
  return `${settings.join("\n")}\n`;
}

/**
 * Starts a Mosquitto without access rules. They are the operator's (docs/adr/0005-outside-broker.md); these tests are
 * about the transport of messages.
 */
export async function startMosquitto(): Promise<Mosquitto> {
  const folder = new Folder("mosquitto");
  const port = await freePort();
  const file = folder.write("mosquitto.conf", openToAll(port));
  let broker = await runMosquitto(file, port);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    signal: (signal) => broker.signal(signal),
    kill: async () => void (await broker.end()),
    async start() {
      broker = await runMosquitto(file, port);
    },
    async stop() {
      await broker.end("SIGTERM");
      folder.remove();
    },
  };
}

import { existsSync } from "node:fs";
import { Folder } from "../processes/folder.ts";
import { freePort } from "../processes/free-port.ts";
import { Program } from "../processes/program.ts";

const program = "/usr/sbin/mosquitto";

/** Debian's Mosquitto in a process of its own, that a test may treat as it likes. */
export interface Mosquitto {
  url: string;
  /** `SIGSTOP` makes it hang, `SIGCONT` lets it go on. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it at once, as a crash does; its port stays its own for the next `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Throws when there is none on this machine. */
export function launchMosquitto(configurationFile: string): Program {
  if (!existsSync(program)) throw new Error(`${program} is missing: install Debian's package mosquitto`);
  return new Program([program, "-c", configurationFile], { group: true });
}

/** Starts it, and waits until it listens there. */
export async function runMosquitto(configurationFile: string, port: number): Promise<Program> {
  const running = launchMosquitto(configurationFile);
  await running.listens(port);
  return running;
}

/** The configuration of one that is open to all and keeps nothing: whatever it has not passed on is lost with it. */
export function openToAll(port: number): string {
  const settings = [`listener ${port} 127.0.0.1`, "allow_anonymous true", "set_tcp_nodelay true", "persistence false"];
  return `${settings.join("\n")}\n`;
}

/** Open to all: access rules are the operator's (docs/adr/0005-outside-broker.md); in tests the carrying is tried. */
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

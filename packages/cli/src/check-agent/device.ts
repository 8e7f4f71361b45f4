import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, rm } from "node:fs/promises";
import { withoutTrailingSlashes } from "@tillkeeper/contract/urls";
import { StartupError } from "@tillkeeper/server/platform/startup-error";

/** What can be done to the device beside talking to it. What is left out cannot. */
export interface Device {
  /** Cuts the power of the device: its program ends at once, in the middle of an operation, too. */
  cut?(): Promise<void>;
  /** Switches it on, with the login that holds now. */
  start?(): Promise<void>;
  /** Both in one, for a device that is elsewhere; resolves when the power is back. */
  restart?(): Promise<void>;
  /** Ends it in order, as an update or its operator does. */
  stop?(): Promise<void>;
  /** Closes the day at the device, as the staff of a store does. */
  closeByHand?(): Promise<void>;
  /** Its journal: notes a copy, puts it back, deletes it. Only while it is off. */
  journal?: { copy(): Promise<void>; restore(): Promise<void>; remove(): Promise<void> };
  /** Leaves nothing running that was started here. */
  end(): Promise<void>;
}

/** Environment variables that say how to connect. */
export type LoginVariables = () => Promise<Record<string, string>>;

export interface DeviceCommands {
  start?: string | undefined;
  restart?: string | undefined;
  closeByHand?: string | undefined;
  journal?: string | undefined;
  /** Asks the person beside the device to do something. */
  ask?: ((what: string) => void) | undefined;
}

interface Watching {
  /** What the commands print. */
  tell: (line: string) => void;
  /** The program that is the device has ended by itself. */
  stopped: () => void;
}

/** The device as the commands of the command line have it. */
export function deviceOf(commands: DeviceCommands, login: LoginVariables, watching: Watching): Device {
  const { tell } = watching;
  const { start, restart, closeByHand, journal, ask } = commands;
  const run = (command: string) => async () => runOnce(command, await login(), tell);
  const device: Device = { end: async () => undefined };
  if (closeByHand !== undefined) device.closeByHand = run(closeByHand);
  if (start === undefined) {
    if (restart !== undefined) device.restart = run(restart);
    else if (ask) device.restart = async () => ask("Cut the power of the device now, and switch it on again.");
    return device;
  }
  const program = new StartedProgram(start, login, watching);
  device.start = () => program.start();
  device.cut = () => program.end("SIGKILL");
  device.stop = () => program.end("SIGTERM");
  const keeper = journal === undefined ? undefined : keeperOf(journal);
  if (keeper) device.journal = keeper;
  device.end = async () => {
    await program.end("SIGKILL");
    await keeper?.forget();
  };
  return device;
}

/** A program that is the device, with all that it starts. */
class StartedProgram {
  readonly #command: string;
  readonly #login: LoginVariables;
  readonly #watching: Watching;
  #child: ChildProcess | undefined;

  constructor(command: string, login: LoginVariables, watching: Watching) {
    this.#command = command;
    this.#login = login;
    this.#watching = watching;
  }

  async start(): Promise<void> {
    const { tell, stopped } = this.#watching;
    const child = spawnShell(this.#command, await this.#login(), tell);
    this.#child = child;
    child.once("exit", (code, signal) => {
      if (this.#child !== child) return;
      tell(`(the device's program has ended: ${signal ?? code})`);
      stopped();
    });
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child?.pid) return;
    const gone = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, "exit");
    try {
      // A group of its own: what the shell has started goes with it.
      process.kill(-child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    await gone;
  }
}

async function runOnce(command: string, env: Record<string, string>, tell: (line: string) => void): Promise<void> {
  const child = spawnShell(command, env, tell);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new StartupError(`${command}: ended with ${code}.`);
}

function spawnShell(command: string, env: Record<string, string>, tell: (line: string) => void): ChildProcess {
  const child = spawn(command, {
    shell: true,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => tell(text.trimEnd()));
  return child;
}

/** Copies the file or the folder beside itself. */
function keeperOf(path: string): NonNullable<Device["journal"]> & { forget(): Promise<void> } {
  const copy = `${withoutTrailingSlashes(path)}.check-agent-copy`;
  const remove = (place: string) => rm(place, { recursive: true, force: true });
  const replace = async (from: string, to: string) => {
    await remove(to);
    await cp(from, to, { recursive: true, preserveTimestamps: true });
  };
  return {
    copy: () => replace(path, copy),
    restore: () => replace(copy, path),
    remove: () => remove(path),
    forget: () => remove(copy),
  };
}

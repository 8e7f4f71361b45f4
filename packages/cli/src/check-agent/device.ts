import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, rm } from "node:fs/promises";
import { withoutTrailingSlashes } from "@tillkeeper/contract/urls";
import { StartupError } from "@tillkeeper/server/platform/startup-error";

/** What cases can do to the device beside sending messages. An absent function means that it is not possible. */
export interface Device {
  /** Cuts the power of the device: its program ends at once, in the middle of an operation, too. */
  cut?(): Promise<void>;
  /** Switches the device on, with its present credentials. */
  start?(): Promise<void>;
  /** Cuts the power and switches it on again, for a device that runs elsewhere. Resolves when the power is back. */
  restart?(): Promise<void>;
  /** Ends the device's program in order, as an update does. */
  stop?(): Promise<void>;
  /** Closes the day at the device, as the staff of a store does. */
  closeByHand?(): Promise<void>;
  /** Copies the journal, puts the copy back, deletes the journal. Called only while the device is off. */
  journal?: { copy(): Promise<void>; restore(): Promise<void>; remove(): Promise<void> };
  /** Ends all programs that were started here. Called once, at the end of the check. */
  end(): Promise<void>;
}

/** Gives the environment variables with the present credentials. */
export type LoginVariables = () => Promise<Record<string, string>>;

/** The shell commands, and the journal's path, that the command line names. */
export interface DeviceCommands {
  start?: string | undefined;
  restart?: string | undefined;
  closeByHand?: string | undefined;
  journal?: string | undefined;
  /** Asks a person beside the device to do something. */
  ask?: ((what: string) => void) | undefined;
}

interface ProgramEvents {
  /** Called with each line that the commands print. */
  tell: (line: string) => void;
  /** Called when the device's program has ended by itself. */
  stopped: () => void;
}

/** Makes a device of the commands that the command line names. */
export function deviceOf(commands: DeviceCommands, login: LoginVariables, events: ProgramEvents): Device {
  const { tell } = events;
  const { start, restart, closeByHand, journal, ask } = commands;
  const run = (command: string) => async () => runOnce(command, await login(), tell);
  const device: Device = { end: async () => undefined };
  if (closeByHand !== undefined) device.closeByHand = run(closeByHand);
  if (start === undefined) {
    if (restart !== undefined) device.restart = run(restart);
    else if (ask) device.restart = async () => ask("Cut the power of the device now, and switch it on again.");
    return device;
  }
  const program = new StartedProgram(start, login, events);
  device.start = () => program.start();
  device.cut = () => program.end("SIGKILL");
  device.stop = () => program.end("SIGTERM");
  const copier = journal === undefined ? undefined : journalCopier(journal);
  if (copier) device.journal = copier;
  device.end = async () => {
    await program.end("SIGKILL");
    await copier?.removeCopy();
  };
  return device;
}

/** The device's program, with the processes that it starts. */
class StartedProgram {
  readonly #command: string;
  readonly #login: LoginVariables;
  readonly #events: ProgramEvents;
  #child: ChildProcess | undefined;

  constructor(command: string, login: LoginVariables, events: ProgramEvents) {
    this.#command = command;
    this.#login = login;
    this.#events = events;
  }

  async start(): Promise<void> {
    const { tell, stopped } = this.#events;
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
      // The whole process group: the shell, and the program that it has started.
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

/** Copies a journal, which is a file or a folder, to a path beside it. */
function journalCopier(path: string): NonNullable<Device["journal"]> & { removeCopy(): Promise<void> } {
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
    removeCopy: () => remove(copy),
  };
}

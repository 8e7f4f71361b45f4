import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";

/** A program as it is started; the signal ends it for good. */
export type Launch = () => Promise<ChildProcess> | ChildProcess;

const relaunchMs = 250;

/**
 * A program that is started again whenever it ends, as a service manager does it, and that can be killed, kept down and
 * paused. Only this very process is ever sent signals.
 */
export class Service {
  readonly name: string;
  readonly #launch: Launch;
  #process: ChildProcess | undefined;
  #wanted = false;
  #timer: NodeJS.Timeout | undefined;
  #launching: Promise<void> | undefined;

  constructor(name: string, start: Launch) {
    this.name = name;
    this.#launch = start;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Starts it, and starts it again from now on. */
  keepUp(): void {
    this.#wanted = true;
    clearTimeout(this.#timer);
    if (this.#process || this.#launching) return;
    this.#launching = this.#start().finally(() => {
      this.#launching = undefined;
    });
  }

  /** `SIGKILL`, and down until `keepUp`. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#wanted = false;
    await this.#end("SIGKILL");
  }

  /** Asks for an orderly end, and down until `keepUp`. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#end("SIGTERM");
  }

  pause(): void {
    this.#process?.kill("SIGSTOP");
  }

  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    clearTimeout(this.#timer);
    await this.#launching;
    const child = this.#process;
    if (!child) return;
    const gone = new Promise((resolve) => child.once("close", resolve));
    child.kill(signal);
    await gone;
  }

  async #start(): Promise<void> {
    const child = await this.#launch();
    this.#process = child;
    const over = () => {
      if (this.#process !== child) return;
      this.#process = undefined;
      if (this.#wanted) this.#timer = setTimeout(() => this.keepUp(), relaunchMs);
    };
    child.once("error", over);
    child.once("close", over);
  }
}

/**
 * Starts a program in a process group of its own: Ctrl-C is for the program that directs the run, which then ends the
 * others in order.
 */
export function launch(command: string, args: string[], options: SpawnOptions): ChildProcess {
  return spawn(command, args, { ...options, detached: true });
}

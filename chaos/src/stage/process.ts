import type { Program } from "@tillkeeper/stage/processes/program";

/** Starts the program. */
export type Launch = () => Promise<Program> | Program;

const relaunchMs = 250;

/**
 * A program that is started again whenever it ends, as a service manager does it, and that can be killed, kept down and
 * paused.
 */
export class Service {
  readonly name: string;
  readonly #launch: Launch;
  #program: Program | undefined;
  #wanted = false;
  #timer: NodeJS.Timeout | undefined;
  #launching: Promise<void> | undefined;

  constructor(name: string, start: Launch) {
    this.name = name;
    this.#launch = start;
  }

  get running(): boolean {
    return this.#program !== undefined;
  }

  /** Starts it, and starts it again from now on. */
  keepUp(): void {
    this.#wanted = true;
    clearTimeout(this.#timer);
    if (this.#program || this.#launching) return;
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
    this.#program?.hold(true);
  }

  resume(): void {
    this.#program?.hold(false);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    clearTimeout(this.#timer);
    await this.#launching;
    await this.#program?.end(signal);
  }

  async #start(): Promise<void> {
    const program = await this.#launch();
    this.#program = program;
    void program.ended.finally(() => {
      this.#program = undefined;
      if (this.#wanted) this.#timer = setTimeout(() => this.keepUp(), relaunchMs);
    });
  }
}

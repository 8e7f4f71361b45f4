import type { Program } from "@tillkeeper/stage/processes/program";

/** Starts the program. Called for the first start and for each restart. */
export type Launch = () => Promise<Program> | Program;

const relaunchMs = 250;

/** A program that restarts whenever it ends, as under a service manager, and that can be killed, kept down, paused. */
export class Service {
  readonly name: string;
  readonly #launch: Launch;
  #program: Program | undefined;
  #keptUp = false;
  #timer: NodeJS.Timeout | undefined;
  #launching: Promise<void> | undefined;

  constructor(name: string, start: Launch) {
    this.name = name;
    this.#launch = start;
  }

  get running(): boolean {
    return this.#program !== undefined;
  }

  /** Starts the program, and restarts it whenever it ends. */
  keepUp(): void {
    this.#keptUp = true;
    clearTimeout(this.#timer);
    if (this.#program || this.#launching) return;
    this.#launching = this.#start().finally(() => {
      this.#launching = undefined;
    });
  }

  /** Sends SIGKILL and keeps the program down until `keepUp`. Resolves when the process has ended. */
  async kill(): Promise<void> {
    this.#keptUp = false;
    await this.#end("SIGKILL");
  }

  /** Sends SIGTERM and keeps the program down until `keepUp`. Resolves when the process has ended. */
  async stop(): Promise<void> {
    this.#keptUp = false;
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
      if (this.#keptUp) this.#timer = setTimeout(() => this.keepUp(), relaunchMs);
    });
  }
}

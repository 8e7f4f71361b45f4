import { Program, type ProgramOptions } from "../../processes/program.ts";

const againMs = 500;

/** A program that is started again whenever it ends by itself, as by a service manager. */
export class KeptUp {
  readonly #command: readonly string[];
  readonly #options: ProgramOptions;
  #program: Program | undefined;
  #wanted = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(command: readonly string[], options: ProgramOptions) {
    this.#command = command;
    this.#options = options;
  }

  /** The process id; undefined while it is down. */
  get pid(): number | undefined {
    return this.#program?.running ? this.#program.pid : undefined;
  }

  start(): void {
    this.#wanted = true;
    clearTimeout(this.#timer);
    if (this.#program) return;
    const program = new Program(this.#command, this.#options);
    this.#program = program;
    void this.#startAgainAfter(program);
  }

  async #startAgainAfter(program: Program): Promise<void> {
    await program.ended;
    this.#program = undefined;
    if (this.#wanted) this.#timer = setTimeout(() => this.start(), againMs);
  }

  /** Ends it, and keeps it down until `start`. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    await this.#program?.end(signal);
  }

  hold(held: boolean): void {
    this.#program?.hold(held);
  }
}

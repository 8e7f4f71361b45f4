import { colours } from "../colours.ts";
import { columns } from "../columns.ts";
import { StepChecks } from "./step-checks.ts";

/** The expected and the actual outcome of a step. */
interface Outcome {
  name: string;
  expected: string;
  got: string;
  ms: number;
  deviations: readonly string[];
}

const nameWidth = 46;

/** Plays steps one after the other, prints each as it happens, and keeps the outcomes. */
export class StepRunner {
  readonly #outcomes: Outcome[] = [];
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** `play` returns the outcome in a few words, and reports every deviation. An error of it ends the demo. */
  async step(name: string, expected: string, play: (checks: StepChecks) => Promise<string>): Promise<void> {
    this.#signal.throwIfAborted();
    process.stdout.write(`  ${name.padEnd(nameWidth)}`);
    const checks = new StepChecks();
    const startedAt = performance.now();
    const end = (got: string) => {
      const ms = Math.round(performance.now() - startedAt);
      const { deviations, details } = checks;
      this.#outcomes.push({ name, expected, got, ms, deviations });
      console.log(
        `${mark(deviations)} ${colours.dim(`${ms} ms`.padStart(7))}  ${got}  ${colours.dim(details)}`.trimEnd(),
      );
      for (const deviation of deviations) console.log(`      ${colours.red(deviation)}`);
    };
    try {
      end(await play(checks));
    } catch (error) {
      if (this.#signal.aborted) console.log("interrupted");
      this.#signal.throwIfAborted();
      checks.that(false, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      end("an error");
      throw error;
    }
  }

  get succeeded(): boolean {
    return this.#outcomes.length > 0 && this.#outcomes.every(({ deviations }) => deviations.length === 0);
  }

  /** The table of all steps: name, expected, got, milliseconds. */
  table(): string {
    const head = ["", "step", "expected", "got", "ms"].map((cell) => colours.bold(cell));
    const rows = this.#outcomes.map(({ name, expected, got, ms, deviations }) => {
      return [mark(deviations), name, expected, got, String(ms)];
    });
    return columns([head, ...rows], "  ").join("\n");
  }
}

function mark(deviations: readonly string[]): string {
  return deviations.length === 0 ? colours.green("ok  ") : colours.red("FAIL");
}

import { isatty } from "node:tty";
import type { Figures } from "@tillkeeper/virtual-terminals/simulation/figures";
import { formatAmount } from "../money.ts";

/** The progress of a simulation. */
export interface SimulationProgress {
  wanted: number;
  /** Terminals registered, and paired, in this run; others go on from an earlier one. */
  registered: number;
  paired: number;
  active: number;
  figures: Readonly<Figures>;
}

type Moment = "progress" | "summary" | "ended";

const everyMs = 1000;
const summaryEvery = 10;

/**
 * Prints how a simulation goes: progress each second, a summary every ten seconds. On a screen the progress is one line that
 * is rewritten. In a file it is printed only until all terminals are active.
 */
export class Report {
  readonly #progress: () => SimulationProgress;
  readonly #json: boolean;
  readonly #rewrites = isatty(1);
  readonly #begunAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  #ticks = 0;
  #isOver = false;

  constructor(progress: () => SimulationProgress, json: boolean) {
    this.#progress = progress;
    this.#json = json;
    this.#timer = setInterval(() => this.#tick(), everyMs);
  }

  /** Prints a sentence for people. */
  note(text: string): void {
    if (this.#json) return;
    this.#clear();
    console.log(text);
  }

  /** Stops printing progress; may be called more than once. */
  pause(): void {
    clearInterval(this.#timer);
  }

  /** Prints the final summary, once. */
  end(): void {
    this.pause();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tell("ended");
  }

  #tick(): void {
    this.#ticks += 1;
    this.#tell(this.#ticks % summaryEvery === 0 ? "summary" : "progress");
  }

  #tell(moment: Moment): void {
    const progress = this.#progress();
    const seconds = Math.round((performance.now() - this.#begunAt) / 1000);
    if (this.#json) {
      console.log(JSON.stringify({ event: moment, seconds, ...asJson(progress) }));
      return;
    }
    const isReady = progress.active >= progress.wanted;
    const line = `${clockText(seconds)}  ${isReady ? summaryOf(progress) : `${readiness(progress)} · ${summaryOf(progress)}`}`;
    if (moment !== "progress") {
      this.#clear();
      console.log(moment === "ended" ? `${line}\nEnded.` : line);
    } else if (this.#rewrites) {
      this.#clear();
      process.stdout.write(line.slice(0, (process.stdout.columns ?? 80) - 1));
    } else if (!isReady) {
      console.log(line);
    }
  }

  #clear(): void {
    if (this.#rewrites && !this.#json) process.stdout.write("\r\u001B[2K");
  }
}

function asJson({ wanted, registered, paired, active, figures }: SimulationProgress): object {
  const { terminals, connected, ...happened } = figures;
  return { terminals: { wanted, registered, paired, active, started: terminals, connected }, ...happened };
}

function readiness({ wanted, registered, paired, active, figures }: SimulationProgress): string {
  return `${figures.terminals} of ${wanted} started (${registered} registered, ${paired} paired), ${active} active`;
}

function summaryOf({ wanted, figures }: SimulationProgress): string {
  const { connected, operations, payments, faults } = figures;
  const troubles = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return [
    `connected ${connected} of ${wanted}`,
    `operations ${operations.running} running, ${operations.completed} completed, ${operations.failed} failed`,
    `payments ${payments.count} (${formatAmount(payments.amount, "NOK")})`,
    `faults ${troubles}`,
  ].join(" · ");
}

function clockText(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

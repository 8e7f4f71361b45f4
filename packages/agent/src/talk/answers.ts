import { type Clock, timestamp } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Journal } from "../memory/journal.ts";
import { isClose } from "../memory/result-log.ts";
import type { Failed } from "../operations/operation.ts";
import { type Outcome, type Reported, type ReportedResult, resultFor, withUnknownEnd } from "../operations/outcome.ts";
import type { ResultSender } from "./result-sender.ts";

export interface AnswersOptions<State> {
  journal: Journal<State>;
  clock: Clock;
  log: Logger;
  telling: Pick<ResultSender, "added" | "repeat" | "unnumbered" | "numbered">;
  /** Returns the batch that the terminal names as closed last, undefined where it cannot name one. Never rejects. */
  lastBatch: () => Promise<string | undefined>;
}

/** The results of this agent: each is written to the journal before it is sent. */
export class Answers<State> {
  readonly #options: AnswersOptions<State>;
  /** Results that could not be written to the journal, by operation id. */
  readonly #unwritten = new Map<string, ReportedResult>();
  #killed = false;

  constructor(options: AnswersOptions<State>) {
    this.#options = options;
  }

  /** Returns the result of an operation, written or not; undefined when it has none. */
  find(id: string): ReportedResult | undefined {
    return this.#unwritten.get(id) ?? this.#options.journal.log.find(id);
  }

  /** From now on nothing is written or sent. */
  kill(): void {
    this.#killed = true;
  }

  /** Writes the outcome of an operation, together with its state, to the journal and sends it. Never rejects. */
  async give(reported: Reported, outcome: Outcome<State>): Promise<void> {
    if (this.#killed) return;
    const { clock, telling } = this.#options;
    const finishedAt = timestamp(clock.now());
    const result = resultFor(reported, outcome, finishedAt);
    const state = outcome.status === "COMPLETED" && result.status === "COMPLETED" ? outcome.state : undefined;
    try {
      await this.#write(result, state);
      if (this.#killed) return;
      this.#logResult(result);
      telling.added();
    } catch (cause) {
      if (this.#killed) return;
      const failed = this.journalFailure(result.operation_id, cause);
      const isUnknown = reported.started_at !== undefined && isClose(result);
      const instead = isUnknown ? withUnknownEnd(result.operation, failed) : failed;
      this.sendUnwritten(resultFor(reported, instead, finishedAt));
    }
  }

  /** Sends a result that could not be written to the journal; `writeAgain` writes it later. */
  sendUnwritten(result: ReportedResult): void {
    this.#unwritten.set(result.operation_id, result);
    this.#logResult(result);
    this.#options.telling.unnumbered(result);
  }

  /** Tries again to write the results that could not be written before. Never rejects. */
  async writeAgain(): Promise<void> {
    for (const [id, result] of this.#unwritten) {
      if (this.#killed) return;
      try {
        await this.#write(result);
      } catch {
        // The agent has already reported that the journal cannot be written.
        return;
      }
      this.#unwritten.delete(id);
      this.#options.telling.numbered(id);
    }
  }

  /** Logs that the journal cannot be written, and returns the outcome that says so: FAILED, reason `storage_failed`. */
  journalFailure(id: string, cause: unknown): Failed {
    this.#options.log.error({ operation_id: id, err: cause }, "cannot write the journal");
    const error = { code: "journal_failed", message: "The terminal could not store what it did" };
    return { status: "FAILED", reason: "storage_failed", error };
  }

  /** Sends a result once more, unchanged; does nothing for an operation without a result. */
  repeat(id: string): void {
    const result = this.find(id);
    if (result) this.#options.telling.repeat(result);
  }

  async #write(result: ReportedResult, state?: State): Promise<void> {
    const { journal, lastBatch } = this.#options;
    const { operation_id: id, unknown_end } = result;
    // The close's end is unknown: the batch that the terminal names now may be the batch that it closed.
    const batch = unknown_end && isClose(result) ? await lastBatch() : undefined;
    if (this.#killed) return;
    await journal.write((log) =>
      log.find(id)
        ? undefined
        : { results: [result], ...(batch !== undefined && { batch }), ...(state !== undefined && { state }) },
    );
  }

  #logResult({ operation_id, operation, status, reason }: ReportedResult): void {
    this.#options.log.info({ operation_id, operation, status, reason }, "answered");
  }
}

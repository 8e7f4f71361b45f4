import { type Clock, timestamp } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Journal } from "../memory/journal.ts";
import { isClose } from "../memory/result-log.ts";
import type { Failed } from "../operations/operation.ts";
import { type Outcome, orUnknownEnd, type Reported, type ReportedResult, resultFor } from "../operations/outcome.ts";
import type { Telling } from "./telling.ts";

export interface AnswersOptions<State> {
  journal: Journal<State>;
  clock: Clock;
  log: Logger;
  telling: Pick<Telling, "added" | "repeat" | "unnumbered" | "numbered">;
  /** The batch that the terminal names as closed last, if it can. Never rejects. */
  lastBatch: () => Promise<string | undefined>;
}

/** What the agent has answered: remembered before it is said. */
export class Answers<State> {
  readonly #options: AnswersOptions<State>;
  /** Answers that the journal could not take. */
  readonly #unwritten = new Map<string, ReportedResult>();
  #killed = false;

  constructor(options: AnswersOptions<State>) {
    this.#options = options;
  }

  find(id: string): ReportedResult | undefined {
    return this.#unwritten.get(id) ?? this.#options.journal.log.find(id);
  }

  /** Nothing more is written or said. */
  kill(): void {
    this.#killed = true;
  }

  /** Remembers what came of an operation, together with the state that goes with it, and says it. Never rejects. */
  async give(reported: Reported, outcome: Outcome<State>): Promise<void> {
    if (this.#killed) return;
    const { clock, telling } = this.#options;
    const finishedAt = timestamp(clock.now());
    const result = resultFor(reported, outcome, finishedAt);
    const state = outcome.status === "COMPLETED" && result.status === "COMPLETED" ? outcome.state : undefined;
    try {
      await this.#write(result, state);
      if (this.#killed) return;
      this.#note(result);
      telling.added();
    } catch (cause) {
      if (this.#killed) return;
      const failed = this.journalFailure(result.operation_id, cause);
      const isUnknown = reported.started_at !== undefined && isClose(result);
      const instead = isUnknown ? orUnknownEnd(result.operation, failed) : failed;
      this.tellUnwritten(resultFor(reported, instead, finishedAt));
    }
  }

  /** Says what the journal could not take, until there is room for it. */
  tellUnwritten(result: ReportedResult): void {
    this.#unwritten.set(result.operation_id, result);
    this.#note(result);
    this.#options.telling.unnumbered(result);
  }

  /** There may be room by now for what the journal could not take. Never rejects. */
  async writeAgain(): Promise<void> {
    for (const [id, result] of this.#unwritten) {
      if (this.#killed) return;
      try {
        await this.#write(result);
      } catch {
        // It has been told that the journal cannot be written.
        return;
      }
      this.#unwritten.delete(id);
      this.#options.telling.numbered(id);
    }
  }

  journalFailure(id: string, cause: unknown): Failed {
    this.#options.log.error({ operation_id: id, err: cause }, "cannot write the journal");
    const error = { code: "journal_failed", message: "The terminal could not store what it did" };
    return { status: "FAILED", reason: "storage_failed", error };
  }

  /** One more copy of a result, the same as every other; nothing happens when there is none. */
  repeat(id: string): void {
    const result = this.find(id);
    if (result) this.#options.telling.repeat(result);
  }

  async #write(result: ReportedResult, state?: State): Promise<void> {
    const { journal, lastBatch } = this.#options;
    const { operation_id: id, unknown_end } = result;
    // Whatever it is, this close may be the one that closed it.
    const batch = unknown_end && isClose(result) ? await lastBatch() : undefined;
    if (this.#killed) return;
    await journal.write((log) =>
      log.find(id)
        ? undefined
        : { results: [result], ...(batch !== undefined && { batch }), ...(state !== undefined && { state }) },
    );
  }

  #note({ operation_id, operation, status, reason }: ReportedResult): void {
    this.#options.log.info({ operation_id, operation, status, reason }, "answered");
  }
}

import type { ReceiptMessage, RejectionMessage } from "@tillkeeper/contract/mqtt";
import { type Clock, timestamp } from "./clock.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { Logger } from "./logger.ts";
import type { Failed } from "./operation.ts";
import { deviceError, type Outcome, type ReportedResult, resultFor } from "./outcome.ts";

export interface AnswersOptions<State> {
  journal: Journal<State>;
  clock: Clock;
  log: Logger;
  /** A result that is to be repeated until its receipt. */
  answered: (result: ReportedResult) => void;
  /** One more copy of a result, because somebody asked. */
  sendAgain: (result: ReportedResult) => void;
  receipted: (operationId: string) => void;
}

/** What an answer is given to. `started_at` is there exactly when it was begun. */
export type Answerable = Omit<JournalEntry, "phase" | "result">;

/** What the agent has begun and answered: remembered before it is said, and said until the receipt. */
export class Answers<State> {
  readonly #options: AnswersOptions<State>;
  /** Answers that the journal could not take. */
  readonly #unwritten = new Map<string, JournalEntry>();
  #killed = false;

  constructor(options: AnswersOptions<State>) {
    this.#options = options;
  }

  find(id: string): JournalEntry | undefined {
    return this.#unwritten.get(id) ?? this.#options.journal.get(id);
  }

  /** Everything begun or answered; what was written last comes last. */
  entries(): JournalEntry[] {
    const entries = new Map(this.#options.journal.entries().map((entry) => [entry.operation_id, entry]));
    for (const [id, entry] of this.#unwritten) entries.set(id, entry);
    return [...entries.values()];
  }

  /** After a start: everything that has no receipt is said again. */
  restore(): void {
    for (const { phase, result } of this.#options.journal.entries()) {
      if (phase === "answered" && result) this.#options.answered(result);
    }
  }

  /** Nothing more is written or said. */
  kill(): void {
    this.#killed = true;
  }

  /** Remembers what came of an operation, together with the state that goes with it, and says it. Never rejects. */
  async give(answerable: Answerable, outcome: Outcome<State>): Promise<void> {
    if (this.#killed) return;
    const { journal, clock, log, answered } = this.#options;
    const { operation_id: id, operation } = answerable;
    const finishedAt = timestamp(clock.now());
    let result = resultFor(answerable, outcome, finishedAt);
    const state = outcome.status === "COMPLETED" && result.status === "COMPLETED" ? outcome.state : undefined;
    try {
      await journal.write({ ...answerable, phase: "answered", result }, state);
    } catch (cause) {
      result = resultFor(answerable, this.journalFailure(id, cause), finishedAt);
      this.#unwritten.set(id, { ...answerable, phase: "answered", result });
    }
    if (this.#killed) return;
    log.info({ operation_id: id, operation, status: result.status, reason: result.reason }, "answered");
    answered(result);
  }

  journalFailure(id: string, cause: unknown): Failed {
    this.#options.log.error({ operation_id: id, err: cause }, "cannot write the journal");
    const error = { code: "journal_failed", message: "The terminal could not store what it did" };
    return { status: "FAILED", reason: "storage_failed", error };
  }

  /** One more copy of a result, the same as every other; nothing happens when there is none. */
  repeat(id: string): void {
    const result = this.find(id)?.result;
    if (result) this.#options.sendAgain(result);
  }

  receipt({ operation_id: id, status }: ReceiptMessage): void {
    const entry = this.find(id);
    // A receipt says that the result is committed; one that comes before there is a result says nothing.
    if (entry?.phase !== "answered") return;
    this.#options.log.debug({ operation_id: id, status }, "receipt");
    this.#options.receipted(id);
    const receipted: JournalEntry = { ...entry, phase: "receipted" };
    if (this.#unwritten.has(id)) {
      this.#unwritten.set(id, receipted);
      return;
    }
    this.#options.journal.write(receipted).catch((cause: unknown) => {
      // Costs one repetition after the next start, no more.
      this.#options.log.warn({ operation_id: id, err: cause }, "cannot note a receipt");
    });
  }

  /**
   * The server does not understand a result. To repeat it is useless: what can be told is that the operation failed for
   * that reason. That is repeated like any other; a further rejection may be of a copy of the first.
   */
  rejected({ channel, operation_id: id }: RejectionMessage): void {
    const entry = channel === "result" && id !== undefined ? this.find(id) : undefined;
    if (entry?.phase !== "answered") return;
    if (entry.result?.error?.code === rejectedCode) return;
    const outcome = deviceError(rejectedCode, "The server did not understand the terminal's result");
    const result = resultFor(entry, outcome, timestamp(this.#options.clock.now()));
    this.#options.journal.write({ ...entry, result }).catch((cause: unknown) => {
      // After a restart the old result is sent and rejected once more.
      this.#options.log.warn({ operation_id: id, err: cause }, "cannot note a rejection");
    });
    this.#options.answered(result);
  }
}

const rejectedCode = "result_rejected";

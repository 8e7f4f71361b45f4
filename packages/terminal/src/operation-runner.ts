import { limits } from "@tillkeeper/contract/limits";
import type { CommandMessage, HelloMessage, ReceiptMessage, RejectionMessage } from "@tillkeeper/contract/mqtt";
import { type Clock, timestamp } from "./clock.ts";
import { forgettable, type Journal, type JournalEntry } from "./journal.ts";
import type { Logger } from "./logger.ts";
import { asOperation, type HandlerContext, type Operation, type OperationHandlers } from "./operation.ts";
import { deviceError, type Outcome, type ReportedResult, resultFor, thrown } from "./outcome.ts";
import type { ServerTime } from "./server-time.ts";
import type { ForeignCommand } from "./wire.ts";

export interface OperationRunnerOptions<State> {
  handlers: OperationHandlers<State>;
  journal: Journal<State>;
  clock: Clock;
  log: Logger;
  serverTime: ServerTime;
  /** Resolves when the server's time is known well enough to judge an expiry, or will not be known soon. */
  settled: (signal: AbortSignal) => Promise<void>;
  sendStarted: (entry: JournalEntry) => void;
  /** A result that is to be repeated until its receipt. */
  answered: (result: ReportedResult) => void;
  /** One more copy of a result, because its command came once more. */
  sendAgain: (result: ReportedResult) => void;
  receipted: (operationId: string) => void;
}

type Judged = {
  entry: JournalEntry;
  operation: Operation | undefined;
  seen: { serverTime: number; monotonic: number };
};

/** Carries operations out: one at a time, none twice, none late, and each remembered before it is begun or answered. */
export class OperationRunner<State> {
  readonly #options: OperationRunnerOptions<State>;
  readonly #abort = new AbortController();
  /** Ids that came and are not in the journal yet. */
  readonly #pending = new Set<string>();
  /** Answers that the journal could not take. */
  readonly #unwritten = new Map<string, JournalEntry>();
  #turn: Promise<void> = Promise.resolve();
  #killed = false;

  constructor(options: OperationRunnerOptions<State>) {
    this.#options = options;
  }

  /** After a start: repeats what was answered, and settles what a crash interrupted. */
  restore(): void {
    for (const entry of this.#options.journal.entries()) {
      if (entry.phase === "answered" && entry.result) this.#options.answered(entry.result);
      if (entry.phase === "started") this.#inTurn(() => this.#recover(entry));
    }
  }

  /** A command has come, perhaps not for the first time. */
  take(command: CommandMessage): void {
    this.#take(command, command);
  }

  /** A command has come that this version does not know how to carry out. */
  refuse(command: ForeignCommand): void {
    this.#take(command, undefined);
  }

  receipt({ operation_id: id, status }: ReceiptMessage): void {
    const entry = this.#find(id);
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
   * that reason. When even that is not understood, the repeating ends.
   */
  rejected({ channel, operation_id: id }: RejectionMessage): void {
    const entry = channel === "result" && id !== undefined ? this.#find(id) : undefined;
    if (entry?.phase !== "answered") return;
    if (entry.result?.error?.code === rejectedCode) return this.#options.receipted(entry.operation_id);
    const outcome = deviceError(rejectedCode, "The server did not understand the terminal's result");
    const result = resultFor(entry.operation_id, entry.operation, outcome, timestamp(this.#options.clock.now()));
    this.#options.journal.write({ ...entry, result }).catch((cause: unknown) => {
      // After a restart the old result is sent and rejected once more.
      this.#options.log.warn({ operation_id: id, err: cause }, "cannot note a rejection");
    });
    this.#options.answered(result);
  }

  /** What a hello tells: begun or answered, not yet receipted; the latest first, where there are too many. */
  operations(): HelloMessage["operations"] {
    const entries = new Map(this.#options.journal.entries().map((entry) => [entry.operation_id, entry]));
    for (const [id, entry] of this.#unwritten) entries.set(id, entry);
    return [...entries.values()]
      .sort((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at))
      .flatMap(({ operation_id, phase }) => (phase === "receipted" ? [] : [{ operation_id, phase }]))
      .slice(0, limits.mqttHelloOperations);
  }

  /** Begins nothing more, asks the running handler to break off, and waits for it. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("The agent stops"));
    if (this.#killed) return;
    await this.#turn;
    await this.#options.journal.idle();
  }

  /** Forgets everything that is not on disk, as a crash would. */
  async kill(): Promise<void> {
    this.#killed = true;
    this.#abort.abort(new Error("The agent was killed"));
    await this.#options.journal.idle();
  }

  #take(command: ForeignCommand, operation: Operation | undefined): void {
    const id = command.operation_id;
    const known = this.#find(id);
    if (known?.phase === "started") this.#options.sendStarted(known);
    if (known?.result) this.#options.sendAgain(known.result);
    if (known || this.#pending.has(id) || this.#abort.signal.aborted) return;
    this.#pending.add(id);
    const seen = { serverTime: Date.parse(command.sent_at), monotonic: this.#options.clock.monotonic() };
    const entry = newEntry(command, timestamp(this.#options.clock.now()));
    this.#inTurn(async () => {
      try {
        await this.#perform({ entry, operation, seen });
      } finally {
        this.#pending.delete(id);
      }
    });
  }

  async #perform(judged: Judged): Promise<void> {
    const { operation } = judged;
    const { handlers, journal, clock, settled } = this.#options;
    await settled(this.#abort.signal);
    if (this.#abort.signal.aborted) return;
    const handler = operation && handlers[operation.operation];
    if (!handler) return this.#answer(judged.entry, { status: "FAILED", reason: "unsupported" });
    if (this.#isExpired(judged)) return this.#answer(judged.entry, expired);
    const entry = { ...judged.entry, started_at: timestamp(clock.now()) };
    journal.forget(forgettable(journal.entries(), this.#options.serverTime.now()));
    try {
      await journal.write(entry);
    } catch (cause) {
      return this.#answer(entry, this.#journalFailure(entry, cause));
    }
    if (this.#abort.signal.aborted) return;
    // A slow disk may have used up the time.
    if (this.#isExpired(judged)) return this.#answer(entry, expired);
    this.#options.sendStarted(entry);
    await this.#finish(entry, () => handler.run(operation, this.#context(judged.seen)));
  }

  async #recover(entry: JournalEntry): Promise<void> {
    const operation = asOperation(entry);
    const handler = operation && this.#options.handlers[operation.operation];
    await this.#finish(entry, async () => {
      const outcome = operation && (await handler?.recover?.(operation, this.#context()));
      return outcome ?? deviceError("interrupted", "The terminal restarted while it carried the operation out");
    });
  }

  async #finish(entry: JournalEntry, run: () => Promise<Outcome<State>>): Promise<void> {
    let outcome: Outcome<State>;
    try {
      outcome = await run();
    } catch (cause) {
      // Broken off by a stop: stays begun and unanswered, and is settled after the next start.
      if (this.#abort.signal.aborted) return;
      this.#options.log.error({ operation_id: entry.operation_id, err: cause }, "a handler failed");
      outcome = thrown(cause);
    }
    await this.#answer(entry, outcome);
  }

  async #answer(entry: JournalEntry, outcome: Outcome<State>): Promise<void> {
    if (this.#killed) return;
    const { journal, clock } = this.#options;
    const { operation_id: id, operation } = entry;
    const finishedAt = timestamp(clock.now());
    let result = resultFor(id, operation, outcome, finishedAt);
    const state = outcome.status === "COMPLETED" && result.status === "COMPLETED" ? outcome.state : undefined;
    try {
      await journal.write({ ...entry, phase: "answered", result }, state);
    } catch (cause) {
      result = resultFor(id, operation, this.#journalFailure(entry, cause), finishedAt);
      this.#unwritten.set(id, { ...entry, phase: "answered", result });
    }
    if (this.#killed) return;
    this.#options.log.info({ operation_id: id, operation, status: result.status, reason: result.reason }, "answered");
    this.#options.answered(result);
  }

  #journalFailure(entry: JournalEntry, cause: unknown): Outcome<State> {
    this.#options.log.error({ operation_id: entry.operation_id, err: cause }, "cannot write the journal");
    return deviceError("journal_failed", "The terminal could not store what it did");
  }

  #context(seen?: Judged["seen"]): HandlerContext<State> {
    const { journal, serverTime } = this.#options;
    return { signal: this.#abort.signal, state: journal.state, serverNow: () => serverTime.now(seen) };
  }

  /** Written so that a time that cannot be read counts as expired. */
  #isExpired({ entry, seen }: Judged): boolean {
    return !(this.#options.serverTime.now(seen) < Date.parse(entry.expires_at));
  }

  #find(id: string): JournalEntry | undefined {
    return this.#unwritten.get(id) ?? this.#options.journal.get(id);
  }

  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((cause: unknown) => {
      this.#options.log.error({ err: cause }, "an operation could not be dealt with");
    });
  }
}

const rejectedCode = "result_rejected";
const expired: Outcome<never> = { status: "FAILED", reason: "expired" };

function newEntry(command: ForeignCommand, startedAt: string): JournalEntry {
  const { operation_id, operation, parameters, created_at, expires_at } = command;
  return { operation_id, operation, parameters, created_at, expires_at, phase: "started", started_at: startedAt };
}

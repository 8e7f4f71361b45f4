import type { Answerable, Answers } from "./answers.ts";
import { type Clock, timestamp } from "./clock.ts";
import { forgettable, type Journal, type JournalEntry } from "./journal.ts";
import type { Logger } from "./logger.ts";
import { asOperation, type Failed, type HandlerContext, type Operation, type OperationHandlers } from "./operation.ts";
import { deviceError, type Outcome, thrown } from "./outcome.ts";
import { Readiness, type ReadinessOptions } from "./readiness.ts";
import type { ServerTime } from "./server-time.ts";
import type { CommandTask, Task } from "./task.ts";
import type { Cancellation, ForeignCommand } from "./wire.ts";

export interface PerformerOptions<State> extends ReadinessOptions {
  handlers: OperationHandlers<State>;
  journal: Journal<State>;
  answers: Answers<State>;
  clock: Clock;
  log: Logger;
  serverTime: ServerTime;
  /** Begun, and no result yet. */
  started: (entry: JournalEntry) => void;
  /** The task has been answered: from now on the journal tells about its operation. */
  over: (task: Task) => void;
  /** Aborted when the agent stops. */
  stopping: AbortSignal;
}

const cancelled: Failed = { status: "FAILED", reason: "cancelled" };
const unsupported: Failed = { status: "FAILED", reason: "unsupported" };

const forgetEveryMs = 60_000;

/** Takes one operation from its command, or from its journal entry, to its answer. The caller sees to it that turns are kept. */
export class Performer<State> {
  readonly #options: PerformerOptions<State>;
  readonly #readiness: Readiness;
  #killed = false;
  #forgetsAgainAt = Number.NEGATIVE_INFINITY;

  constructor(options: PerformerOptions<State>) {
    this.#options = options;
    this.#readiness = new Readiness(options);
  }

  /** Waits for what has to be waited for, begins the operation and answers it; or answers it without having begun it. */
  async perform(task: CommandTask): Promise<void> {
    const { operation } = task;
    const handler = operation && this.#options.handlers[operation.operation];
    if (!this.#stillWaits(task)) return;
    if (!handler) return this.#answer(task, notBegun(task.command), unsupported);
    while (await this.#mayBegin(task)) {
      const entry = await this.#writeBegun(task);
      if (!entry) return;
      // A slow disk may have used up the time, or a stop, a payment or a cancellation came in between. From here to the
      // handler nothing may be waited for.
      if (this.#options.stopping.aborted) return this.#takeBack(task);
      const refusal = this.#readiness.refusal(task);
      if (!refusal) return this.#run(task, entry, operation, handler);
      const waits = refusal.reason === "busy_payment" && this.#readiness.mayWait(task);
      if (!waits) return this.#answer(task, notBegun(task.command), refusal);
      await this.#takeBack(task);
    }
  }

  /** Finds out what came of an operation that a crash interrupted, and answers it. */
  async recover(task: Task, entry: JournalEntry): Promise<void> {
    const operation = asOperation(entry);
    const handler = operation && this.#options.handlers[operation.operation];
    const outcome = await this.#outcomeOf(task, async () => {
      const known = operation && (await handler?.recover?.(operation, this.#context(task)));
      return known ?? deviceError("interrupted", "The terminal restarted while it carried the operation out");
    });
    if (outcome) await this.#answer(task, entry, outcome);
  }

  /** Answers an operation that has not been begun as cancelled, so that it never is. */
  async neverBegin(task: Task, command: ForeignCommand | Cancellation): Promise<void> {
    this.#forgetOld();
    await this.#answer(task, notBegun(command), cancelled);
  }

  /** Nothing more is written. */
  kill(): void {
    this.#killed = true;
    this.#options.answers.kill();
  }

  /** Whether the operation may be begun, after all waiting; it counts as `beginning` then. If not, that has been dealt with. */
  async #mayBegin(task: CommandTask): Promise<boolean> {
    if (!this.#stillWaits(task)) return false;
    await this.#readiness.until(task);
    if (!this.#stillWaits(task)) return false;
    const refusal = this.#readiness.refusal(task);
    if (refusal) {
      await this.#answer(task, notBegun(task.command), refusal);
      return false;
    }
    // In the same breath as the look at it: a cancellation that comes now must not be answered as one of what waits.
    task.stage = "beginning";
    return true;
  }

  /** Neither cancelled meanwhile, which is answered elsewhere, nor stopped. */
  #stillWaits({ stage }: Task): boolean {
    return stage === "waiting" && !this.#options.stopping.aborted;
  }

  /** Remembers that the operation is begun; `undefined` when it must not be any more, and that has been dealt with. */
  async #writeBegun(task: CommandTask): Promise<JournalEntry | undefined> {
    const { journal, answers, clock, stopping } = this.#options;
    if (stopping.aborted) return undefined;
    const startedAt = timestamp(clock.now());
    const entry: JournalEntry = { ...notBegun(task.command), phase: "started", started_at: startedAt };
    this.#forgetOld();
    try {
      await journal.write(entry);
    } catch (cause) {
      await this.#answer(task, notBegun(task.command), answers.journalFailure(task.id, cause));
      return undefined;
    }
    return entry;
  }

  /** It is not begun after all, and after a crash the journal must not say that it is. */
  async #takeBack(task: CommandTask): Promise<void> {
    const { journal, log } = this.#options;
    if (this.#killed) return;
    journal.forget([task.id]);
    try {
      await journal.save();
    } catch (cause) {
      // Costs a FAILED, `interrupted`, if the agent crashes before its next write.
      log.warn({ operation_id: task.id, err: cause }, "cannot take back that an operation was begun");
    }
    task.stage = "waiting";
  }

  async #run(
    task: CommandTask,
    entry: JournalEntry,
    operation: Operation,
    handler: NonNullable<OperationHandlers<State>[Operation["operation"]]>,
  ): Promise<void> {
    const { cancellable = false } = handler;
    task.stage = "running";
    task.cancellable = () => (typeof cancellable === "function" ? cancellable(operation) : cancellable);
    // An answer that comes at once tells by itself that it was begun: one message instead of two.
    const soon = setImmediate(() => this.#options.started(entry));
    const outcome = await this.#outcomeOf(task, () => handler.run(operation, this.#context(task, task.seen)));
    clearImmediate(soon);
    if (outcome) await this.#answer(task, entry, outcome);
  }

  async #outcomeOf(task: Task, run: () => Promise<Outcome<State>>): Promise<Outcome<State> | undefined> {
    const { signal } = task.ending;
    try {
      return await run();
    } catch (cause) {
      if (signal.aborted && cause === signal.reason) return cancelled;
      // Broken off by a stop: stays begun and unanswered, and is settled after the next start.
      if (this.#options.stopping.aborted) return undefined;
      this.#options.log.error({ operation_id: task.id, err: cause }, "a handler failed");
      return thrown(cause);
    }
  }

  async #answer(task: Task, answerable: Answerable, outcome: Outcome<State>): Promise<void> {
    task.stage = "answering";
    try {
      await this.#options.answers.give(answerable, outcome);
    } finally {
      this.#options.over(task);
    }
  }

  #context(task: Task, seen?: CommandTask["seen"]): HandlerContext<State> {
    const { journal, serverTime, stopping } = this.#options;
    return {
      signal: stopping,
      cancelled: task.ending.signal,
      state: journal.state,
      serverNow: () => serverTime.now(seen),
    };
  }

  /** Now and then: the journal of a busy terminal is long, and what is old is kept for an hour anyway. */
  #forgetOld(): void {
    const { journal, serverTime, clock } = this.#options;
    if (clock.monotonic() < this.#forgetsAgainAt) return;
    this.#forgetsAgainAt = clock.monotonic() + forgetEveryMs;
    journal.forget(forgettable(journal.entries(), serverTime.now()));
  }
}

/** What is remembered of an operation that was answered before it was begun. */
function notBegun(command: ForeignCommand | Cancellation): Answerable {
  const { operation_id, operation, created_at, expires_at } = command;
  return { operation_id, operation, parameters: parametersOf(command), created_at, expires_at };
}

/** A cancellation has none. */
function parametersOf(command: ForeignCommand | Cancellation): ForeignCommand["parameters"] {
  return "parameters" in command ? command.parameters : {};
}

import { type Clock, timestamp } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Journal } from "../memory/journal.ts";
import type { Begun } from "../memory/result-log.ts";
import type { Answers } from "../talk/answers.ts";
import type { ServerTime } from "../talk/server-time.ts";
import type { Cancellation, ForeignCommand } from "../talk/wire.ts";
import type { Closes } from "./closes.ts";
import type { Comparison } from "./comparison.ts";
import { asOperation, type Failed, type HandlerContext, type Operation, type OperationHandlers } from "./operation.ts";
import { deviceError, type Outcome, orUnknownEnd, type Reported, thrown } from "./outcome.ts";
import { Readiness, type ReadinessOptions } from "./readiness.ts";
import type { CommandTask, Task } from "./task.ts";

export interface PerformerOptions<State> extends ReadinessOptions {
  handlers: OperationHandlers<State>;
  journal: Journal<State>;
  answers: Answers<State>;
  closes: Closes<State>;
  /** Of no close anything is said before that: an old copy of a journal may lack that it was begun. */
  comparison: Comparison;
  clock: Clock;
  log: Logger;
  serverTime: ServerTime;
  /** Begun, and no result yet. */
  started: (begun: Begun) => void;
  /** The task has been answered: from now on the journal tells about its operation. */
  over: (task: Task) => void;
  /** Aborted when the agent stops. */
  stopping: AbortSignal;
}

const cancelled: Failed = { status: "FAILED", reason: "cancelled" };
const unsupported: Failed = { status: "FAILED", reason: "unsupported" };

/** Takes one operation from its command, or from its journal entry, to its answer. The caller sees to it that turns are kept. */
export class Performer<State> {
  readonly #options: PerformerOptions<State>;
  readonly #readiness: Readiness;
  #killed = false;

  constructor(options: PerformerOptions<State>) {
    this.#options = options;
    this.#readiness = new Readiness(options);
  }

  /**
   * Waits for what has to be waited for, begins the operation and answers it; or answers it without having begun it. Answers
   * `later` where that must not be before the comparison.
   */
  async perform(task: CommandTask): Promise<"later" | undefined> {
    if (!this.#stillWaits(task)) return undefined;
    if (!this.#isCompared(task)) return "later";
    await this.#perform(task);
    return task.stage === "waiting" && !this.#options.stopping.aborted ? "later" : undefined;
  }

  async #perform(task: CommandTask): Promise<void> {
    const { operation } = task;
    const handler = operation && this.#options.handlers[operation.operation];
    if (!handler) return this.#answer(task, reported(task.command), unsupported);
    while (await this.#mayBegin(task)) {
      const begun = await this.#writeBegun(task);
      if (!begun) return;
      // A slow disk may have used up the time, or a stop, a payment or a cancellation came in between. From here to the
      // handler nothing may be waited for.
      if (this.#options.stopping.aborted || !this.#isCompared(task)) return this.#takeBack(task);
      const refusal = this.#readiness.refusal(task);
      if (!refusal) return this.#run(task, begun, operation, handler);
      const waits = refusal.reason === "busy_payment" && this.#readiness.mayWait(task);
      if (!waits) return this.#answer(task, reported(task.command), refusal);
      await this.#takeBack(task);
    }
  }

  /** Finds out what came of an operation that a crash interrupted, and answers it. */
  async recover(task: Task, begun: Begun): Promise<void> {
    const operation = asOperation(begun);
    const handler = operation && this.#options.handlers[operation.operation];
    const interrupted = (): Failed => ({
      ...deviceError("interrupted", "The terminal restarted while it carried the operation out"),
      unknown_end: true,
    });
    const outcome = await this.#outcomeOf(
      task,
      async () => (operation && (await handler?.recover?.(operation, this.#context(task)))) ?? interrupted(),
      interrupted,
    );
    if (outcome) await this.#answer(task, begun, outcome);
  }

  /** Answers an operation that has not been begun as cancelled, so that it never is. */
  async neverBegin(task: Task, command: ForeignCommand | Cancellation): Promise<void> {
    await this.#answer(task, reported(command), cancelled);
  }

  /** The same for a close that is cancelled before its command came: after the comparison that a beginning takes. */
  async giveUp(task: Task, cancellation: Cancellation, address: string | undefined): Promise<void> {
    const { answers, closes, stopping, over } = this.#options;
    if (stopping.aborted) return;
    task.stage = "answering";
    const order = { previous: cancellation.previous_close, address, begun: () => undefined };
    try {
      const close = await closes.begin(cancellation, order);
      if (typeof close === "string" || stopping.aborted) over(task);
      else await this.#answer(task, reported(cancellation), close);
    } catch (cause) {
      await this.#answer(task, reported(cancellation), answers.journalFailure(task.id, cause));
    }
  }

  /** Nothing more is written. */
  kill(): void {
    this.#killed = true;
    this.#options.answers.kill();
  }

  /** Whether the operation may be begun, after all waiting; it counts as `beginning` then. If not, that has been dealt with. */
  async #mayBegin(task: CommandTask): Promise<boolean> {
    if (!this.#stillWaits(task) || !this.#isCompared(task)) return false;
    // Its answer stands in the log, whatever there is to wait for.
    if (this.#isAskedAgain(task)) return this.#begins(task);
    await this.#readiness.until(task);
    if (!this.#stillWaits(task) || !this.#isCompared(task)) return false;
    const refusal = this.#readiness.refusal(task);
    // A close is given up only by the comparison that a beginning takes.
    if (refusal && !(refusal.reason === "cancelled" && isClose(task.command))) {
      await this.#answer(task, reported(task.command), refusal);
      return false;
    }
    return this.#begins(task);
  }

  #isAskedAgain({ command }: CommandTask): boolean {
    return isClose(command) && this.#options.closes.knows(command.origin.request);
  }

  #isCompared({ command }: CommandTask): boolean {
    return mayBeDealtWith(command, this.#options.comparison);
  }

  #begins(task: CommandTask): true {
    // In the same breath as the look at it: a cancellation that comes now must not be answered as one of what waits.
    task.stage = "beginning";
    return true;
  }

  /** Neither cancelled meanwhile, which is answered elsewhere, nor stopped. */
  #stillWaits({ stage }: Task): boolean {
    return stage === "waiting" && !this.#options.stopping.aborted;
  }

  /** Remembers that the operation is begun; `undefined` when it must not be any more, and that has been dealt with. */
  async #writeBegun(task: CommandTask): Promise<Begun | undefined> {
    const { journal, answers, closes, clock, stopping, over } = this.#options;
    if (stopping.aborted) return undefined;
    const { command } = task;
    const notBegun = reported(command);
    const { operation_id, operation, parameters, created_at, expires_at, origin } = command;
    const started_at = timestamp(clock.now());
    const begun: Begun = { operation_id, operation, parameters, created_at, expires_at, started_at, origin };
    try {
      if (!isClose(command)) {
        await journal.write(() => ({ begun }));
        return begun;
      }
      const close = await closes.begin(command, {
        previous: command.previous_close,
        address: task.address,
        begun: () => (task.ending.signal.aborted && !stopping.aborted ? undefined : begun),
      });
      if (close === "begun") return begun;
      if (close === "answered" || stopping.aborted) over(task);
      else await this.#answer(task, notBegun, close);
    } catch (cause) {
      await this.#answer(task, notBegun, answers.journalFailure(task.id, cause));
    }
    return undefined;
  }

  /** It is not begun after all, and after a crash the journal must not say that it is. */
  async #takeBack(task: CommandTask): Promise<void> {
    const { journal, log } = this.#options;
    if (this.#killed) return;
    try {
      await journal.write(() => ({ takenBack: task.id }));
    } catch (cause) {
      // Costs a FAILED, `interrupted`, if the agent crashes before its next write.
      log.warn({ operation_id: task.id, err: cause }, "cannot take back that an operation was begun");
    }
    task.stage = "waiting";
  }

  async #run(
    task: CommandTask,
    begun: Begun,
    operation: Operation,
    handler: NonNullable<OperationHandlers<State>[Operation["operation"]]>,
  ): Promise<void> {
    const { cancellable = false } = handler;
    task.stage = "running";
    task.cancellable = () => (typeof cancellable === "function" ? cancellable(operation) : cancellable);
    // An answer that comes at once tells by itself that it was begun: one message instead of two.
    const soon = setImmediate(() => task.sayStarted?.());
    task.sayStarted = () => {
      clearImmediate(soon);
      delete task.sayStarted;
      this.#options.started(begun);
    };
    const outcome = await this.#outcomeOf(
      task,
      () => handler.run(operation, this.#context(task, task.seen)),
      (cause) => orUnknownEnd(operation.operation, thrown(cause)),
    );
    clearImmediate(soon);
    if (outcome) await this.#answer(task, begun, outcome);
  }

  async #outcomeOf(
    task: Task,
    run: () => Promise<Outcome<State>>,
    failed: (cause: unknown) => Failed,
  ): Promise<Outcome<State> | undefined> {
    const { signal } = task.ending;
    try {
      return await run();
    } catch (cause) {
      if (signal.aborted && cause === signal.reason) return cancelled;
      // Broken off by a stop: stays begun and unanswered, and is settled after the next start.
      if (this.#options.stopping.aborted) return undefined;
      this.#options.log.error({ operation_id: task.id, err: cause }, "a handler failed");
      return failed(cause);
    }
  }

  async #answer(task: Task, about: Reported, outcome: Outcome<State>): Promise<void> {
    task.stage = "answering";
    try {
      await this.#options.answers.give(about, outcome);
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
}

/** Whether nothing may be said of the operation that was not compared. */
export function isClose({ operation }: { operation: string }): boolean {
  return operation === "end_of_day";
}

/** No close before the comparison, and nothing after one that went wrong. */
export function mayBeDealtWith(about: { operation: string }, comparison: Comparison): boolean {
  return isClose(about) ? comparison.isDone() : !comparison.isOldCopy();
}

/** What a result says of an operation that was not begun. */
function reported({ operation_id, operation, origin }: ForeignCommand | Cancellation): Reported {
  return { operation_id, operation, origin };
}

import { type Clock, timestamp } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Journal } from "../memory/journal.ts";
import type { Begun } from "../memory/result-log.ts";
import type { Answers } from "../talk/answers.ts";
import type { ServerTime } from "../talk/server-time.ts";
import type { AnyCommand, Cancellation } from "../talk/wire.ts";
import type { Closes } from "./closes.ts";
import type { Comparison } from "./memory-comparison.ts";
import { asOperation, type Failed, type HandlerContext, type Operation, type OperationHandlers } from "./operation.ts";
import { deviceError, type Outcome, type Reported, thrown, withUnknownEnd } from "./outcome.ts";
import { Readiness, type ReadinessOptions } from "./readiness.ts";
import type { CommandTask, Task } from "./task.ts";

export interface ExecutionOptions<State> extends ReadinessOptions {
  handlers: OperationHandlers<State>;
  journal: Journal<State>;
  answers: Answers<State>;
  closes: Closes<State>;
  /** A close is dealt with only after this comparison: an old copy of a journal may lack that it was begun. */
  comparison: Comparison;
  clock: Clock;
  log: Logger;
  serverTime: ServerTime;
  /** Called when an operation was begun and its result does not follow at once. */
  started: (begun: Begun) => void;
  /** Called when the task has been answered: from now on the journal knows about its operation. */
  over: (task: Task) => void;
  /** Aborted when the agent stops. */
  stopping: AbortSignal;
}

const cancelled: Failed = { status: "FAILED", reason: "cancelled" };
const unsupported: Failed = { status: "FAILED", reason: "unsupported" };

/** Takes one operation from its command, or from its journal entry, to its result. The caller runs one at a time. */
export class Execution<State> {
  readonly #options: ExecutionOptions<State>;
  readonly #readiness: Readiness;
  #killed = false;

  constructor(options: ExecutionOptions<State>) {
    this.#options = options;
    this.#readiness = new Readiness(options);
  }

  /**
   * Waits until the operation may begin, begins and answers it; or answers it without having begun it. Resolves with
   * `later` when the operation has to wait for the comparison: the caller then queues it again.
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
    if (!handler) return this.#answer(task, identityOf(task.command), unsupported);
    while (await this.#mayBegin(task)) {
      const begun = await this.#writeBegun(task);
      if (!begun) return;
      // During the write the time may have run out, or a stop, a payment or a cancellation may have come. No `await`
      // may stand between this check and the call of the handler.
      if (this.#options.stopping.aborted || !this.#isCompared(task)) return this.#removeBegun(task);
      const refusal = this.#readiness.refusal(task);
      if (!refusal) return this.#run(task, begun, operation, handler);
      const waits = refusal.reason === "busy_payment" && this.#readiness.mayWait(task);
      if (!waits) return this.#answer(task, identityOf(task.command), refusal);
      await this.#removeBegun(task);
    }
  }

  /**
   * Answers an operation that a crash interrupted: with the outcome that its handler still knows, else `interrupted`.
   */
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

  /** Answers an operation that has not begun as cancelled, so that it never begins. */
  async answerCancelled(task: Task, command: AnyCommand | Cancellation): Promise<void> {
    await this.#answer(task, identityOf(command), cancelled);
  }

  /**
   * Answers a close that was cancelled before its command came, after the comparison with the log that a begin makes,
   * too.
   */
  async cancelClose(task: Task, cancellation: Cancellation, address: string | undefined): Promise<void> {
    const { answers, closes, stopping, over } = this.#options;
    if (stopping.aborted) return;
    task.stage = "answering";
    const order = { previous: cancellation.previous_close, address, begun: () => undefined };
    try {
      const close = await closes.begin(cancellation, order);
      if (typeof close === "string" || stopping.aborted) over(task);
      else await this.#answer(task, identityOf(cancellation), close);
    } catch (cause) {
      await this.#answer(task, identityOf(cancellation), answers.journalFailure(task.id, cause));
    }
  }

  /** From now on nothing is written. */
  kill(): void {
    this.#killed = true;
    this.#options.answers.kill();
  }

  /**
   * Waits, and returns whether the operation may begin; its stage is `beginning` then. If not, it has been answered
   * already.
   */
  async #mayBegin(task: CommandTask): Promise<boolean> {
    if (!this.#stillWaits(task) || !this.#isCompared(task)) return false;
    // The log has the request's result, so there is nothing to wait for.
    if (this.#hasResultOfRequest(task)) return this.#setBeginning(task);
    await this.#readiness.until(task);
    if (!this.#stillWaits(task) || !this.#isCompared(task)) return false;
    const refusal = this.#readiness.refusal(task);
    // A cancelled close is answered by `#writeBegun`, after its comparison with the log.
    if (refusal && !(refusal.reason === "cancelled" && isEndOfDay(task.command))) {
      await this.#answer(task, identityOf(task.command), refusal);
      return false;
    }
    return this.#setBeginning(task);
  }

  #hasResultOfRequest({ command }: CommandTask): boolean {
    return isEndOfDay(command) && this.#options.closes.knows(command.origin.request);
  }

  #isCompared({ command }: CommandTask): boolean {
    return mayProcess(command, this.#options.comparison);
  }

  #setBeginning(task: CommandTask): true {
    // Set without an `await` after the check: a cancellation that comes now must not find the stage `waiting`.
    task.stage = "beginning";
    return true;
  }

  /** Whether the task still waits: not cancelled meanwhile, which `answerCancelled` answers, and the agent not stopped. */
  #stillWaits({ stage }: Task): boolean {
    return stage === "waiting" && !this.#options.stopping.aborted;
  }

  /**
   * Writes to the journal that the operation is begun; `undefined` when it must not begin and has been answered
   * already.
   */
  async #writeBegun(task: CommandTask): Promise<Begun | undefined> {
    const { journal, answers, closes, clock, stopping, over } = this.#options;
    if (stopping.aborted) return undefined;
    const { command } = task;
    const notBegun = identityOf(command);
    const { operation_id, operation, parameters, created_at, expires_at, origin } = command;
    const started_at = timestamp(clock.now());
    const begun: Begun = { operation_id, operation, parameters, created_at, expires_at, started_at, origin };
    try {
      if (!isEndOfDay(command)) {
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

  /**
   * Removes the begun entry: the operation does not begin now, and after a crash the journal must not say that it did.
   */
  async #removeBegun(task: CommandTask): Promise<void> {
    const { journal, log } = this.#options;
    if (this.#killed) return;
    try {
      await journal.write(() => ({ takenBack: task.id }));
    } catch (cause) {
      // If the agent crashes before its next write, the operation is answered FAILED with the code `interrupted`.
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
    // A result that comes at once also says that the operation was begun: one message instead of two.
    const soon = setImmediate(() => task.sendStarted?.());
    task.sendStarted = () => {
      clearImmediate(soon);
      delete task.sendStarted;
      this.#options.started(begun);
    };
    const outcome = await this.#outcomeOf(
      task,
      () => handler.run(operation, this.#context(task, task.seen)),
      (cause) => withUnknownEnd(operation.operation, thrown(cause)),
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
      // The agent stops: the operation stays begun and unanswered, and is answered after the next start.
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

/** Whether an operation is a close, which must not be dealt with before the comparison. */
export function isEndOfDay({ operation }: { operation: string }): boolean {
  return operation === "end_of_day";
}

/**
 * Whether an operation may be dealt with: a close only after the comparison, and none once the journal is an old copy.
 */
export function mayProcess(about: { operation: string }, comparison: Comparison): boolean {
  return isEndOfDay(about) ? comparison.isDone() : !comparison.isOldCopy();
}

/** The part of a result that identifies an operation that was not begun. */
function identityOf({ operation_id, operation, origin }: AnyCommand | Cancellation): Reported {
  return { operation_id, operation, origin };
}

import { limits } from "@tillkeeper/contract/limits";
import type {
  CancelRefusedMessage,
  CommandMessage,
  DeliveredMessage,
  HelloMessage,
  StartedMessage,
} from "@tillkeeper/contract/mqtt/messages";
import { timestamp } from "../clock.ts";
import type { Begun } from "../memory/result-log.ts";
import type { AnyCommand, Cancellation } from "../talk/wire.ts";
import { Execution, type ExecutionOptions, isEndOfDay, mayProcess } from "./execution.ts";
import type { Operation } from "./operation.ts";
import { reactions, type Stage } from "./stages.ts";
import { type CommandTask, newCommandTask, newTask, type Task } from "./task.ts";

type SetByRunner = "delayed" | "started" | "over" | "stopping";

export interface OperationRunnerOptions<State> extends Omit<ExecutionOptions<State>, SetByRunner> {
  sendDelivered: (message: DeliveredMessage) => void;
  sendStarted: (message: StartedMessage) => void;
  sendCancelRefused: (message: CancelRefusedMessage) => void;
}

/**
 * Carries operations out: one at a time, each once. It begins none after its deadline, none during a payment, and none
 * that was cancelled before it began.
 */
export class OperationRunner<State> {
  readonly #options: OperationRunnerOptions<State>;
  readonly #performer: Execution<State>;
  readonly #abort = new AbortController();
  readonly #tasks = new Map<string, Task>();
  #turn: Promise<void> = Promise.resolve();
  #queued = 0;
  #killed = false;

  constructor(options: OperationRunnerOptions<State>) {
    this.#options = options;
    this.#performer = new Execution({
      ...options,
      stopping: this.#abort.signal,
      delayed: (task) => {
        if (!task.deliveredSent) this.#sendDelivered(task);
      },
      started: (begun) => this.#sendStarted(begun),
      over: (task) => this.#tasks.delete(task.id),
    });
  }

  /** To be called once after a start: answers the operations that a crash interrupted. */
  restore(): void {
    for (const begun of this.#options.journal.log.begun) {
      const task = newTask(begun.operation_id, "recovering");
      this.#enqueue(task, () => this.#performer.recover(task, begun));
    }
  }

  /** Takes a command; copies of the same command are recognised by its operation id. */
  take(command: CommandMessage): void {
    this.#take(command, command);
  }

  /** Takes a command that this version of the agent cannot carry out: it is answered `unsupported`. */
  refuse(command: AnyCommand): void {
    this.#take(command, undefined);
  }

  /** Takes a cancellation. It may come before the command, and more than once. */
  cancel(cancellation: Cancellation): void {
    const id = cancellation.operation_id;
    const task = this.#tasks.get(id);
    const reaction = reactions[this.#stageOf(id)].cancel;
    this.#options.log.info({ operation_id: id, reaction }, "asked to cancel");
    switch (reaction) {
      case "answer_cancelled":
        return this.#answerCancelled(task, cancellation);
      case "abort_task":
        return abortTask(task);
      case "ask_handler":
        if (this.#isCancellable(task)) return abortTask(task);
        task?.sendStarted?.();
        return this.#options.sendCancelRefused({ operation_id: id });
      case "refuse":
        return this.#options.sendCancelRefused({ operation_id: id });
      case "repeat_result":
        return this.#options.answers.repeat(id);
      case "nothing":
        return;
    }
  }

  /**
   * Returns the waiting and begun operations for a hello, the latest first; the oldest are left out when there are too
   * many.
   */
  operations(): HelloMessage["operations"] {
    const { answers, journal } = this.#options;
    const begun = journal.log.begun.filter(({ operation_id: id }) => this.#tasks.get(id)?.stage !== "beginning");
    const remembered = begun.flatMap(({ operation_id, started_at: since }) => {
      return answers.find(operation_id) ? [] : [{ operation_id, phase: "started" as const, since }];
    });
    const waiting = [...this.#tasks.values()].flatMap((task) => {
      const { receivedAt: since } = task;
      const isBegun = begun.some(({ operation_id: id }) => id === task.id);
      if (since === undefined || answers.find(task.id) || isBegun) return [];
      return [{ operation_id: task.id, phase: "delivered" as const, since }];
    });
    return [...remembered, ...waiting]
      .toReversed()
      .sort((a, b) => Date.parse(b.since) - Date.parse(a.since))
      .slice(0, limits.mqttHelloOperations)
      .map(({ operation_id, phase }) => ({ operation_id, phase }));
  }

  /** Whether no operation waits, runs or is being answered. */
  get idle(): boolean {
    return this.#queued === 0 && this.#tasks.size === 0;
  }

  /**
   * Begins nothing more, aborts the running handler's signal, and waits for it. Waiting operations stay with the
   * server.
   */
  async stop(): Promise<void> {
    this.#end(new Error("The agent stops"));
    this.#options.closes.end();
    if (this.#killed) return;
    await this.#turn;
    await this.#options.journal.idle();
  }

  /** Ends as a crash does: everything that is not on disk is lost. */
  async kill(): Promise<void> {
    this.#killed = true;
    this.#performer.kill();
    this.#options.closes.end();
    this.#end(new Error("The agent was killed"));
    await this.#options.journal.idle();
  }

  #end(reason: Error): void {
    this.#abort.abort(reason);
    for (const { stage, ending } of this.#tasks.values()) {
      if (stage === "waiting") ending.abort(reason);
    }
  }

  #stageOf(id: string): Stage {
    const task = this.#tasks.get(id);
    if (task) return task.stage;
    const { answers, journal } = this.#options;
    if (answers.find(id)) return "answered";
    return journal.log.findBegun(id) ? "recovering" : "unknown";
  }

  #take(command: AnyCommand, operation: Operation | undefined): void {
    const { clock, journal } = this.#options;
    const id = command.operation_id;
    switch (reactions[this.#stageOf(id)].command) {
      case "enqueue":
        return this.#begin(newCommandTask(command, operation, { clock, address: journal.address }));
      case "send_delivered":
        return this.#sendDelivered(this.#tasks.get(id));
      case "send_started":
        return this.#sendStarted(this.#options.journal.log.findBegun(id));
      case "repeat_result":
        return this.#options.answers.repeat(id);
      case "nothing":
        return;
    }
  }

  #begin(task: CommandTask): void {
    if (this.#abort.signal.aborted) return;
    if (this.#queued > 0) this.#sendDelivered(task);
    this.#enqueueWhenCompared(task, async () => {
      const when = await this.#performer.perform(task);
      if (when === "later") this.#begin(task);
    });
  }

  /**
   * Queues a task. A close first waits for the comparison outside the queue, so that other operations do not wait for
   * it.
   */
  #enqueueWhenCompared(task: Task, work: () => Promise<void>): void {
    const { comparison } = this.#options;
    const isCommand = isCommandTask(task);
    // A task without a command is a close that was cancelled before its command came.
    const mayEnqueue = isCommand ? mayProcess(task.command, comparison) : comparison.isDone();
    if (mayEnqueue) return this.#enqueue(task, work);
    this.#tasks.set(task.id, task);
    if (isCommand && !task.deliveredSent) this.#sendDelivered(task);
    const goOn = async () => {
      await comparison.done(this.#abort.signal);
      if (!this.#abort.signal.aborted) this.#enqueueWhenCompared(task, work);
    };
    goOn().catch(this.#logError);
  }

  /** Cancels a close in its turn, after the comparison: docs/adr/0026-closes-and-memory.md. */
  #cancelClose(known: Task | undefined, cancellation: Cancellation): void {
    if (known) return abortTask(known);
    const task = newTask(cancellation.operation_id, "cancelling_close");
    const { address } = this.#options.journal;
    this.#enqueueWhenCompared(task, () => this.#performer.cancelClose(task, cancellation, address));
  }

  #answerCancelled(known: Task | undefined, cancellation: Cancellation): void {
    if (this.#abort.signal.aborted) return;
    if (isEndOfDay(cancellation)) return this.#cancelClose(known, cancellation);
    const task = known ?? newTask(cancellation.operation_id, "answering");
    this.#tasks.set(task.id, task);
    this.#performer.answerCancelled(task, isCommandTask(task) ? task.command : cancellation).catch(this.#logError);
    // Ends the task's waiting: its result is being written.
    task.ending.abort();
  }

  #isCancellable(task: Task | undefined): boolean {
    try {
      return task?.cancellable?.() ?? false;
    } catch (cause) {
      this.#options.log.error(
        { operation_id: task?.id, err: cause },
        "a handler cannot tell whether it can be cancelled",
      );
      return false;
    }
  }

  #sendDelivered(task: Task | undefined): void {
    if (!task) return;
    if (isCommandTask(task)) task.deliveredSent = true;
    task.receivedAt ??= timestamp(this.#options.clock.now());
    this.#options.sendDelivered({ operation_id: task.id, received_at: task.receivedAt });
  }

  #sendStarted(begun: Begun | undefined): void {
    if (begun) this.#options.sendStarted({ operation_id: begun.operation_id, started_at: begun.started_at });
  }

  /** Runs the tasks one after another, in this order. */
  #enqueue(task: Task, work: () => Promise<void>): void {
    this.#tasks.set(task.id, task);
    this.#queued += 1;
    this.#turn = this.#turn
      .then(work)
      .catch((cause: unknown) => {
        this.#tasks.delete(task.id);
        this.#logError(cause);
      })
      .finally(() => {
        this.#queued -= 1;
      });
  }

  readonly #logError = (cause: unknown): void => {
    this.#options.log.error({ err: cause }, "an operation could not be dealt with");
  };
}

function isCommandTask(task: Task): task is CommandTask {
  return "command" in task;
}

/** Aborts the task's `ending` signal, which the queue and the handler watch. */
function abortTask(task: Task | undefined): void {
  task?.ending.abort(new Error("The operation was cancelled"));
}

import { limits } from "@tillkeeper/contract/limits";
import type {
  CancelRefusedMessage,
  CommandMessage,
  DeliveredMessage,
  HelloMessage,
  StartedMessage,
} from "@tillkeeper/contract/mqtt";
import { timestamp } from "../clock.ts";
import type { Begun } from "../memory/result-log.ts";
import type { Cancellation, ForeignCommand } from "../talk/wire.ts";
import { isClose, mayBeDealtWith, Performer, type PerformerOptions } from "./execution.ts";
import type { Operation } from "./operation.ts";
import { reactions, type Stage } from "./stages.ts";
import { type CommandTask, newCommandTask, newTask, type Task } from "./task.ts";

type Inner = "delayed" | "started" | "over" | "stopping";

export interface OperationRunnerOptions<State> extends Omit<PerformerOptions<State>, Inner> {
  sendDelivered: (message: DeliveredMessage) => void;
  sendStarted: (message: StartedMessage) => void;
  sendCancelRefused: (message: CancelRefusedMessage) => void;
}

/** Has operations carried out: one at a time, none twice, none late, none during a payment, none that was cancelled first. */
export class OperationRunner<State> {
  readonly #options: OperationRunnerOptions<State>;
  readonly #performer: Performer<State>;
  readonly #abort = new AbortController();
  readonly #tasks = new Map<string, Task>();
  #turn: Promise<void> = Promise.resolve();
  #inLine = 0;
  #killed = false;

  constructor(options: OperationRunnerOptions<State>) {
    this.#options = options;
    this.#performer = new Performer({
      ...options,
      stopping: this.#abort.signal,
      delayed: (task) => {
        if (!task.saidDelivered) this.#sayDelivered(task);
      },
      started: (begun) => this.#sayStarted(begun),
      over: (task) => this.#tasks.delete(task.id),
    });
  }

  /** After a start: settles what a crash interrupted. */
  restore(): void {
    for (const begun of this.#options.journal.log.begun) {
      const task = newTask(begun.operation_id, "recovering");
      this.#lineUp(task, () => this.#performer.recover(task, begun));
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

  /** An operation is cancelled: perhaps before its command came, perhaps not for the first time. */
  cancel(cancellation: Cancellation): void {
    const id = cancellation.operation_id;
    const task = this.#tasks.get(id);
    const reaction = reactions[this.#stageOf(id)].cancel;
    this.#options.log.info({ operation_id: id, reaction }, "asked to cancel");
    switch (reaction) {
      case "never_begin":
        return this.#neverBegin(task, cancellation);
      case "note_cancel":
        return breakOff(task);
      case "ask_handler":
        if (this.#isCancellable(task)) return breakOff(task);
        task?.sayStarted?.();
        return this.#options.sendCancelRefused({ operation_id: id });
      case "refuse":
        return this.#options.sendCancelRefused({ operation_id: id });
      case "repeat_result":
        return this.#options.answers.repeat(id);
      case "nothing":
        return;
    }
  }

  /** What a hello tells: waiting or begun; the latest first, where there are too many. */
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

  get idle(): boolean {
    return this.#inLine === 0 && this.#tasks.size === 0;
  }

  /** Begins nothing more, asks the running handler to break off, and waits for it. What waits is left to the server. */
  async stop(): Promise<void> {
    this.#end(new Error("The agent stops"));
    this.#options.closes.end();
    if (this.#killed) return;
    await this.#turn;
    await this.#options.journal.idle();
  }

  /** Forgets everything that is not on disk, as a crash would. */
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

  #take(command: ForeignCommand, operation: Operation | undefined): void {
    const { clock, journal } = this.#options;
    const id = command.operation_id;
    switch (reactions[this.#stageOf(id)].command) {
      case "line_up":
        return this.#begin(newCommandTask(command, operation, { clock, address: journal.address }));
      case "say_delivered":
        return this.#sayDelivered(this.#tasks.get(id));
      case "say_started":
        return this.#sayStarted(this.#options.journal.log.findBegun(id));
      case "repeat_result":
        return this.#options.answers.repeat(id);
      case "nothing":
        return;
    }
  }

  #begin(task: CommandTask): void {
    if (this.#abort.signal.aborted) return;
    if (this.#inLine > 0) this.#sayDelivered(task);
    this.#lineUpWhenCompared(task, async () => {
      const when = await this.#performer.perform(task);
      if (when === "later") this.#begin(task);
    });
  }

  /** Nobody else waits for a close that has to wait for the comparison. */
  #lineUpWhenCompared(task: Task, work: () => Promise<void>): void {
    const { comparison } = this.#options;
    const isCommand = isCommandTask(task);
    // What has no command here is a close that is given up.
    const mayLineUp = isCommand ? mayBeDealtWith(task.command, comparison) : comparison.isDone();
    if (mayLineUp) return this.#lineUp(task, work);
    this.#tasks.set(task.id, task);
    if (isCommand && !task.saidDelivered) this.#sayDelivered(task);
    const goOn = async () => {
      await comparison.done(this.#abort.signal);
      if (!this.#abort.signal.aborted) this.#lineUpWhenCompared(task, work);
    };
    goOn().catch(this.#report);
  }

  /** It is given up in its turn, after the comparison: docs/adr/0026-closes-and-memory.md. */
  #giveUp(known: Task | undefined, cancellation: Cancellation): void {
    if (known) return breakOff(known);
    const task = newTask(cancellation.operation_id, "giving_up");
    const { address } = this.#options.journal;
    this.#lineUpWhenCompared(task, () => this.#performer.giveUp(task, cancellation, address));
  }

  #neverBegin(known: Task | undefined, cancellation: Cancellation): void {
    if (this.#abort.signal.aborted) return;
    if (isClose(cancellation)) return this.#giveUp(known, cancellation);
    const task = known ?? newTask(cancellation.operation_id, "answering");
    this.#tasks.set(task.id, task);
    this.#performer.neverBegin(task, isCommandTask(task) ? task.command : cancellation).catch(this.#report);
    // Whatever it was waiting for: it is answered.
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

  #sayDelivered(task: Task | undefined): void {
    if (!task) return;
    if (isCommandTask(task)) task.saidDelivered = true;
    task.receivedAt ??= timestamp(this.#options.clock.now());
    this.#options.sendDelivered({ operation_id: task.id, received_at: task.receivedAt });
  }

  #sayStarted(begun: Begun | undefined): void {
    if (begun) this.#options.sendStarted({ operation_id: begun.operation_id, started_at: begun.started_at });
  }

  /** One after another. */
  #lineUp(task: Task, work: () => Promise<void>): void {
    this.#tasks.set(task.id, task);
    this.#inLine += 1;
    this.#turn = this.#turn
      .then(work)
      .catch((cause: unknown) => {
        this.#tasks.delete(task.id);
        this.#report(cause);
      })
      .finally(() => {
        this.#inLine -= 1;
      });
  }

  readonly #report = (cause: unknown): void => {
    this.#options.log.error({ err: cause }, "an operation could not be dealt with");
  };
}

function isCommandTask(task: Task): task is CommandTask {
  return "command" in task;
}

/** Tells whoever deals with the operation that it is cancelled. */
function breakOff(task: Task | undefined): void {
  task?.ending.abort(new Error("The operation was cancelled"));
}

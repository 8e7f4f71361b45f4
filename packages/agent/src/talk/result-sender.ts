import type { Memory, ReceiptMessage } from "@tillkeeper/contract/mqtt/messages";
import { backoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { Journal } from "../memory/journal.ts";
import type { ReportedResult } from "../operations/outcome.ts";

export interface ResultSenderOptions {
  clock: Clock;
  journal: Pick<Journal<unknown>, "log" | "hold">;
  send: (result: ReportedResult) => void;
  /** Milliseconds between repetitions: the first pause, and the limit to which pauses double. */
  repeat: { firstMs: number; longestMs: number };
}

/** The number of results that may be under way at a time. */
const window = 8;

/**
 * Sends the results of the log in order, from the first that the server lacks. Each is sent at once, and repeated until
 * the server says that it holds it, or the connection is lost.
 */
export class ResultSender {
  readonly #options: ResultSenderOptions;
  /** How much of the log the server holds; undefined until the welcome of a connection. */
  #memory: Memory | undefined;
  /** Numbers of the results that were sent and not acknowledged by the server. */
  readonly #underWay = new Set<number>();
  /** Results that could not be written to the journal, and so have no number, by operation id. */
  readonly #unnumbered = new Map<string, ReportedResult>();
  #repetitions = 0;
  #cancel: (() => void) | undefined;

  constructor(options: ResultSenderOptions) {
    this.#options = options;
  }

  /** How much of the log the server holds, by its messages on this connection; undefined before the welcome. */
  get memory(): Memory | undefined {
    return this.#memory;
  }

  /** Takes the memory of a welcome: sends everything beyond it at once, and repeats from the shortest pause on. */
  begin(memory: Memory): void {
    this.pause();
    this.#setMemory(memory);
    this.#sendAll();
  }

  /** To be called when the connection is lost: no timer runs until the next welcome. */
  pause(): void {
    this.#memory = undefined;
    this.#underWay.clear();
    this.#stopRepeating();
  }

  /** Takes the server's memory from another message; it may be lower than before, after a restore. */
  memoryReported(memory: Memory): void {
    const before = this.#memory;
    if (!before) return;
    this.#setMemory(memory);
    if (memory.number !== before.number) this.#stopRepeating();
    this.#sendNext();
  }

  /**
   * Takes a receipt. Without a status it is for a result that came too early, which is sent again after the results
   * before it.
   */
  receipt({ operation_id: id, status, memory }: ReceiptMessage): void {
    const number = this.#options.journal.log.find(id)?.number;
    if (status !== undefined) this.#unnumbered.delete(id);
    else if (number !== undefined && number > memory.number + 1) this.#underWay.delete(number);
    const isNews = memory.number !== this.#memory?.number;
    if (isNews || status !== undefined) this.memoryReported(memory);
  }

  /** To be called after results were added to the log. */
  added(): void {
    if (this.#memory) this.#sendNext();
  }

  /** Sends one more copy of a result that was sent before, for example because its command came again. */
  repeat(result: ReportedResult): void {
    if (!this.#memory) return;
    const { number = 0 } = result;
    if (number <= this.#memory.number || this.#underWay.has(number)) this.#options.send(result);
  }

  /** Sends a result that is not in the log, and repeats it until its receipt, or until `numbered`. */
  unnumbered(result: ReportedResult): void {
    this.#unnumbered.set(result.operation_id, result);
    if (!this.#memory) return;
    this.#options.send(result);
    this.#planRepetition();
  }

  /** To be called when a result of `unnumbered` was written to the log. */
  numbered(operationId: string): void {
    this.#unnumbered.delete(operationId);
    this.added();
  }

  #setMemory(memory: Memory): void {
    this.#memory = memory;
    this.#options.journal.hold(memory.number);
    for (const number of this.#underWay) if (number <= memory.number) this.#underWay.delete(number);
  }

  #sendAll(): void {
    for (const result of this.#unnumbered.values()) this.#options.send(result);
    this.#underWay.clear();
    this.#sendNext();
  }

  /** Sends the next results, as many as the window allows. */
  #sendNext(): void {
    const { journal, send } = this.#options;
    for (const entry of journal.log.after(this.#memory?.number ?? 0, window)) {
      if (this.#underWay.has(entry.number)) continue;
      this.#underWay.add(entry.number);
      send(entry);
    }
    if (this.#underWay.size + this.#unnumbered.size === 0) this.#stopRepeating();
    else this.#planRepetition();
  }

  /** Plans the next repetition of all results without an acknowledgement. */
  #planRepetition(): void {
    if (this.#cancel) return;
    const { clock, repeat } = this.#options;
    this.#cancel = clock.after(backoff(this.#repetitions, repeat.firstMs, repeat.longestMs), () => {
      this.#cancel = undefined;
      this.#repetitions += 1;
      this.#sendAll();
    });
  }

  #stopRepeating(): void {
    this.#repetitions = 0;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

import type { Memory, ReceiptMessage } from "@tillkeeper/contract/mqtt";
import { backoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { Journal } from "../memory/journal.ts";
import type { ReportedResult } from "../operations/outcome.ts";

export interface TellingOptions {
  clock: Clock;
  journal: Pick<Journal<unknown>, "log" | "hold">;
  send: (result: ReportedResult) => void;
  /** Milliseconds between repetitions: the first, and what they grow to. */
  repeat: { firstMs: number; longestMs: number };
}

/** So many results are under way at a time. */
const window = 8;

/**
 * Tells the server the log, in order, from where the server says that it is: that is sent at once, and repeated for as long as
 * there is a link.
 */
export class Telling {
  readonly #options: TellingOptions;
  /** How far the server is; unknown until the welcome on each link. */
  #memory: Memory | undefined;
  /** Numbers that were sent, and the server has not said anything about. */
  readonly #underWay = new Set<number>();
  /** By id: answers that the journal could not take. */
  readonly #unnumbered = new Map<string, ReportedResult>();
  #repetitions = 0;
  #cancel: (() => void) | undefined;

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  /** What the server holds, as far as it has said so on this link. */
  get memory(): Memory | undefined {
    return this.#memory;
  }

  /** A welcome has come: everything beyond that at once, and from the short interval again. */
  begin(memory: Memory): void {
    this.pause();
    this.#hold(memory);
    this.#tellAll();
  }

  /** The link is gone: no timer runs until it is back. */
  pause(): void {
    this.#memory = undefined;
    this.#underWay.clear();
    this.#rest();
  }

  /** The server says how far it is, perhaps less far than before. */
  word(memory: Memory): void {
    const before = this.#memory;
    if (!before) return;
    this.#hold(memory);
    if (memory.number !== before.number) this.#rest();
    this.#goOn();
  }

  /** A receipt; one without a status is for a result that came too early, and is told again after those before it. */
  receipt({ operation_id: id, status, memory }: ReceiptMessage): void {
    const number = this.#options.journal.log.find(id)?.number;
    if (status !== undefined) this.#unnumbered.delete(id);
    else if (number !== undefined && number > memory.number + 1) this.#underWay.delete(number);
    const isNews = memory.number !== this.#memory?.number;
    if (isNews || status !== undefined) this.word(memory);
  }

  /** The log has grown. */
  added(): void {
    if (this.#memory) this.#goOn();
  }

  /** One more copy of a result that was told before, because somebody asked. */
  repeat(result: ReportedResult): void {
    if (!this.#memory) return;
    const { number = 0 } = result;
    if (number <= this.#memory.number || this.#underWay.has(number)) this.#options.send(result);
  }

  /** Tells an answer that the log does not have, until its receipt or until it has a number. */
  unnumbered(result: ReportedResult): void {
    this.#unnumbered.set(result.operation_id, result);
    if (!this.#memory) return;
    this.#options.send(result);
    this.#wait();
  }

  /** The log has it now. */
  numbered(operationId: string): void {
    this.#unnumbered.delete(operationId);
    this.added();
  }

  #hold(memory: Memory): void {
    this.#memory = memory;
    this.#options.journal.hold(memory.number);
    for (const number of this.#underWay) if (number <= memory.number) this.#underWay.delete(number);
  }

  #tellAll(): void {
    for (const result of this.#unnumbered.values()) this.#options.send(result);
    this.#underWay.clear();
    this.#goOn();
  }

  /** Sends what may be under way and is not. */
  #goOn(): void {
    const { journal, send } = this.#options;
    for (const entry of journal.log.after(this.#memory?.number ?? 0, window)) {
      if (this.#underWay.has(entry.number)) continue;
      this.#underWay.add(entry.number);
      send(entry);
    }
    if (this.#underWay.size + this.#unnumbered.size === 0) this.#rest();
    else this.#wait();
  }

  /** Whatever has no answer by then is said again. */
  #wait(): void {
    if (this.#cancel) return;
    const { clock, repeat } = this.#options;
    this.#cancel = clock.after(backoff(this.#repetitions, repeat.firstMs, repeat.longestMs), () => {
      this.#cancel = undefined;
      this.#repetitions += 1;
      this.#tellAll();
    });
  }

  #rest(): void {
    this.#repetitions = 0;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

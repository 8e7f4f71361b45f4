import { Pace } from "../../platform/load/batch-pace.ts";
import type { Logger } from "../../platform/log/log.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";

import type { PresenceEvent } from "../status/state.ts";
import type { TerminalEvents } from "./write.ts";

interface EventBatchOptions {
  log: Logger;
  /**
   * Writes a batch. Answers the ids of terminals that were locked by another transaction; their events are tried again
   * with the next batch. Rejects when nothing was written.
   */
  write: (told: TerminalEvents[]) => Promise<ReadonlySet<string>>;
}

interface Waiting extends TerminalEvents {
  /** Called when the events are written, or with the error that prevented it. */
  settle: ((error?: unknown) => void)[];
}

const batchMs = 1_000;
/** Milliseconds between two batches of urgent events that follow each other quickly. */
const restMs = 20;
const mostAtOnce = 500;
/** The most events kept of one terminal while nothing can be written. */
const mostKept = 50;

/**
 * Batches the events of terminals. Heartbeats are written together, at most once a second. Events that change a status
 * are written at once, or a moment later, with all earlier events of that terminal.
 *
 * One batch is written at a time, so the order of writing is the order of arrival. A failed batch is tried again: each
 * event carries its time.
 */
export class EventBatches {
  readonly #options: EventBatchOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #urgent = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  readonly #pace = new Pace(restMs);
  #restTimer: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(options: EventBatchOptions) {
    this.#options = options;
  }

  /**
   * Adds a heartbeat, or another message that only shows that the terminal is there. It is written within about a
   * second.
   */
  later(origin: TerminalKey, event: PresenceEvent): void {
    const { events } = this.#waitingOf(origin);
    const last = events.at(-1);
    const combined = last && combine(last, event);
    if (combined) events[events.length - 1] = combined;
    else add(events, event);
    this.#timer ??= setTimeout(() => this.#makeAllUrgent(), batchMs);
  }

  /**
   * Adds an event that is written at once. Resolves when it is written, also after a locked row delays it; rejects when
   * the batch fails.
   */
  now(origin: TerminalKey, event: PresenceEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waitingOf(origin);
      add(waiting.events, event);
      waiting.settle.push((error) => (error === undefined ? resolve() : reject(error)));
      this.#urgent.add(origin.terminalId);
      this.#writeUrgent();
    });
  }

  /** Writes all events that wait; rejects when they could not be written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing) await this.#writing;
    clearTimeout(this.#restTimer);
    this.#restTimer = undefined;
    const rest = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#urgent.clear();
    if (rest.length > 0) await this.#write(rest);
  }

  #waitingOf({ accountId, terminalId }: TerminalKey): Waiting {
    const known = this.#waiting.get(terminalId);
    if (known) return known;
    const waiting: Waiting = { accountId, terminalId, events: [], settle: [] };
    this.#waiting.set(terminalId, waiting);
    return waiting;
  }

  #makeAllUrgent(): void {
    this.#timer = undefined;
    for (const terminalId of this.#waiting.keys()) this.#urgent.add(terminalId);
    this.#writeUrgent();
  }

  #writeUrgent(): void {
    if (this.#writing || this.#urgent.size === 0) return;
    const wait = this.#pace.wait();
    if (wait > 0) {
      this.#restTimer ??= setTimeout(() => {
        this.#restTimer = undefined;
        this.#writeUrgent();
      }, wait);
      return;
    }
    const batch = [...this.#urgent].slice(0, mostAtOnce).flatMap((terminalId) => {
      const waiting = this.#waiting.get(terminalId);
      this.#urgent.delete(terminalId);
      this.#waiting.delete(terminalId);
      return waiting ?? [];
    });
    this.#pace.began(batch.length);
    this.#writing = this.#write(batch)
      .catch(() => undefined)
      .finally(() => {
        this.#writing = undefined;
        this.#writeUrgent();
      });
  }

  async #write(batch: Waiting[]): Promise<void> {
    const { log, write } = this.#options;
    try {
      const busy = await write(batch);
      this.#failing = false;
      for (const told of batch) {
        if (busy.has(told.terminalId)) this.#keep(told, told.events);
        else for (const done of told.settle) done();
      }
    } catch (error) {
      // Logs one line per outage, not one per second.
      if (!this.#failing) log.warn({ err: error }, "what was heard of terminals could not be noted, it is tried again");
      this.#failing = true;
      for (const { settle } of batch) for (const done of settle) done(error);
      // A hello is dropped: without a welcome the terminal says hello again.
      for (const told of batch) {
        this.#keep(
          { ...told, settle: [] },
          told.events.filter(({ kind }) => kind !== "hello"),
        );
      }
      throw error;
    }
  }

  /** Puts unwritten events back, before later ones. */
  #keep({ accountId, terminalId, settle }: Waiting, events: PresenceEvent[]): void {
    if (events.length === 0) return;
    const waiting = this.#waitingOf({ accountId, terminalId });
    waiting.events = [...events, ...waiting.events].slice(-mostKept);
    waiting.settle.unshift(...settle);
    this.#timer ??= setTimeout(() => this.#makeAllUrgent(), batchMs);
  }
}

function add(events: PresenceEvent[], event: PresenceEvent): void {
  events.push(event);
  if (events.length > mostKept) events.shift();
}

/** Combines two successive events into an equivalent one; undefined where the first must be kept. */
function combine(last: PresenceEvent, next: PresenceEvent): PresenceEvent | undefined {
  const alive = last.kind === "heard" || last.kind === "heartbeat";
  if (next.kind === "goodbye" || next.kind === "gone" || !alive) return undefined;
  // With different addresses, one of the events is from a replaced device.
  if (last.address !== next.address) return undefined;
  if (next.kind === "heard") return { ...last, at: next.at, nextExpectedAt: next.nextExpectedAt };
  if (next.kind !== "heartbeat") return undefined;
  if (last.kind === "heard") return next;
  return last.session === next.session && last.fault?.code === next.fault?.code ? next : undefined;
}

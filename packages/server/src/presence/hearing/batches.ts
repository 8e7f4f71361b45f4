import { Pace } from "../../platform/load/pace.ts";
import type { Logger } from "../../platform/log/log.ts";
import type { Origin } from "../record/queries.ts";
import type { PresenceEvent } from "../status/events.ts";
import type { Told } from "./write.ts";

interface GatheringOptions {
  log: Logger;
  /** Answers the ids of terminals that could not be written this time: they are tried again with the next ones. */
  write: (told: Told[]) => Promise<ReadonlySet<string>>;
}

interface Waiting extends Told {
  /** Called when the events are written, or could not be. */
  settle: ((error?: unknown) => void)[];
}

const gatherMs = 1_000;
/** Between two batches of what changes something, when it comes in quick succession. */
const restMs = 20;
const mostAtOnce = 500;
/** Of one terminal, while nothing can be written. */
const mostKept = 50;

/**
 * Gathers what is heard of terminals. Heartbeats are written together, at most once a second; what changes something goes
 * out at once, or a moment later, with everything that was heard of that terminal before. One batch at a time, so that the order of writing
 * is the order of hearing. What could not be written is tried again: it carries its time.
 */
export class Gathering {
  readonly #options: GatheringOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #urgent = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  readonly #pace = new Pace(restMs);
  #resting: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(options: GatheringOptions) {
    this.#options = options;
  }

  /** A heartbeat or any other sign of life. */
  later(origin: Origin, event: PresenceEvent): void {
    const { events } = this.#of(origin);
    const last = events.at(-1);
    const folded = last && fold(last, event);
    if (folded) events[events.length - 1] = folded;
    else add(events, event);
    this.#timer ??= setTimeout(() => this.#due(), gatherMs);
  }

  /** Resolves when it is written. */
  now(origin: Origin, event: PresenceEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#of(origin);
      add(waiting.events, event);
      waiting.settle.push((error) => (error === undefined ? resolve() : reject(error)));
      this.#urgent.add(origin.terminalId);
      this.#go();
    });
  }

  /** Writes all that waits; throws what keeps it from that. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing) await this.#writing;
    clearTimeout(this.#resting);
    this.#resting = undefined;
    const rest = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#urgent.clear();
    if (rest.length > 0) await this.#write(rest);
  }

  #of({ accountId, terminalId }: Origin): Waiting {
    const known = this.#waiting.get(terminalId);
    if (known) return known;
    const waiting: Waiting = { accountId, terminalId, events: [], settle: [] };
    this.#waiting.set(terminalId, waiting);
    return waiting;
  }

  #due(): void {
    this.#timer = undefined;
    for (const terminalId of this.#waiting.keys()) this.#urgent.add(terminalId);
    this.#go();
  }

  #go(): void {
    if (this.#writing || this.#urgent.size === 0) return;
    const wait = this.#pace.wait();
    if (wait > 0) {
      this.#resting ??= setTimeout(() => {
        this.#resting = undefined;
        this.#go();
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
        this.#go();
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
      // One line per outage, not one per second.
      if (!this.#failing) log.warn({ err: error }, "what was heard of terminals could not be noted, it is tried again");
      this.#failing = true;
      for (const { settle } of batch) for (const done of settle) done(error);
      // A hello is not kept: without its welcome the terminal says it again.
      for (const told of batch) {
        this.#keep(
          { ...told, settle: [] },
          told.events.filter(({ kind }) => kind !== "hello"),
        );
      }
      throw error;
    }
  }

  /** Before what has come meanwhile. */
  #keep({ accountId, terminalId, settle }: Waiting, events: PresenceEvent[]): void {
    if (events.length === 0) return;
    const waiting = this.#of({ accountId, terminalId });
    waiting.events = [...events, ...waiting.events].slice(-mostKept);
    waiting.settle.unshift(...settle);
    this.#timer ??= setTimeout(() => this.#due(), gatherMs);
  }
}

function add(events: PresenceEvent[], event: PresenceEvent): void {
  events.push(event);
  if (events.length > mostKept) events.shift();
}

/** One event that tells what two in a row do; undefined where the first tells more. */
function fold(last: PresenceEvent, next: PresenceEvent): PresenceEvent | undefined {
  const alive = last.kind === "heard" || last.kind === "heartbeat";
  if (next.kind === "goodbye" || next.kind === "gone" || !alive) return undefined;
  // One of them may be of a device that was replaced.
  if (last.address !== next.address) return undefined;
  if (next.kind === "heard") return { ...last, at: next.at, nextExpectedAt: next.nextExpectedAt };
  if (next.kind !== "heartbeat") return undefined;
  if (last.kind === "heard") return next;
  return last.session === next.session && last.fault?.code === next.fault?.code ? next : undefined;
}

import { waitSecondsOf } from "@tillkeeper/contract/http/prefer";
import type { FastifyRequest } from "fastify";
import { Places } from "../load/places.ts";
import { Alarm } from "./alarm.ts";
import { whenHungUp } from "./limits/hang-up.ts";

/** What a request waits for. */
export interface Subject<T> {
  /** The account, among which the places are shared. */
  group: string;
  /** The subject's state when the wait begins. */
  known: T;
  /** Reads it again. It may hold nothing, such as a connection, once it has returned. */
  look: () => Promise<T>;
  isDone: (found: T) => boolean;
  /** The id that wakes the wait when something happens to it. Left out: nothing tells, so it is looked at again and again. */
  wokenBy?: string;
}

/** Calls `wake` whenever something has happened to this id, perhaps also when not. Answers the function that ends it. */
export type OnWake = (id: string, wake: () => void) => () => void;

/** How long to wait, and what ends it early. */
interface Wait {
  seconds: number;
  /** Aborts when the caller has gone away. */
  signal: AbortSignal;
  /** Called for a read that failed. The wait goes on: the last known state stays true. */
  failed?: (error: unknown) => void;
}

interface Waited<T> {
  /** What was found last. */
  found: T;
  /** False if there was no place to wait, or the server ended the wait. */
  applied: boolean;
}

interface WaitsOptions {
  onWake?: OnWake;
  /** Requests that wait at a time: those that are woken cost memory only, those that look also two looks a second. */
  places?: { woken: number; looking: number };
}

const usualPlaces = { woken: 12_000, looking: 100 };
/** Pauses of a wait that looks by itself. */
const looking = { firstMs: 50, longestMs: 500, growth: 1.5 };
/**
 * Pauses of a wait that is woken. The first look finds what happened before the wait was registered. The further ones keep it
 * right when what wakes breaks down: of all waits together a hundred a second at most.
 */
const woken = { firstMs: 100, thenMs: 5_000, forEachMs: 10 };

/**
 * The requests that wait for an end, because they say `Prefer: wait`. A request holds a place while it waits, and nothing else. Their
 * time is real time, not business time: it is about the caller's patience (D38).
 */
export class Waits {
  readonly #onWake: OnWake | undefined;
  readonly #woken: Places;
  readonly #looking: Places;
  /** What ends each wait. */
  readonly #waiting = new Set<() => void>();
  #stopped = false;

  constructor({ onWake, places = usualPlaces }: WaitsOptions = {}) {
    this.#onWake = onWake;
    this.#woken = new Places(places.woken);
    this.#looking = new Places(places.looking);
  }

  /** Ends all waits, those that begin later included: the server stops. */
  end(): void {
    this.#stopped = true;
    for (const end of this.#waiting) end();
  }

  /**
   * Waits as long as the request prefers, and returns what was found last, with the header that says so. Without the preference
   * it returns what is known.
   */
  async forRequest<T>(
    request: FastifyRequest,
    subject: Subject<T>,
  ): Promise<{ found: T; headers: Record<string, string> }> {
    const seconds = waitSecondsOf(request.headers["prefer"]?.toString());
    if (seconds === undefined) return { found: subject.known, headers: {} };
    const { signal, forget } = whenHungUp(request);
    let failures = 0;
    const failed = (error: unknown) => {
      failures += 1;
      // Once: while the database is away, every look of every waiting request fails.
      if (failures === 1) request.log.warn({ err: error }, "a look failed while a request waited");
    };
    try {
      const { found, applied } = await this.waitFor(subject, { seconds, signal, failed });
      return { found, headers: applied ? { "preference-applied": `wait=${seconds}` } : {} };
    } finally {
      forget();
    }
  }

  /**
   * Looks when it is woken, else at intervals, until it is done, the time is over, the caller goes away or the server stops. Where
   * there is no place to wait, it returns what is known at once.
   */
  async waitFor<T>(subject: Subject<T>, wait: Wait): Promise<Waited<T>> {
    const { known: found, group, wokenBy } = subject;
    if (subject.isDone(found)) return { found, applied: true };
    const leave = this.#stopped ? undefined : (this.#isWoken(wokenBy) ? this.#woken : this.#looking).take(group);
    if (!leave) return { found, applied: false };
    const alarm = new Alarm();
    let ended = wait.signal.aborted;
    const end = () => {
      ended = true;
      alarm.ring();
    };
    const forget = this.#isWoken(wokenBy) ? this.#onWake?.(wokenBy, () => alarm.ring()) : undefined;
    this.#waiting.add(end);
    wait.signal.addEventListener("abort", end);
    try {
      return await this.#wait(subject, wait, { alarm, hasEnded: () => ended });
    } finally {
      wait.signal.removeEventListener("abort", end);
      this.#waiting.delete(end);
      forget?.();
      leave();
    }
  }

  async #wait<T>(
    { known, look, isDone, wokenBy }: Subject<T>,
    { seconds, failed }: Wait,
    { alarm, hasEnded }: { alarm: Alarm; hasEnded: () => boolean },
  ): Promise<Waited<T>> {
    const until = performance.now() + seconds * 1000;
    const longer = this.#isWoken(wokenBy) ? () => this.#longestPauseMs() : growing;
    let found = known;
    for (let pauseMs = wokenBy === undefined ? looking.firstMs : woken.firstMs; ; pauseMs = longer(pauseMs)) {
      if (hasEnded()) return { found, applied: false };
      const leftMs = Math.max(0, until - performance.now());
      const isOver = !(await alarm.rest(Math.min(pauseMs, leftMs))) && leftMs <= pauseMs;
      if (hasEnded()) return { found, applied: false };
      try {
        found = await look();
      } catch (error) {
        failed?.(error);
      }
      if (isDone(found) || isOver) return { found, applied: true };
    }
  }

  #isWoken(wokenBy: string | undefined): wokenBy is string {
    return wokenBy !== undefined && this.#onWake !== undefined;
  }

  #longestPauseMs(): number {
    return Math.max(woken.thenMs, woken.forEachMs * this.#woken.taken);
  }
}

function growing(pauseMs: number): number {
  return Math.min(pauseMs * looking.growth, looking.longestMs);
}

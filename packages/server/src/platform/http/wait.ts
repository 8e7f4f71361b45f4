import { waitSecondsOf } from "@tillkeeper/contract/http/prefer";
import type { FastifyRequest } from "fastify";
import { pause } from "../pause.ts";
import { whenHungUp } from "./limits/hang-up.ts";

/** What a request waits for. */
export interface Subject<T> {
  /** The account, among which the places are shared. */
  group: string;
  /** What is known when the wait begins. */
  known: T;
  /** Reads it again. It may hold nothing, such as a connection, once it has returned. */
  look: () => Promise<T>;
  isDone: (found: T) => boolean;
}

/** How long to wait, and what ends it early. */
interface Wait {
  seconds: number;
  /** Aborts when the caller has gone away. */
  signal: AbortSignal;
  /** Called for a look that failed. The wait goes on, because what is known stays true. */
  failed?: (error: unknown) => void;
}

interface Waited<T> {
  /** What was found last. */
  found: T;
  /** False if there was no place to wait, or the server ended the wait. */
  applied: boolean;
}

/** More would cost every caller time: each waiting request is two looks a second in the end. */
const usualPlaces = 100;
const firstPauseMs = 50;
const longestPauseMs = 500;
const growth = 1.5;

/**
 * The requests that wait for an end, because they say `Prefer: wait`. A request holds a place while it waits, and nothing else. Their
 * time is real time, not business time: it is about the caller's patience (D38).
 */
export class Waits {
  readonly #places: number;
  readonly #stopped = new AbortController();
  readonly #waiting = new Map<string, number>();
  #all = 0;

  constructor(places = usualPlaces) {
    this.#places = places;
  }

  /** Ends all waits, those that begin later included: the server stops. */
  end(): void {
    this.#stopped.abort();
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
   * Looks at growing intervals until it is done, the time is over, the caller goes away or the server stops. Where there is no place
   * to wait, it returns what is known at once.
   */
  async waitFor<T>(subject: Subject<T>, wait: Wait): Promise<Waited<T>> {
    const { known: found, group } = subject;
    if (subject.isDone(found)) return { found, applied: true };
    if (!this.#hasPlace(group)) return { found, applied: false };
    this.#count(group, 1);
    try {
      return await this.#wait(subject, wait);
    } finally {
      this.#count(group, -1);
    }
  }

  async #wait<T>({ known, look, isDone }: Subject<T>, { seconds, signal, failed }: Wait): Promise<Waited<T>> {
    const until = performance.now() + seconds * 1000;
    const ended = AbortSignal.any([signal, this.#stopped.signal]);
    let found = known;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * growth, longestPauseMs)) {
      const leftMs = Math.max(0, until - performance.now());
      await pause(Math.min(pauseMs, leftMs), ended);
      if (ended.aborted) return { found, applied: false };
      try {
        found = await look();
      } catch (error) {
        failed?.(error);
      }
      if (isDone(found) || leftMs <= pauseMs) return { found, applied: true };
    }
  }

  /** A group may have as many places as it leaves to others. */
  #hasPlace(group: string): boolean {
    return !this.#stopped.signal.aborted && (this.#waiting.get(group) ?? 0) < this.#places - this.#all;
  }

  #count(group: string, change: 1 | -1): void {
    this.#all += change;
    const count = (this.#waiting.get(group) ?? 0) + change;
    if (count > 0) this.#waiting.set(group, count);
    else this.#waiting.delete(group);
  }
}

import type { Child } from "./child.ts";

/** A message that a child process sends on its own: a value under a key that both processes know. */
export interface Notice<Value> {
  key: string;
  value: Value;
}

interface Waiting<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

/** Notices of one child process, each to be awaited once. A notice may arrive before `of` is called with its key. */
export class Notices<Value> {
  readonly #early = new Map<string, Value>();
  readonly #waiting = new Map<string, Waiting<Value>>();
  #ended: Error | undefined;

  constructor(child: Child) {
    child.onEvent = (event) => {
      for (const { key, value } of event as Notice<Value>[]) this.#receive(key, value);
    };
    child.onEnd = (error) => {
      this.#ended = error;
      for (const waiting of this.#waiting.values()) waiting.reject(error);
    };
  }

  /** Resolves with the notice's value; rejects when the process ends before the notice arrives. */
  of(key: string): Promise<Value> {
    const early = this.#early.get(key);
    if (early !== undefined && this.#early.delete(key)) return Promise.resolve(early);
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiting.set(key, { resolve, reject }));
  }

  #receive(key: string, value: Value): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (waiting) waiting.resolve(value);
    else this.#early.set(key, value);
  }
}

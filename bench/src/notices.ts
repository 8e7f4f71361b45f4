import type { Child } from "./child.ts";

/** What a child process tells of by itself: that something has happened, under a key that both sides know. */
export interface Notice<Value> {
  key: string;
  value: Value;
}

interface Waiting<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
}

/** The notices of one child process, each to be waited for once. One may come before anybody waits for it. */
export class Notices<Value> {
  readonly #early = new Map<string, Value>();
  readonly #waiting = new Map<string, Waiting<Value>>();
  #gone: Error | undefined;

  constructor(child: Child) {
    child.onEvent = (event) => {
      for (const { key, value } of event as Notice<Value>[]) this.#take(key, value);
    };
    child.onEnd = (error) => {
      this.#gone = error;
      for (const waiting of this.#waiting.values()) waiting.reject(error);
    };
  }

  of(key: string): Promise<Value> {
    const early = this.#early.get(key);
    if (early !== undefined && this.#early.delete(key)) return Promise.resolve(early);
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => this.#waiting.set(key, { resolve, reject }));
  }

  #take(key: string, value: Value): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (waiting) waiting.resolve(value);
    else this.#early.set(key, value);
  }
}

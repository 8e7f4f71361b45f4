import type { Clock } from "@tillkeeper/agent/clock";

interface Entry {
  at: number;
  /** Of two for one instant the one that was noted first comes first. */
  order: number;
  act: () => void;
}

/** What is to be done when, for a whole fleet: a heap and one timer, however many wait. Times are the clock's monotonic ones. */
export class Agenda {
  readonly #clock: Clock;
  readonly #heap: Entry[] = [];
  #noted = 0;
  #cancel: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.monotonic();
  }

  note(at: number, act: () => void): void {
    if (this.#closed || at === Number.POSITIVE_INFINITY) return;
    this.#push({ at, order: this.#noted, act });
    this.#noted += 1;
    this.#wake();
  }

  noteIn(delayMs: number, act: () => void): void {
    this.note(this.#clock.monotonic() + delayMs, act);
  }

  /** Nothing more happens. */
  close(): void {
    this.#closed = true;
    this.#heap.length = 0;
    this.#cancel?.();
  }

  #wake(): void {
    const next = this.#heap[0]?.at;
    if (next === undefined || next >= this.#wakesAt) return;
    this.#cancel?.();
    this.#wakesAt = next;
    this.#cancel = this.#clock.after(Math.max(0, next - this.#clock.monotonic()), () => {
      this.#wakesAt = Number.POSITIVE_INFINITY;
      this.#work();
    });
  }

  #work(): void {
    const now = this.#clock.monotonic();
    for (let next = this.#heap[0]; next && next.at <= now && !this.#closed; next = this.#heap[0]) {
      this.#pop();
      next.act();
    }
    this.#wake();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfBefore(index, parent)) return;
      index = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    heap[0] = last;
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const right = left + 1;
      const child = right < heap.length && isBefore(heap[right], heap[left]) ? right : left;
      if (child >= heap.length || !this.#swapIfBefore(child, index)) return;
      index = child;
    }
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const [below, above] = [this.#heap[lower], this.#heap[upper]];
    if (!below || !above || !isBefore(below, above)) return false;
    this.#heap[lower] = above;
    this.#heap[upper] = below;
    return true;
  }
}

function isBefore(one: Entry | undefined, other: Entry | undefined): boolean {
  if (!one || !other) return false;
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

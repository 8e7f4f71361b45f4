/** Connections that go on with what they have read, in one turn of the event loop. */
const mostPerTurn = 8;

/**
 * Shares the event loop among connections: each takes a few packets in one turn of it, and goes on in a later turn. Those that
 * have more wait in one queue, in the order in which they came; a few of them go on each turn, however many they are.
 */
export class Turns {
  /** Counts the turns in which there was anything to do. */
  #number = 0;
  #ending = false;
  readonly #waiting = new Set<() => void>();

  /** The number of this turn. */
  get now(): number {
    this.#endLater();
    return this.#number;
  }

  /** Calls `goOn` in a later turn. */
  later(goOn: () => void): void {
    this.#waiting.add(goOn);
    this.#endLater();
  }

  #endLater(): void {
    if (this.#ending) return;
    this.#ending = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#ending = false;
    this.#number += 1;
    let left = mostPerTurn;
    for (const goOn of this.#waiting) {
      if (left === 0) return this.#endLater();
      left -= 1;
      // One that comes back for more stands at the end of the queue.
      this.#waiting.delete(goOn);
      goOn();
    }
  }
}

/** What one connection takes of one turn. */
const mostPackets = 32;
const mostBytes = 64 * 1024;

/** The share of one connection in the turns of the event loop. */
export class Share {
  readonly #turns: Turns;
  #turn = -1;
  #packets = 0;
  #bytes = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Whether there is something left of this turn: few packets were taken, and few bytes, which have to be looked through. */
  get left(): boolean {
    if (this.#turn !== this.#turns.now) {
      this.#turn = this.#turns.now;
      this.#packets = 0;
      this.#bytes = 0;
    }
    return this.#packets < mostPackets && this.#bytes < mostBytes;
  }

  /** A packet with so many bytes was taken. */
  taken(bytes: number): void {
    this.#packets += 1;
    this.#bytes += bytes;
  }

  later(goOn: () => void): void {
    this.#turns.later(goOn);
  }
}

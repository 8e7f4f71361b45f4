/** So many waiting connections go on in one turn of the event loop. */
const mostPerTurn = 8;

/**
 * Shares the event loop among connections. Each takes a few packets per turn and goes on in a later turn. Connections
 * with more to read wait in one queue, in the order of their arrival. A few of them go on per turn, however many wait.
 */
export class Turns {
  /** Counts the turns in which a connection had something to do. */
  #number = 0;
  #ending = false;
  readonly #waiting = new Set<() => void>();

  /** The number of the current turn. */
  get now(): number {
    this.#endLater();
    return this.#number;
  }

  /** Calls `goOn` once, in a later turn. */
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
      // Deleted first, so that a connection with still more to read goes to the end of the queue.
      this.#waiting.delete(goOn);
      goOn();
    }
  }
}

/** The limits of one connection in one turn. */
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

  /** Whether the connection may take more in this turn: few packets so far, and few bytes, as each byte costs work. */
  get left(): boolean {
    if (this.#turn !== this.#turns.now) {
      this.#turn = this.#turns.now;
      this.#packets = 0;
      this.#bytes = 0;
    }
    return this.#packets < mostPackets && this.#bytes < mostBytes;
  }

  /** Counts a packet of `bytes` bytes. */
  taken(bytes: number): void {
    this.#packets += 1;
    this.#bytes += bytes;
  }

  later(goOn: () => void): void {
    this.#turns.later(goOn);
  }
}

import { TurnQueue } from "../../load/fair-turns.ts";

/** Requests of a network that begin at once in one turn of the event loop. */
const mostAtOnce = 4;
/** Waiting requests that begin in one turn, network after network. */
const mostPerTurn = 8;
/** The waiting requests are bounded by the number of connections, and by `limitPipelining` for each. */
const unbounded = { mostPerMember: Infinity, mostPerGroup: Infinity, mostWaiting: Infinity };

/**
 * Shares the event loop among networks. Of the requests that one network brings at once, over any number of
 * connections, a few begin per turn. Requests of other networks are read and begin in between. An idle server delays no
 * request.
 */
export class RequestTurns {
  readonly #queue = new TurnQueue(unbounded);
  /** Requests begun in this turn, and waiting requests, by network. */
  readonly #begun = new Map<string, number>();
  readonly #waiting = new Map<string, number>();
  #ending = false;

  /** Calls `begin` now or in a later turn. */
  take(network: string, begin: () => void): void {
    this.#endLater();
    const begun = this.#begun.get(network) ?? 0;
    if (begun < mostAtOnce && !this.#waiting.has(network)) {
      this.#begun.set(network, begun + 1);
      return begin();
    }
    this.#waiting.set(network, (this.#waiting.get(network) ?? 0) + 1);
    this.#queue.add({ share: { group: network, member: "" }, start: begin });
  }

  #endLater(): void {
    if (this.#ending) return;
    this.#ending = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#ending = false;
    this.#begun.clear();
    if (this.#queue.size > mostPerTurn) this.#endLater();
    for (let left = mostPerTurn; left > 0; left -= 1) {
      const next = this.#queue.take();
      if (!next) return;
      const { group: network } = next.share;
      const others = (this.#waiting.get(network) ?? 1) - 1;
      if (others > 0) this.#waiting.set(network, others);
      else this.#waiting.delete(network);
      next.start();
    }
  }
}

import { type Claimed, type Lane, lanes } from "./sql.ts";

/**
 * How many requests run at once: in all, of one account, to one subscription whose receiver takes what it gets, to one whose last attempts
 * failed, and to one host. A receiver that is slow now and then has as many as a quick one: with fewer it would fall ever further behind, and stay in the
 * slow lane for that.
 */
const limitsOf = {
  [lanes.fast]: { all: 512, account: 128, subscription: 8, failing: 8, host: 24 },
  [lanes.slow]: { all: 256, account: 64, subscription: 8, failing: 2, host: 8 },
  [lanes.ping]: { all: 64, account: 16, subscription: 1, failing: 1, host: 8 },
} as const;

/** The requests that are under way. */
export class Running {
  readonly #inLane = new Map<Lane, number>();
  /** By lane and subscription, account and host. */
  readonly #counts = new Map<string, number>();
  /** The lane in which a request takes a place; none: it has given it back. */
  readonly #placeOf = new Map<string, Lane | undefined>();
  #whenOver: (() => void)[] = [];

  freeIn(lane: Lane): number {
    return limitsOf[lane].all - (this.#inLane.get(lane) ?? 0);
  }

  /** How many requests to each subscription are under way in a lane, and how many there may be. */
  ofSubscriptions(lane: Lane): { underWay: Map<string, number>; most: number; mostFailing: number } {
    const { subscription: most, failing: mostFailing } = limitsOf[lane];
    return { underWay: new Map(this.#countsOf(`${lane} of `)), most, mostFailing };
  }

  /** The accounts that have as many requests in a lane as they may. */
  fullAccountsIn(lane: Lane): string[] {
    return this.#countsOf(`${lane} by `).flatMap(([id, count]) => (count >= limitsOf[lane].account ? [id] : []));
  }

  /** Takes a place; false: its account or its host has no room. */
  take(delivery: Claimed): boolean {
    const lane = delivery.lane as Lane;
    const { account, host } = limitsOf[lane];
    if (this.#countOf(accountName(lane, delivery)) >= account || this.#countOf(hostName(lane, delivery)) >= host) {
      return false;
    }
    this.#placeOf.set(delivery.id, lane);
    this.#add(delivery, lane, 1);
    add(this.#counts, subscriptionName(lane, delivery), 1);
    return true;
  }

  /**
   * Gives the place in the fast lane back, although the request goes on; false: it had none there. Its subscription's place stays
   * taken: a receiver that goes to and fro between both lanes would have more and more open requests.
   */
  drift(delivery: Claimed): boolean {
    if (this.#placeOf.get(delivery.id) !== lanes.fast) return false;
    this.#add(delivery, lanes.fast, -1);
    this.#placeOf.set(delivery.id, undefined);
    return true;
  }

  leave(delivery: Claimed): void {
    if (!this.#placeOf.has(delivery.id)) return;
    const lane = this.#placeOf.get(delivery.id);
    if (lane !== undefined) this.#add(delivery, lane, -1);
    add(this.#counts, subscriptionName(lane ?? lanes.fast, delivery), -1);
    this.#placeOf.delete(delivery.id);
    if (this.#placeOf.size === 0) for (const over of this.#whenOver.splice(0)) over();
  }

  /** Resolves when none is under way. */
  over(): Promise<void> {
    if (this.#placeOf.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenOver.push(resolve));
  }

  #add(delivery: Claimed, lane: Lane, by: number): void {
    add(this.#inLane, lane, by);
    add(this.#counts, accountName(lane, delivery), by);
    add(this.#counts, hostName(lane, delivery), by);
  }

  #countOf(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Counts by what follows this beginning of their names. */
  #countsOf(beginning: string): [string, number][] {
    return [...this.#counts].flatMap(([name, count]) =>
      name.startsWith(beginning) ? [[name.slice(beginning.length), count]] : [],
    );
  }
}

function subscriptionName(lane: Lane, { subscription_id: id }: Claimed): string {
  return `${lane} of ${id}`;
}

function accountName(lane: Lane, { account_id: id }: Claimed): string {
  return `${lane} by ${id}`;
}

function hostName(lane: Lane, { url }: Claimed): string {
  return `${lane} at ${new URL(url).host}`;
}

function add<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

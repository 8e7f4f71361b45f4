import { type Claimed, type Lane, lanes, type Place, placesOf } from "./claim.ts";

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

/** The requests that are under way. Claims keep to the limits. */
export class Running {
  readonly #inLane = new Map<Lane, number>();
  readonly #atPlaces = { [lanes.fast]: new Map(), [lanes.slow]: new Map(), [lanes.ping]: new Map() } satisfies Record<
    Lane,
    Map<string, number>
  >;
  /** The lane in which the request of a claim takes a place; none: it has given it back. */
  readonly #laneOf = new Map<string, Lane | undefined>();
  #whenOver: (() => void)[] = [];

  freeIn(lane: Lane): number {
    return limitsOf[lane].all - (this.#inLane.get(lane) ?? 0);
  }

  /** How many requests are under way in a lane at each place, and how many there may be. */
  in(lane: Lane): { underWay: ReadonlyMap<string, number>; most: Record<Place | "failing", number> } {
    return { underWay: this.#atPlaces[lane], most: limitsOf[lane] };
  }

  take(delivery: Claimed): void {
    const lane = delivery.lane as Lane;
    this.#laneOf.set(claimOf(delivery), lane);
    this.#add(delivery, lane, 1);
    add(this.#atPlaces[lane], placesOf(delivery).subscription, 1);
  }

  /**
   * Gives the place in the fast lane back, although the request goes on; false: it had none there. Its subscription's place stays
   * taken: a receiver that goes to and fro between both lanes would have more and more open requests.
   */
  drift(delivery: Claimed): boolean {
    if (this.#laneOf.get(claimOf(delivery)) !== lanes.fast) return false;
    this.#add(delivery, lanes.fast, -1);
    this.#laneOf.set(claimOf(delivery), undefined);
    return true;
  }

  leave(delivery: Claimed): void {
    if (!this.#laneOf.has(claimOf(delivery))) return;
    const lane = this.#laneOf.get(claimOf(delivery));
    if (lane !== undefined) this.#add(delivery, lane, -1);
    add(this.#atPlaces[lane ?? lanes.fast], placesOf(delivery).subscription, -1);
    this.#laneOf.delete(claimOf(delivery));
    if (this.#laneOf.size === 0) for (const over of this.#whenOver.splice(0)) over();
  }

  /** Resolves when none is under way. */
  over(): Promise<void> {
    if (this.#laneOf.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenOver.push(resolve));
  }

  #add(delivery: Claimed, lane: Lane, by: number): void {
    const { account, host } = placesOf(delivery);
    add(this.#inLane, lane, by);
    add(this.#atPlaces[lane], account, by);
    add(this.#atPlaces[lane], host, by);
  }
}

function claimOf({ lease, id }: Claimed): string {
  return `${lease} ${id}`;
}

function add<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

import { type Claimed, type Lane, lanes } from "./sql.ts";

/** How many requests run at once: in all, to one subscription, and to one host. */
const limitsOf = {
  [lanes.fast]: { all: 512, subscription: 8, host: 24 },
  [lanes.slow]: { all: 256, subscription: 2, host: 8 },
  [lanes.ping]: { all: 64, subscription: 1, host: 8 },
} as const;

/** The requests that are under way. */
export class Running {
  readonly #inLane = new Map<Lane, number>();
  /** By lane and subscription, and by lane and host. */
  readonly #counts = new Map<string, number>();
  /** The lane in which a request takes a place; none: it has given it back. */
  readonly #placeOf = new Map<string, Lane | undefined>();
  #whenOver: (() => void)[] = [];

  freeIn(lane: Lane): number {
    return limitsOf[lane].all - (this.#inLane.get(lane) ?? 0);
  }

  /** The room of subscriptions that something is sent to, and of all others. */
  roomsIn(lane: Lane): { rooms: Map<string, number>; usualRoom: number } {
    const most = limitsOf[lane].subscription;
    const begin = `${lane} of `;
    const rooms = [...this.#counts].flatMap(([name, count]) =>
      name.startsWith(begin) ? [[name.slice(begin.length), Math.max(0, most - count)] as const] : [],
    );
    return { rooms: new Map(rooms), usualRoom: most };
  }

  /** Takes a place; false: its host has no room. */
  take({ id, lane: number, subscription_id: subscription, url }: Claimed): boolean {
    const lane = number as Lane;
    const host = hostName(lane, url);
    if ((this.#counts.get(host) ?? 0) >= limitsOf[lane].host) return false;
    this.#placeOf.set(id, lane);
    add(this.#inLane, lane, 1);
    add(this.#counts, subscriptionName(lane, subscription), 1);
    add(this.#counts, host, 1);
    return true;
  }

  /** Gives the place in the fast lane back, although the request goes on; false: it had none there. */
  drift(delivery: Claimed): boolean {
    if (this.#placeOf.get(delivery.id) !== lanes.fast) return false;
    this.#free(delivery, lanes.fast);
    this.#placeOf.set(delivery.id, undefined);
    return true;
  }

  leave(delivery: Claimed): void {
    const lane = this.#placeOf.get(delivery.id);
    if (lane !== undefined) this.#free(delivery, lane);
    this.#placeOf.delete(delivery.id);
    if (this.#placeOf.size === 0) for (const over of this.#whenOver.splice(0)) over();
  }

  /** Resolves when none is under way. */
  over(): Promise<void> {
    if (this.#placeOf.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenOver.push(resolve));
  }

  #free({ subscription_id: subscription, url }: Claimed, lane: Lane): void {
    add(this.#inLane, lane, -1);
    add(this.#counts, subscriptionName(lane, subscription), -1);
    add(this.#counts, hostName(lane, url), -1);
  }
}

function subscriptionName(lane: Lane, id: string): string {
  return `${lane} of ${id}`;
}

function hostName(lane: Lane, url: string): string {
  return `${lane} at ${new URL(url).host}`;
}

function add<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

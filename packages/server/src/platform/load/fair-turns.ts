/** Share that a piece of work counts for: a member (a client) of a group (an address). */
export interface Share {
  group: string;
  member: string;
}

interface TurnsOptions {
  /** Pieces of work that run at once. */
  slots: number;
  /** Most waiting pieces: of one member of a group, of a whole group, and altogether. */
  mostPerMember: number;
  mostPerGroup: number;
  mostWaiting: number;
  /** Work that has not begun within these milliseconds is refused; left out, it waits without limit. */
  patienceMs?: number;
  /** The error when a share is full, or when the wait is over. */
  overload: () => Error;
}

/** Runs `work` in the turn of its share. Throws the error of `overload`, and what `work` throws. */
export type Turns = <T>(share: Share, work: () => Promise<T>) => Promise<T>;

/**
 * Runs costly work a few pieces at a time. Groups take turns, and within a group its members: whatever one group
 * requests, it delays another group by a single piece of work. A group takes at most as many slots as it leaves to
 * others, so that stuck work of one group does not block the rest. A full share refuses work; it takes no room from
 * others.
 */
export function fairTurns({ slots, patienceMs, overload, ...bounds }: TurnsOptions): Turns {
  const queue = new TurnQueue(bounds);
  const runningOf = new Map<string, number>();
  let running = 0;

  const mayRun = (group: string) => (runningOf.get(group) ?? 0) < slots - running;

  function count(group: string, change: 1 | -1): void {
    running += change;
    const own = (runningOf.get(group) ?? 0) + change;
    if (own > 0) runningOf.set(group, own);
    else runningOf.delete(group);
  }

  function startWaiting(): void {
    for (let next = queue.take(mayRun); next; next = queue.take(mayRun)) {
      count(next.share.group, 1);
      next.start();
    }
  }

  async function turnOf(share: Share): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let timer: NodeJS.Timeout | undefined;
    const waiting = { share, begun: false, start };
    function start(): void {
      waiting.begun = true;
      clearTimeout(timer);
      resolve();
    }
    if (!queue.add(waiting)) throw overload();
    startWaiting();
    if (patienceMs !== undefined && !waiting.begun) {
      timer = setTimeout(() => {
        queue.remove(waiting);
        reject(overload());
      }, patienceMs);
    }
    return promise;
  }

  return async (share, work) => {
    await turnOf(share);
    try {
      return await work();
    } finally {
      count(share.group, -1);
      startWaiting();
    }
  };
}

/** A waiting piece of work. */
interface Waiting {
  share: Share;
  start(): void;
}

type Bounds = Pick<TurnsOptions, "mostPerMember" | "mostPerGroup" | "mostWaiting">;

interface Group {
  members: Map<string, Waiting[]>;
  waiting: number;
}

/** Waiting work by group and member, in the order of turns. */
export class TurnQueue {
  readonly #most: Bounds;
  /** In the order of turns, as maps keep the order of insertion. */
  readonly #groups = new Map<string, Group>();
  #waiting = 0;

  constructor(most: Bounds) {
    this.#most = most;
  }

  get size(): number {
    return this.#waiting;
  }

  /** Returns false when a share is full. */
  add(waiting: Waiting): boolean {
    const { group: name, member } = waiting.share;
    const group = this.#groups.get(name) ?? { members: new Map<string, Waiting[]>(), waiting: 0 };
    const queued = group.members.get(member) ?? [];
    const { mostWaiting, mostPerGroup, mostPerMember } = this.#most;
    if (this.#waiting >= mostWaiting || group.waiting >= mostPerGroup || queued.length >= mostPerMember) return false;
    this.#groups.set(name, group);
    group.members.set(member, queued);
    queued.push(waiting);
    group.waiting += 1;
    this.#waiting += 1;
    return true;
  }

  /** Takes the next piece of a group that may run. The group and the member then go to the end of their queues. */
  take(mayRun: (group: string) => boolean = () => true): Waiting | undefined {
    for (const [name, group] of this.#groups) {
      if (!mayRun(name)) continue;
      const [first] = group.members;
      const [member, queued] = first as [string, Waiting[]];
      const [next] = queued as [Waiting];
      this.remove(next);
      if (group.waiting > 0) {
        this.#groups.delete(name);
        this.#groups.set(name, group);
      }
      if (queued.length > 0) {
        group.members.delete(member);
        group.members.set(member, queued);
      }
      return next;
    }
    return undefined;
  }

  /** Removes a piece that no longer waits. */
  remove(waiting: Waiting): void {
    const { group: name, member } = waiting.share;
    const group = this.#groups.get(name);
    const queued = group?.members.get(member);
    const at = queued?.indexOf(waiting) ?? -1;
    if (!group || !queued || at === -1) return;
    queued.splice(at, 1);
    if (queued.length === 0) group.members.delete(member);
    group.waiting -= 1;
    if (group.waiting === 0) this.#groups.delete(name);
    this.#waiting -= 1;
  }
}

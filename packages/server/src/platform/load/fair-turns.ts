/** Whose turn a piece of work takes: a member (a client) of a group (an address). */
export interface Share {
  group: string;
  member: string;
}

interface TurnsOptions {
  /** Pieces of work that run at once. */
  slots: number;
  /** Pieces that may wait: of one member of a group, of a whole group, and altogether. */
  mostPerMember: number;
  mostPerGroup: number;
  mostWaiting: number;
  /** Work that has not begun by then is given up; left out, it waits for as long as it takes. */
  patienceMs?: number;
  /** What to throw when a share is used up, or the patience is. */
  overload: () => Error;
}

/** Runs `work` when it is the turn of its share; throws what `overload` makes. */
export type Turns = <T>(share: Share, work: () => Promise<T>) => Promise<T>;

/**
 * Runs costly work a few at a time. Groups take turns, and within a group its members: however much a group asks for, it
 * delays another group by a single piece of work. Of the slots a group takes as many as it leaves to others, so that one
 * whose work does not come to its end stops nobody else. A share that is full refuses; it does not take room from others.
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

/** A piece of work that waits. */
interface Waiting {
  share: Share;
  start(): void;
}

type Bounds = Pick<TurnsOptions, "mostPerMember" | "mostPerGroup" | "mostWaiting">;

interface Group {
  members: Map<string, Waiting[]>;
  waiting: number;
}

/** What waits, by group and member, and whose turn is next. */
export class TurnQueue {
  readonly #most: Bounds;
  /** In the order of their turns, as maps keep the order of insertion. */
  readonly #groups = new Map<string, Group>();
  #waiting = 0;

  constructor(most: Bounds) {
    this.#most = most;
  }

  get size(): number {
    return this.#waiting;
  }

  /** Answers false where a share is full. */
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

  /** Takes the next of a group that may run; the group and the member go to the end of their rows. */
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

  /** Takes out what does not wait any longer. */
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

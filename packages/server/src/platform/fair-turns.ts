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
  /** What to throw when a share is used up. */
  overload: () => Error;
}

interface Group {
  members: Map<string, (() => void)[]>;
  waiting: number;
}

/**
 * Runs costly work a few at a time. Groups take turns, and within a group its members: however much a group asks for, it
 * delays another group by a single piece of work. A share that is full refuses; it does not take room from others.
 */
export function fairTurns({ slots, mostPerMember, mostPerGroup, mostWaiting, overload }: TurnsOptions) {
  /** In the order of their turns, as maps keep the order of insertion. */
  const groups = new Map<string, Group>();
  let running = 0;
  let waiting = 0;

  function isFull({ group, member }: Share): boolean {
    const known = groups.get(group);
    const queued = known?.members.get(member)?.length ?? 0;
    return waiting >= mostWaiting || (known?.waiting ?? 0) >= mostPerGroup || queued >= mostPerMember;
  }

  function add({ group, member }: Share, start: () => void): void {
    const known = groups.get(group) ?? { members: new Map(), waiting: 0 };
    groups.set(group, known);
    const queue = known.members.get(member) ?? [];
    known.members.set(member, queue);
    queue.push(start);
    known.waiting += 1;
    waiting += 1;
  }

  /** Takes the next piece of work; its group and its member go to the end of their rows. */
  function takeNext(): (() => void) | undefined {
    for (const [name, group] of groups) {
      for (const [member, queue] of group.members) {
        const start = queue.shift();
        group.members.delete(member);
        if (queue.length > 0) group.members.set(member, queue);
        groups.delete(name);
        group.waiting -= 1;
        waiting -= 1;
        if (group.waiting > 0) groups.set(name, group);
        return start;
      }
    }
    return undefined;
  }

  function startWaiting(): void {
    while (running < slots) {
      const start = takeNext();
      if (!start) return;
      running += 1;
      start();
    }
  }

  return async function run<T>(share: Share, work: () => Promise<T>): Promise<T> {
    if (isFull(share)) throw overload();
    const turn = Promise.withResolvers<void>();
    add(share, turn.resolve);
    startWaiting();
    await turn.promise;
    try {
      return await work();
    } finally {
      running -= 1;
      startWaiting();
    }
  };
}

import type { OperationCaller } from "./operation-caller.ts";
import { scattered } from "./terminal-set.ts";

/** Assigns terminals to requests. */
export interface Walk {
  /** Called once per request. Returns a terminal that no earlier request used; may throw when none is left. */
  next(): number;
}

/** Walks through all terminals of a set in scattered order; throws when all have been returned. */
export class TerminalWalk implements Walk {
  readonly #size: number;
  #taken = 0;

  constructor(size: number) {
    this.#size = size;
  }

  next(): number {
    if (this.#taken === this.#size)
      throw new Error(`all ${this.#size} terminals are busy: measure for fewer --seconds`);
    return scattered(this.#taken++, this.#size);
  }
}

export interface Load {
  /** Requests answered 201, late answers included. */
  accepted: number;
  /** Closed loop: requests answered in time, per second. Open loop: the given rate. */
  perSecond: number;
  /** Milliseconds of each request. */
  latencies: number[];
}

/** Closed loop: each caller sends its next request when its last request was answered. */
export async function closedLoop(callers: OperationCaller[], walk: Walk, seconds: number): Promise<Load> {
  const latencies: number[] = [];
  let inTime = 0;
  const end = performance.now() + seconds * 1000;
  const call = async (caller: OperationCaller) => {
    let sentAt = performance.now();
    while (sentAt < end) {
      await caller.send(walk.next());
      const answeredAt = performance.now();
      latencies.push(answeredAt - sentAt);
      if (answeredAt < end) inTime += 1;
      sentAt = answeredAt;
    }
  };
  await Promise.all(callers.map(call));
  return { accepted: latencies.length, perSecond: inTime / seconds, latencies };
}

/**
 * Open loop: requests are due at a fixed rate, independent of earlier answers. Latency counts from the due time, so
 * that a stall of the server shows in all requests that waited for it.
 */
export async function openLoop(
  callers: OperationCaller[],
  walk: Walk,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<Load> {
  const latencies: number[] = [];
  const start = performance.now();
  const dueTimes = Array.from({ length: Math.round(perSecond * seconds) }, (_, i) => start + (i * 1000) / perSecond);
  let next = 0;
  const call = async (caller: OperationCaller) => {
    for (let due = dueTimes[next]; due !== undefined; due = dueTimes[next]) {
      if (due > performance.now()) {
        // Timers resolve a millisecond; the delay that they add counts as latency of the server.
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
        continue;
      }
      next += 1;
      await caller.send(walk.next());
      latencies.push(performance.now() - due);
    }
  };
  await Promise.all(callers.map(call));
  return { accepted: latencies.length, perSecond, latencies };
}

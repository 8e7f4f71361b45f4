import type { OperationCaller } from "./operation-caller.ts";
import { scattered } from "./terminal-set.ts";

/** Hands out terminals, each once, so that every request finds one that is not busy. */
export interface Walk {
  next(): number;
}

/** Through all terminals of a set, in scattered order. */
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
  /** Answered 201, late ones included. */
  accepted: number;
  /** Of those, per second of the time measured. */
  perSecond: number;
  /** Milliseconds of each request. */
  latencies: number[];
}

/** Closed loop: each caller sends its next request when its last one was answered. */
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
 * Open loop: requests are due at a fixed rate, whatever becomes of those before them. The time of each is counted from
 * the instant it was due, so that a server that stalls is charged for everything that had to wait.
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
        // A millisecond is as fine as timers go; what a request waits for it is counted as the server's time.
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

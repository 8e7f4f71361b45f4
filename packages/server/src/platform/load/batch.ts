import { sharedWork } from "../store-limit.ts";
import { Pace } from "./batch-pace.ts";

/**
 * Group commit: runs waiting calls together, as one batch.
 *
 * A call is sent at once while fewer than `slots` batches are in flight. Calls that queue meanwhile are sent together
 * as soon as a slot is free. A single call therefore never waits. A full queue refuses calls; it does not grow.
 */
export interface BatchOptions<I, O> {
  /**
   * Runs a batch; returns the results in the order of its inputs. Throws to fail every call of the batch. Called with 1
   * to `maxBatch` inputs, at most `slots` times at once.
   */
  run(batch: I[]): Promise<O[]>;
  slots: number;
  maxBatch: number;
  maxQueue: number;
  /**
   * Least time between two batches, for statements so quick that few calls queue behind them. Milliseconds; left out,
   * 0.
   */
  restMs?: number;
  /** The error for a call when the queue is full. */
  overload(): Error;
}

interface Waiting<I, O> {
  input: I;
  resolve(output: O): void;
  reject(error: unknown): void;
}

/** A function whose calls run in batches. */
export interface Batched<I, O> {
  (input: I): Promise<O>;
  /** How many calls wait for their batch. */
  waiting(): number;
}

/** Returns a function that runs its calls in batches. It rejects with `overload`'s error when the queue is full. */
export function batched<I, O>(options: BatchOptions<I, O>): Batched<I, O> {
  const queue: Waiting<I, O>[] = [];
  const pace = new Pace(options.restMs ?? 0);
  let inFlight = 0;
  let timer: NodeJS.Timeout | undefined;

  async function send(batch: Waiting<I, O>[]): Promise<void> {
    inFlight += 1;
    try {
      // A batch belongs to several callers: the limit of the caller whose request sends it does not hold for the others.
      const outputs = await sharedWork(() => options.run(batch.map((waiting) => waiting.input)));
      for (const [index, waiting] of batch.entries()) waiting.resolve(outputs[index] as O);
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      inFlight -= 1;
      sendWaiting();
    }
  }

  function sendWaiting(): void {
    while (inFlight < options.slots && queue.length > 0) {
      const wait = queue.length < options.maxBatch ? pace.wait() : 0;
      if (wait > 0) {
        timer ??= setTimeout(() => {
          timer = undefined;
          sendWaiting();
        }, wait);
        return;
      }
      const batch = queue.splice(0, options.maxBatch);
      pace.began(batch.length);
      void send(batch);
    }
  }

  const call = (input: I): Promise<O> => {
    if (queue.length >= options.maxQueue) return Promise.reject(options.overload());
    return new Promise<O>((resolve, reject) => {
      queue.push({ input, resolve, reject });
      sendWaiting();
    });
  };
  return Object.assign(call, { waiting: () => queue.length });
}

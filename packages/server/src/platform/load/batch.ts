import { Pace } from "./pace.ts";

/**
 * Group commit: gathers calls that wait anyway into one statement.
 *
 * A call goes out at once while fewer than `slots` batches are in flight; whatever queues up meanwhile leaves together as
 * soon as a slot is free. One caller alone therefore pays nothing. A full queue refuses, it does not grow.
 */
export interface GatherOptions<I, O> {
  /** Handles a batch; answers in the order of its input. Throws to fail the whole batch. */
  run(batch: I[]): Promise<O[]>;
  slots: number;
  maxBatch: number;
  maxQueue: number;
  /** For statements so quick that hardly anything queues up behind them: how soon one batch may follow another. */
  restMs?: number;
  /** What to throw when the queue is full. */
  overload(): Error;
}

interface Waiting<I, O> {
  input: I;
  resolve(output: O): void;
  reject(error: unknown): void;
}

export function gather<I, O>(options: GatherOptions<I, O>): (input: I) => Promise<O> {
  const queue: Waiting<I, O>[] = [];
  const pace = new Pace(options.restMs ?? 0);
  let inFlight = 0;
  let timer: NodeJS.Timeout | undefined;

  async function send(batch: Waiting<I, O>[]): Promise<void> {
    inFlight += 1;
    try {
      const outputs = await options.run(batch.map((waiting) => waiting.input));
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

  return (input) => {
    if (queue.length >= options.maxQueue) return Promise.reject(options.overload());
    return new Promise<O>((resolve, reject) => {
      queue.push({ input, resolve, reject });
      sendWaiting();
    });
  };
}

import { Worker } from "node:worker_threads";
import { FairQueue } from "./fair-queue.ts";
import type { Masked, ToMasking } from "./messages.ts";

/** Something that waits for its turn. */
interface Job {
  message: ToMasking;
  resolve: (masked: Masked) => void;
  reject: (error: Error) => void;
}

/** Far more than the masks of all uploads need, so that only a fault ends the thread, and not the server with it. */
const resourceLimits = { maxOldGenerationSizeMb: 128 };

/**
 * A thread that masks one piece at a time. What waits, waits on this side, so that accounts have turns. When the thread ends
 * unexpectedly, what it had in hand and what waited for it fails.
 */
export class MaskThread {
  readonly #worker: Worker;
  readonly #waiting = new FairQueue<Job>();
  #inHand: Job | undefined;
  #failure: Error | undefined;
  /** Uploads that are being masked here. */
  uploads = 0;

  /** `failed` is told of an end that was not asked for. */
  constructor(failed: (error: Error) => void, script: URL = new URL("./thread.ts", import.meta.url)) {
    this.#worker = new Worker(script, { execArgv: [], resourceLimits });
    // An upload holds its request, and that the process. A thread without one is no reason to stay.
    this.#worker.unref();
    this.#worker.on("message", (masked: Masked) => this.#done(masked));
    const end = (error: Error) => {
      if (this.#failure) return;
      this.#end(error);
      failed(error);
    };
    this.#worker.on("error", (error) => end(new Error("the thread that masks logs failed", { cause: error })));
    this.#worker.on("exit", (code) => end(new Error(`the thread that masks logs ended with code ${code}`)));
  }

  /** Resolves with the answer. Rejects when the thread has ended, or ends before. */
  run(accountId: string, message: ToMasking): Promise<Masked> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting.add(accountId, { message, resolve, reject });
      this.#begin();
    });
  }

  async close(): Promise<void> {
    this.#end(new Error("the server ends"));
    await this.#worker.terminate();
  }

  #begin(): void {
    if (this.#inHand) return;
    this.#inHand = this.#waiting.next();
    if (!this.#inHand) return;
    const { message } = this.#inHand;
    this.#worker.postMessage(message, "piece" in message ? [message.piece.buffer] : []);
  }

  #done(masked: Masked): void {
    const job = this.#inHand;
    this.#inHand = undefined;
    job?.resolve(masked);
    this.#begin();
  }

  #end(error: Error): void {
    this.#failure ??= error;
    const jobs = [...(this.#inHand ? [this.#inHand] : []), ...this.#waiting.empty()];
    this.#inHand = undefined;
    for (const { reject } of jobs) reject(error);
  }
}

import { Worker } from "node:worker_threads";
import { FairQueue } from "./fair-queue.ts";
import type { MaskRequest, MaskResponse } from "./messages.ts";

/** A message that waits for its account's turn. */
interface Job {
  message: MaskRequest;
  resolve: (masked: MaskResponse) => void;
  reject: (error: Error) => void;
}

/**
 * Far more than the masks of all uploads need. Only a fault exceeds it, which then ends the thread and not the server.
 */
const resourceLimits = { maxOldGenerationSizeMb: 128 };

/**
 * A thread that masks one piece at a time. Messages wait on this side, so that accounts take turns. When the thread
 * ends unexpectedly, the running message and all waiting ones fail.
 */
export class MaskThread {
  readonly #worker: Worker;
  readonly #waiting = new FairQueue<Job>();
  #inHand: Job | undefined;
  #failure: Error | undefined;
  /** Number of uploads that this thread masks. */
  uploads = 0;

  /** `failed` is called when the thread ends unexpectedly. */
  constructor(failed: (error: Error) => void, script: URL = new URL("./thread.ts", import.meta.url)) {
    this.#worker = new Worker(script, { execArgv: [], resourceLimits });
    // An idle thread does not keep the process alive; a running upload does, by its request.
    this.#worker.unref();
    this.#worker.on("message", (masked: MaskResponse) => this.#done(masked));
    const end = (error: Error) => {
      if (this.#failure) return;
      this.#end(error);
      failed(error);
    };
    this.#worker.on("error", (error) => end(new Error("the thread that masks logs failed", { cause: error })));
    this.#worker.on("exit", (code) => end(new Error(`the thread that masks logs ended with code ${code}`)));
  }

  /** Resolves with the thread's answer. Rejects when the thread has ended, or ends before it answers. */
  run(accountId: string, message: MaskRequest): Promise<MaskResponse> {
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

  #done(masked: MaskResponse): void {
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

import { createWriteStream, type WriteStream } from "node:fs";
import type { ClientEvent } from "../checker/history.ts";

/** Records requests and answers of the clients, in memory for the checker and as lines in a file for people. */
export class Recorder {
  readonly events: ClientEvent[] = [];
  /** Instant at which a client last got an answer of any status. */
  lastAnswerAt = 0;
  readonly #file: WriteStream;

  constructor(path: string) {
    this.#file = createWriteStream(path);
  }

  add(event: ClientEvent): void {
    this.events.push(event);
    if ("status" in event.reply) this.lastAnswerAt = event.answeredAt;
    this.#file.write(`${JSON.stringify(event)}\n`);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#file.end(resolve));
  }
}

import { Readable } from "node:stream";
import type { EventCursor, EventFilter } from "../events/scan.ts";
import { Alarm } from "../platform/http/alarm.ts";
import { type Batch, type Feed, idOfCursor } from "./feed.ts";

/** How long readers wait before they connect again. */
const retryMs = 2_000;
/** After this time without an event a stream gets a comment, so that proxies and readers see that it lives. */
export const heartbeatMs = 15_000;
/** After this time without reading, a reader's stream is ended. */
const stuckMs = 60_000;
/** After a failure of the database. */
const againMs = 1_000;
const bufferBytes = 16_384;

export interface StreamOptions {
  feed: Feed;
  filter: EventFilter;
  cursor: EventCursor;
  /** It begins with a reset. */
  isLost: boolean;
  /** Called for a failure after which the stream goes on. */
  failed: (error: unknown) => void;
  /** Called once, at the end. */
  ended: () => void;
}

/** One reader's events as the body of an answer. It reads on only when its reader has taken what there was. */
export class EventStream extends Readable {
  readonly feed: Feed;
  readonly #options: StreamOptions;
  readonly #alarm = new Alarm();
  #cursor: EventCursor;
  /** The id that the reader would come back with. */
  #toldId: string;
  #saidAt = performance.now();
  #fullSince: number | undefined;
  #drained: (() => void) | undefined;
  #over = false;

  constructor(options: StreamOptions) {
    super({ highWaterMark: bufferBytes });
    this.#options = options;
    this.feed = options.feed;
    this.#cursor = options.cursor;
    this.#toldId = idOfCursor(options.cursor);
    // With its first bytes the reader has the answer's head, and an id to come back with.
    this.#say(`retry: ${retryMs}\nid: ${this.#toldId}\n\n`);
    void this.#run();
  }

  /** There may be something new. */
  wake(): void {
    this.#alarm.ring();
  }

  /** Whether it waits at another position than the account's last one. */
  isBehind(last: number): boolean {
    return this.#cursor === "oldest" ? last > 0 : this.#cursor.position !== last;
  }

  /** Called every second: writes the comment with the stream's position; ends the stream if its reader reads nothing. */
  beat(): void {
    const now = performance.now();
    if (this.#fullSince !== undefined && now - this.#fullSince > stuckMs) return void this.destroy();
    if (this.#fullSince !== undefined || now - this.#saidAt < heartbeatMs) return;
    const id = idOfCursor(this.#cursor);
    // The id of an event that the filter held back: the reader comes back behind it.
    this.#say(id === this.#toldId ? ":\n\n" : `:\nid: ${id}\n\n`);
    this.#toldId = id;
  }

  /** Ends the stream; the reader may connect again. */
  finish(reason: string): void {
    if (this.#over) return;
    this.#say(`retry: ${retryMs}\n: ${reason}\n\n`);
    this.#stop();
    this.push(null);
  }

  override _read(): void {
    this.#fullSince = undefined;
    this.#drained?.();
    this.#drained = undefined;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stop();
    done(error);
  }

  async #run(): Promise<void> {
    let { isLost } = this.#options;
    while (!this.#over) {
      try {
        if (isLost) await this.#reset();
        isLost = false;
        const batch = await this.feed.after(this.#cursor, this.#options.filter);
        if (batch === "lost") await this.#reset();
        else if (!(await this.#tell(batch))) await this.#alarm.rest();
      } catch (error) {
        this.#options.failed(error);
        await this.#alarm.rest(againMs);
      }
    }
  }

  /** Answers whether there is more to tell at once. */
  async #tell({ entries, end, hasMore }: Exclude<Batch, "lost">): Promise<boolean> {
    const frames = entries.length === 0 ? [] : await this.feed.frames(entries);
    for (const [index, frame] of frames.entries()) {
      if (this.#over) return false;
      this.#say(frame);
      const { epoch = "", position = "" } = entries[index]?.row ?? {};
      this.#toldId = `${epoch}-${position}`;
      if (this.#fullSince !== undefined) await new Promise<void>((resolve) => (this.#drained = resolve));
    }
    this.#cursor = end;
    return hasMore;
  }

  /** The reader's events are not those of the database any more: it reads the state anew, and goes on from the last event. */
  async #reset(): Promise<void> {
    this.#cursor = await this.feed.last();
    if (this.#over) return;
    this.#toldId = idOfCursor(this.#cursor);
    this.#say(`event: reset\nid: ${this.#toldId}\ndata: {"last_event_id":"${this.#toldId}"}\n\n`);
  }

  #say(bytes: Buffer | string): void {
    if (this.#over) return;
    this.#saidAt = performance.now();
    if (!this.push(bytes)) this.#fullSince ??= performance.now();
  }

  #stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#alarm.ring();
    this.#drained?.();
    this.#options.ended();
  }
}

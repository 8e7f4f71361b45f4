import { limits } from "@tillkeeper/contract/limits";
import type { EventRow } from "../events/read.ts";
import { type EventFilter, lastPositions } from "../events/scan.ts";
import type { EventTail } from "../events/tail.ts";
import { ApiError } from "../platform/errors.ts";
import { every, type Worker } from "../platform/worker.ts";
import { EventStream } from "./event-stream.ts";
import { Feed, type FeedDeps } from "./feed.ts";
import { cursorOf, type Start } from "./start.ts";

/** Options of a stream. */
export interface Reader {
  accountId: string;
  filter: EventFilter;
  /** Resolves with false when the reader may not go on reading. Rejects when that cannot be told now. */
  isAllowed: () => Promise<boolean>;
  /** Called for a failure after which the stream goes on. */
  failed: (error: unknown) => void;
}

export interface StreamsDeps extends FeedDeps {
  tail: Pick<EventTail, "listen">;
}

interface OfAccount {
  feed: Feed;
  streams: Map<EventStream, Reader>;
}

const pulseMs = 1_000;
/** Every so many pulses each reader's token is looked at. */
const pulsesPerCheck = 5;
const retryAfterSeconds = 5;

/** The open streams of this process. */
export class EventStreams {
  readonly worker: Worker;
  readonly #deps: StreamsDeps;
  readonly #accounts = new Map<string, OfAccount>();
  #count = 0;
  #pulses = 0;
  #stopListening: (() => void) | undefined;
  #stopped = false;

  constructor(deps: StreamsDeps) {
    this.#deps = deps;
    this.worker = every("events.streams", pulseMs, () => this.#pulse(), { backWithinMs: pulseMs });
  }

  get count(): number {
    return this.#count;
  }

  /** Opens a stream. Throws `too_many_requests`, `service_unavailable`. */
  async open(reader: Reader, start: Start): Promise<EventStream> {
    const { accountId } = reader;
    this.#refuseTooMany(accountId);
    const known = this.#accounts.get(accountId)?.feed ?? new Feed(accountId, this.#deps);
    const found = await cursorOf(this.#deps.db, accountId, start);
    const isLost = found === "lost";
    const cursor = isLost ? await known.last() : found;
    this.#refuseTooMany(accountId);
    const ofAccount = this.#accounts.get(accountId) ?? { feed: known, streams: new Map() };
    this.#accounts.set(accountId, ofAccount);
    this.#stopListening ??= this.#deps.tail.listen((events) => this.#heard(events));
    const stream: EventStream = new EventStream({
      feed: ofAccount.feed,
      filter: reader.filter,
      cursor,
      isLost,
      failed: reader.failed,
      ended: () => this.#forget(ofAccount, stream),
    });
    ofAccount.streams.set(stream, reader);
    this.#count += 1;
    return stream;
  }

  /** Ends all streams, and opens none from now on: the server stops. */
  end(): void {
    this.#stopped = true;
    for (const [stream] of this.#all()) stream.finish("the server stops");
  }

  #refuseTooMany(accountId: string): void {
    if (this.#stopped || this.#count >= limits.eventStreams) {
      throw new ApiError("service_unavailable", "This server holds as many streams as it may.", { retryAfterSeconds });
    }
    if ((this.#accounts.get(accountId)?.streams.size ?? 0) >= limits.eventStreamsPerAccount) {
      throw new ApiError("too_many_requests", "The account has as many streams here as it may.", { retryAfterSeconds });
    }
  }

  #forget(ofAccount: OfAccount, stream: EventStream): void {
    if (!ofAccount.streams.delete(stream)) return;
    this.#count -= 1;
    if (ofAccount.streams.size === 0) this.#accounts.delete(ofAccount.feed.accountId);
    if (this.#count > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  #heard(events: readonly EventRow[]): void {
    const touched = new Set<OfAccount>();
    for (const row of events) {
      const ofAccount = this.#accounts.get(row.account_id);
      if (!ofAccount) continue;
      ofAccount.feed.hear(row);
      touched.add(ofAccount);
    }
    for (const { streams } of touched) for (const stream of streams.keys()) stream.wake();
  }

  async #pulse(): Promise<void> {
    for (const [stream] of this.#all()) stream.beat();
    if (this.#accounts.size === 0) return;
    // Finds streams that miss events, and feeds of a database that went back.
    const last = await lastPositions(this.#deps.db.sql, [...this.#accounts.keys()]);
    for (const [accountId, { feed, streams }] of this.#accounts) {
      const position = last.get(accountId) ?? 0;
      feed.checkLast(position);
      for (const stream of streams.keys()) if (stream.isBehind(position)) stream.wake();
    }
    this.#pulses += 1;
    if (this.#pulses % pulsesPerCheck === 0) await Promise.all(this.#all().map((one) => this.#check(...one)));
  }

  async #check(stream: EventStream, { isAllowed, failed }: Reader): Promise<void> {
    try {
      if (!(await isAllowed())) stream.finish("the token has ended, or may not read events any more");
    } catch (error) {
      failed(error);
    }
  }

  #all(): [EventStream, Reader][] {
    return [...this.#accounts.values()].flatMap(({ streams }) => [...streams]);
  }
}

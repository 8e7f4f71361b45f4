import { eventId } from "@tillkeeper/contract/events";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { limits } from "@tillkeeper/contract/limits";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { EventRow, PresentEvents } from "../events/read.ts";
import { type EventCursor, type EventFilter, lastEvent, passes, placeOf, scanEvents } from "../events/scan.ts";
import { sharedWork } from "../platform/store-limit.ts";

export interface FeedDeps {
  db: Db;
  present: PresentEvents;
}

/** An event on its way to streams. */
export interface Entry {
  row: EventRow;
  /** About how much memory it takes. */
  size?: number;
  /** Its bytes in a stream, made once for all streams. */
  frame?: Promise<Buffer>;
}

export type Batch = { entries: Entry[]; end: EventCursor; hasMore: boolean } | "lost";

/** Events that a stream takes at a time. */
const batchSize = 100;
/** Events that are kept for streams that are nearly up to date; others read the table. */
const mostRecent = 500;
/** The size of their objects in all: a store with thousands of terminals takes half a megabyte. */
const mostRecentSize = 8 * 1024 * 1024;

/** The events of one account for the streams of this process: each is read and presented once for all that are at the same place. */
export class Feed {
  readonly accountId: string;
  readonly #deps: FeedDeps;
  /** The newest events from the tail: positions without gaps, of one epoch. */
  #recent: Entry[] = [];
  #recentSize = 0;
  /** Reads of the table that are under way, by cursor and filter. */
  readonly #reads = new Map<string, Promise<Batch>>();

  constructor(accountId: string, deps: FeedDeps) {
    this.accountId = accountId;
    this.#deps = deps;
  }

  /** Takes events from the tail. If they do not follow on the last one, streams read the table instead. */
  hear(row: EventRow): void {
    const last = this.#recent.at(-1)?.row;
    if (last && !follows(last, row)) this.#forget();
    const size = row.data === null ? 0 : JSON.stringify(row.data).length;
    this.#recent.push({ row, size });
    this.#recentSize += size;
    while (this.#recent.length > mostRecent || (this.#recentSize > mostRecentSize && this.#recent.length > 1)) {
      this.#recentSize -= this.#recent.shift()?.size ?? 0;
    }
  }

  /** The account's last position is another one than the tail told. If it is lower, the database went back. */
  checkLast(position: number): void {
    if (position < Number(this.#recent.at(-1)?.row.position ?? 0)) this.#forget();
  }

  /** The next events behind a cursor, as far as the filter lets them through. */
  after(cursor: EventCursor, filter: EventFilter): Promise<Batch> {
    const recent = this.#recentAfter(cursor);
    if (recent) {
      const entries = recent.slice(0, batchSize);
      const last = entries.at(-1)?.row;
      return Promise.resolve({
        entries: entries.filter(({ row }) => passes(filter, row)),
        end: last ? placeOf(last) : cursor,
        hasMore: recent.length > entries.length,
      });
    }
    const key = JSON.stringify([cursor, filter]);
    const read = this.#reads.get(key) ?? this.#read(cursor, filter).finally(() => this.#reads.delete(key));
    this.#reads.set(key, read);
    return read;
  }

  /** The bytes of these events, presented once. Rejects when they cannot be presented now. */
  frames(entries: readonly Entry[]): Promise<Buffer[]> {
    const fresh = entries.filter(({ frame }) => frame === undefined);
    if (fresh.length > 0) {
      const rows = fresh.map(({ row }) => row);
      // Presented once for all streams, without the limits of one: which events a stream gets was decided before.
      const made = sharedWork(() => this.#deps.present(this.accountId, rows)).then((events) => events.map(frameOf));
      for (const [index, entry] of fresh.entries()) {
        entry.frame = made.then((frames) => frames[index] as Buffer);
        entry.frame.catch(() => delete entry.frame);
      }
    }
    return Promise.all(entries.map(({ frame }) => frame as Promise<Buffer>));
  }

  /** The account's last event. */
  last(): Promise<EventCursor> {
    return inTenant(this.#deps.db, this.accountId, (tx) => lastEvent(tx, this.accountId));
  }

  #forget(): void {
    this.#recent = [];
    this.#recentSize = 0;
  }

  /** The tail's events behind a cursor; undefined where only the table can tell whether they follow on it. */
  #recentAfter(cursor: EventCursor): Entry[] | undefined {
    const first = this.#recent[0]?.row;
    if (!first || cursor === "oldest" || first.epoch !== cursor.epoch) return undefined;
    const index = cursor.position + 1 - Number(first.position);
    // One epoch gives a position once, so within it the next position is the next event.
    return index >= 0 && index <= this.#recent.length ? this.#recent.slice(index) : undefined;
  }

  async #read(after: EventCursor, filter: EventFilter): Promise<Batch> {
    const { accountId } = this;
    const scan = { accountId, after, filter, limit: batchSize, span: limits.eventsScanned };
    const found = await inTenant(this.#deps.db, accountId, (tx) => scanEvents(tx, scan));
    if (found === "lost") return "lost";
    const { events, end, hasMore } = found;
    return { entries: events.map((row) => ({ row })), end, hasMore };
  }
}

function follows(last: EventRow, next: EventRow): boolean {
  return Number(next.position) === Number(last.position) + 1 && next.epoch === last.epoch;
}

/** A frame without the event's name, so that one listener gets all types, also those of later versions. */
function frameOf(event: EventEnvelope): Buffer {
  return Buffer.from(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
}

/** The id by which a reader goes on from here. */
export function idOfCursor(cursor: EventCursor): string {
  return cursor === "oldest" ? "0" : eventId(cursor);
}

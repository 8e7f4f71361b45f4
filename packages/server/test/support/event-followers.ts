import { setTimeout as sleep } from "node:timers/promises";
import type { EventPage } from "@tillkeeper/contract/http/events";
import type { Db } from "@tillkeeper/server/db/db";
import { sql } from "kysely";
import { expect, vi } from "vitest";
import { type NewEvent, writeEvents } from "../../src/events/write.ts";
import { EventReader } from "./event-reader.ts";

/** What a follower read without being told to read the state anew: the id it began behind, and the ids that came. */
interface Segment {
  from: string;
  ids: string[];
}

interface FollowerOptions {
  /** The servers that it may connect to; another one each time. */
  urls: () => readonly string[];
  aid: string;
  token: string;
}

/** Reads all events of an account, and comes back again and again, as a client does whose link is bad. */
export abstract class Follower {
  readonly segments: Segment[] = [{ from: "0", ids: [] }];
  protected readonly options: FollowerOptions;
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(options: FollowerOptions) {
    this.options = options;
    this.#running = this.#run();
  }

  get lastId(): string {
    const { from, ids } = this.segments.at(-1) as Segment;
    return ids.at(-1) ?? from;
  }

  stop(): Promise<void> {
    this.#isOver = true;
    return this.#running;
  }

  protected url(): string {
    const urls = this.options.urls();
    return `${urls[Math.floor(Math.random() * urls.length)]}/v1/accounts/${this.options.aid}/events`;
  }

  protected take(id: string): void {
    this.segments.at(-1)?.ids.push(id);
  }

  /** Reads for a moment. May reject when the server is away. */
  protected abstract readOn(): Promise<void>;

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.readOn().catch(() => undefined);
      await sleep(Math.random() * 30);
    }
  }
}

export class StreamFollower extends Follower {
  #lastEventId = "0";

  protected async readOn(): Promise<void> {
    const { token } = this.options;
    const reader = await EventReader.open({ url: this.url(), token, lastEventId: this.#lastEventId });
    const until = performance.now() + Math.random() * 400;
    while (!reader.ended && performance.now() < until) await sleep(5);
    reader.cut();
    while (!reader.ended) await sleep(2);
    for (const { event, data } of reader.blocks) {
      if (data === undefined) continue;
      if (event === "reset") this.segments.push({ from: JSON.parse(data).last_event_id, ids: [] });
      else this.take(JSON.parse(data).id);
    }
    this.#lastEventId = reader.lastEventId as string;
  }
}

export class PageFollower extends Follower {
  protected async readOn(): Promise<void> {
    const authorized = { headers: { authorization: `Bearer ${this.options.token}` } };
    const limit = 1 + Math.floor(Math.random() * 20);
    const answer = await fetch(`${this.url()}?limit=${limit}&starting_after=${this.lastId}`, authorized);
    if (answer.status === 410) {
      const latest = (await (await fetch(`${this.url()}?starting_after=latest`, authorized)).json()) as EventPage;
      this.segments.push({ from: latest.last_event_id ?? "0", ids: [] });
    } else if (answer.ok) {
      for (const { id } of ((await answer.json()) as EventPage).events) this.take(id);
    }
  }
}

/** Writes events in transactions that commit in another order than they began. */
export function writeOutOfOrder(db: Db, aid: string): { stop: () => Promise<void> } {
  const over = new AbortController();
  const event = (subject: string): NewEvent => ({
    accountId: aid,
    type: "terminal_presence",
    cause: "test",
    at: new Date(),
    subject,
    actor: "test",
    data: {},
  });
  const write = async (writer: number) => {
    while (!over.signal.aborted) {
      await db.sql
        .transaction()
        .execute(async (tx) => {
          await writeEvents(tx, [event(`writer-${writer}`)]);
          await sql`select pg_sleep(${Math.random() * 0.05})`.execute(tx);
        })
        .catch(() => undefined);
    }
  };
  const writers = [1, 2, 3, 4, 5].map(write);
  return {
    async stop() {
      over.abort();
      await Promise.all(writers);
    },
  };
}

const positionOf = (id: string) => Number(id.split("-")[1] ?? 0);

/** Waits until all followers have read everything; then each has read every id once, in order, and what it was told of is there. */
export async function expectNothingSkippedOrDoubled(
  db: Db,
  aid: string,
  followers: readonly Follower[],
): Promise<void> {
  const waiting = () => db.sql.selectFrom("new_events").select("seq").where("account_id", "=", aid).executeTakeFirst();
  await vi.waitUntil(async () => (await waiting()) === undefined, { timeout: 20_000, interval: 20 });
  const rows = await db.sql
    .selectFrom("events")
    .select(["epoch", "position"])
    .where("account_id", "=", aid)
    .orderBy("position")
    .execute();
  const ids = rows.map(({ epoch, position }) => `${epoch}-${position}`);
  expect(ids.map(positionOf)).toEqual(ids.map((_, index) => index + 1));
  await vi.waitUntil(() => followers.every(({ lastId }) => lastId === ids.at(-1)), { timeout: 30_000, interval: 20 });
  await Promise.all(followers.map((follower) => follower.stop()));
  for (const { segments } of followers) {
    for (const segment of segments) {
      const first = positionOf(segment.from) + 1;
      expect(segment.ids.map(positionOf)).toEqual(segment.ids.map((_, index) => first + index));
    }
    const { from, ids: read } = segments.at(-1) as Segment;
    expect(read).toEqual(ids.slice(positionOf(from)));
  }
}

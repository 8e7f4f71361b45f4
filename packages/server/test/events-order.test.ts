import { setTimeout as sleep } from "node:timers/promises";
import { ownServer } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import { describe, expect, it, vi } from "vitest";
import { Sequencer } from "../src/events/order.ts";
import { type NewEvent, writeEvents } from "../src/events/write.ts";

const accounts = ["T61000001", "T61000002", "T61000003"];

/** The sequencer: events get their places after their commit, not by the begin of their transactions. */
describe("the order of events", async () => {
  const server = await ownServer();
  const { db } = server;
  const event = (accountId: string, subject: string, cause: string): NewEvent => ({
    accountId,
    type: "terminal_presence",
    cause,
    at: new Date(),
    subject,
    actor: "test",
    data: {},
  });

  it("has positions without gaps, loses and doubles nothing, and keeps the order of commits of each subject", async () => {
    const writers = 24;
    const rounds = 15;
    const writing = new AbortController();
    let killed = 0;
    // The server's own sequencer, and three more of other epochs, of which connections are killed in between.
    const sequencers = Array.from({ length: 3 }, async () => {
      while (!writing.signal.aborted) await new Sequencer(db.pool).order(7).catch(() => 0);
    });
    const killer = (async () => {
      while (!writing.signal.aborted) {
        await sleep(60);
        const { rows } = await db.pool.query<{ count: number }>(
          `select count(pg_terminate_backend(pid))::int as count from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and query like '%update event_turn%'`,
        );
        killed += rows[0]?.count ?? 0;
      }
    })();
    const failed = { count: 0 };
    const write = async (writer: number) => {
      for (let round = 0; round < rounds; round += 1) {
        const accountId = accounts[(writer + round) % accounts.length] as string;
        const cause = `${writer}-${round}`;
        const attempt = () =>
          db.sql.transaction().execute(async (tx) => {
            await writeEvents(tx, [event(accountId, `writer-${writer}`, `${cause}-a`)]);
            // Held open for a while, so that later transactions commit before it.
            await sql`select pg_sleep(${Math.random() * 0.03})`.execute(tx);
            await writeEvents(tx, [event(accountId, `writer-${writer}`, `${cause}-b`)]);
            // Some are rolled back: their events must not be there.
            if (round % 5 === 4) throw new Error("rolled back");
          });
        await attempt().catch(() => {
          failed.count += 1;
        });
      }
    };
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    writing.abort();
    await Promise.all([...sequencers, killer]);
    const left = () => db.sql.selectFrom("new_events").select("seq").executeTakeFirst();
    await vi.waitUntil(async () => (await left()) === undefined, { timeout: 20_000, interval: 20 });

    const rows = await db.sql
      .selectFrom("events")
      .selectAll()
      .where("account_id", "in", accounts)
      .orderBy("place")
      .execute();
    const all = await db.sql.selectFrom("events").select("place").orderBy("place").execute();
    expect(all.map(({ place }) => Number(place))).toEqual(all.map((_, index) => index + 1));
    expect(killed).toBeGreaterThan(0);
    expect(new Set(rows.map(({ epoch }) => epoch)).size).toBeGreaterThan(1);
    for (const accountId of accounts) {
      const own = rows.filter(({ account_id }) => account_id === accountId);
      expect(own.map(({ position }) => Number(position))).toEqual(own.map((_, index) => index + 1));
      const head = await db.sql
        .selectFrom("event_heads")
        .select("position")
        .where("account_id", "=", accountId)
        .executeTakeFirst();
      expect(Number(head?.position)).toBe(own.length);
    }
    const committed = (writer: number) =>
      Array.from({ length: rounds }, (_, round) => round).flatMap((round) =>
        round % 5 === 4 ? [] : [`${writer}-${round}-a`, `${writer}-${round}-b`],
      );
    const causes = new Set(rows.map(({ cause }) => cause));
    expect(causes.size).toBe(rows.length);
    for (let writer = 0; writer < writers; writer += 1) {
      const told = rows.filter(({ subject }) => subject === `writer-${writer}`).map(({ cause }) => cause);
      const wanted = new Set(committed(writer));
      expect(told.every((cause) => wanted.has(cause))).toBe(true);
      // By account a writer's transactions follow each other, and so do their events; over accounts, too.
      const inOrder = committed(writer).filter((cause) => causes.has(cause));
      expect(told).toEqual(inOrder);
      // A killed connection is a sequencer's, unless a writer's happened to look like one: none does.
      expect(told).toHaveLength(wanted.size);
    }
    expect(failed.count).toBe(writers * (rounds / 5));
  });
});

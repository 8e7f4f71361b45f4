import { world } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { Sequencer } from "../src/events/order.ts";
import { writeEvents } from "../src/events/write.ts";

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

/** Events go by the week, once the whole week is older than the retention: by real time, and by business time (D38). */
describe("the retention of events", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const { db } = server;
  const page = (after: string) => server.call("GET", `/v1/accounts/${aid}/events?starting_after=${after}`, tenant);
  const weeks = async () => {
    const { rows } = await sql<{ name: string }>`
      select relname::text as name from pg_class where relispartition and relname ~ '^events_[0-9_]+$' order by 1`.execute(
      db.sql,
    );
    return rows.map(({ name }) => name);
  };
  const drop = async (before: Date) => {
    const { rows } = await sql<{ name: string }>`
      select tillkeeper_drop_event_weeks(now(), ${before}) as name`.execute(db.sql);
    return rows.map(({ name }) => name);
  };

  /** Three events that were placed so many days ago, as if nothing had come since; answers their ids. */
  async function placedAgo(days: number, at = daysAgo(days)): Promise<string[]> {
    const event = {
      accountId: aid,
      type: "terminal_presence",
      cause: "test",
      at,
      subject: "x",
      actor: "test",
    } as const;
    await db.sql.transaction().execute((tx) => writeEvents(tx, [event, event, event]));
    await new Sequencer(db.pool).order();
    const found = await expect
      .poll(() => db.sql.selectFrom("events").selectAll().where("at", "=", at).orderBy("position").execute())
      .toHaveLength(3)
      .then(() => db.sql.selectFrom("events").selectAll().where("at", "=", at).orderBy("position").execute());
    await sql`select tillkeeper_make_event_week(${daysAgo(days)})`.execute(db.sql);
    await sql`update events set placed_at = ${daysAgo(days)} where at = ${at}`.execute(db.sql);
    return found.map(({ epoch, position }) => `${epoch}-${position}`);
  }

  it("drops what is over, oldest first, and tells a reader of it to begin anew", async () => {
    const [first = "", , last = ""] = await placedAgo(60);
    const before = await weeks();
    expect(before).toHaveLength(3);
    expect((await page(first)).body.events).toHaveLength(2);
    expect(await drop(daysAgo(90))).toEqual([]);
    expect(await drop(daysAgo(30))).toEqual([before[0]]);
    expect(await page(first)).toMatchObject({ status: 410, body: { error: { code: "events_gone" } } });
    // Who has the last one has missed nothing.
    expect(await page(last)).toMatchObject({ status: 200, body: { events: [], last_event_id: last } });
    // Positions go on where they were.
    const [next = ""] = await placedAgo(0);
    expect(Number(next.split("-")[1])).toBe(Number(last.split("-")[1]) + 1);
    expect((await page("0")).body.events[0].id).toBe(next);
  });

  it("keeps a week of which something is young by business time, and all that is newer", async () => {
    await placedAgo(80, daysAgo(1));
    await placedAgo(60, daysAgo(70));
    expect(await drop(daysAgo(30))).toEqual([]);
    expect(await drop(daysAgo(0))).toHaveLength(2);
  });

  it("is of the current week never, whatever the business clock says", async () => {
    await placedAgo(0, daysAgo(400));
    const before = await weeks();
    expect(await drop(new Date(Date.now() + 1e9))).toEqual([]);
    expect(await weeks()).toEqual(before);
  });
});

import { world } from "@tillkeeper/stage/world";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Sequencer } from "../src/events/order.ts";
import { type NewEvent, writeEvents } from "../src/events/write.ts";
import { EventReader } from "./support/event-reader.ts";

/** D33: a stream never holds an id twice and never skips one; after a cut the reader gets the next. */
describe("the stream of events", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const event = (subject: string, more: Partial<NewEvent> = {}): NewEvent => ({
    accountId: aid,
    type: "terminal_presence",
    cause: "test",
    at: new Date(),
    subject,
    actor: "test",
    data: { terminal_id: "T1", status: "online", reason: "connected", at: new Date().toISOString() },
    ...more,
  });
  const write = (...events: NewEvent[]) => writeEvents(server.db.sql, events);
  const readers: EventReader[] = [];
  const open = async (query = "", lastEventId?: string, of = tenant) => {
    const url = `${server.url}/v1/accounts/${of.aid}/events${query}`;
    const reader = await EventReader.open({ url, token: of.token, lastEventId });
    readers.push(reader);
    return reader;
  };
  const subjects = ({ events }: EventReader) => events.map(({ subject }) => subject);
  afterEach(() => {
    for (const reader of readers.splice(0)) reader.cut();
  });

  it("begins with what comes next, and with an id to come back with, also in an account without events", async () => {
    const reader = await open();
    expect(reader.status).toBe(200);
    expect(reader.headers.get("content-type")).toBe("text/event-stream");
    await reader.until(({ lastEventId }) => lastEventId === "0");
    reader.cut();
    await write(event("meanwhile"));
    const again = await open("", reader.lastEventId);
    await again.until(({ events }) => events.length === 1);
    expect(again.events).toMatchObject([
      { subject: "meanwhile", type: "terminal_presence", presence: { status: "online" } },
    ]);
    expect(again.lastEventId).toBe(again.events[0]?.id);
    const next = await open();
    await next.until(({ lastEventId }) => lastEventId === again.lastEventId);
    await write(event("one"), event("two"));
    for (const one of [next, again]) await one.until(({ events }) => events.at(-1)?.subject === "two");
    expect(subjects(next)).toEqual(["one", "two"]);
  });

  it("begins with what came in the last half minute, where a reader says so", async () => {
    const own = await server.account();
    const events = (...names: string[]) => write(...names.map((name) => event(name, { accountId: own.aid })));
    const { body } = await server.call("GET", `/v1/accounts/${own.aid}/events?starting_after=recent`, own);
    expect(body).toEqual({ events: [], has_more: false });
    await events("long ago");
    const all = await open("", "recent", own);
    await all.until(({ events: seen }) => seen.length === 1);
    await server.db.pool.query(
      "update events set placed_at = placed_at - interval '31 seconds' where account_id = $1",
      [own.aid],
    );
    const none = await open("", "recent", own);
    await none.until(({ lastEventId }) => lastEventId === all.events[0]?.id);
    await events("just now");
    const recent = await open("?starting_after=recent", undefined, own);
    for (const one of [none, recent]) await one.until(({ events: seen }) => seen.length === 1);
    expect([subjects(none), subjects(recent)]).toEqual([["just now"], ["just now"]]);
    const path = `/v1/accounts/${own.aid}/events?starting_after=recent`;
    expect((await server.call("GET", path, own)).body.events).toMatchObject([{ subject: "just now" }]);
    // More than are told again.
    await events(...Array.from({ length: 500 }, (_, index) => `crowd-${index}`));
    await recent.until(({ events: seen }) => seen.length === 501);
    const { status, body: refused } = await server.call("GET", path, own);
    expect([status, refused.error.code]).toEqual([410, "events_gone"]);
    const late = await open("", "recent", own);
    await late.until(({ resets }) => resets.length === 1);
    expect(late.lastEventId).toBe(recent.lastEventId);
    await events("after it");
    await late.until(({ events: seen }) => seen.length > 0);
    expect(subjects(late)).toEqual(["after it"]);
  });

  it("goes on behind Last-Event-ID or starting_after, and with 0 from the oldest that is kept", async () => {
    const all = await open("", "0");
    await all.until(({ events }) => events.length === 3);
    const [first] = all.events;
    for (const reader of [
      await open("", first?.id),
      await open(`?starting_after=${first?.id}`),
      await open("?starting_after=0", first?.id),
    ]) {
      await reader.until(({ events }) => events.length === 2);
      expect(subjects(reader)).toEqual(["one", "two"]);
    }
  });

  it("tells a reader of an event that is not there to read the state anew, and goes on from there", async () => {
    const all = await open("", "0");
    await all.until(({ events }) => events.length === 3);
    const [epoch, position] = (all.lastEventId as string).split("-");
    for (const lost of [`00000000-${position}`, `${epoch}-99999999`]) {
      const reader = await open("", lost);
      await reader.until(({ resets }) => resets.length === 1);
      expect(JSON.parse(reader.resets[0]?.data as string)).toEqual({ last_event_id: all.lastEventId });
      expect(reader.lastEventId).toBe(all.lastEventId);
      await write(event("after"));
      await reader.until(({ events }) => events.length === 1);
      await all.until(({ events }) => events.at(-1)?.id === reader.lastEventId);
    }
  });

  it("refuses a Last-Event-ID that is none, naming it", async () => {
    const call = (lastEventId: string) =>
      server.call("GET", `/v1/accounts/${aid}/events`, {
        ...tenant,
        headers: { accept: "text/event-stream", "last-event-id": lastEventId },
      });
    for (const id of ["12", "x", "00000000-0", "zzzzzzzz-1"]) {
      const { status, body } = await call(id);
      expect(status).toBe(400);
      expect(body.error.errors).toMatchObject([{ path: "/headers/last-event-id" }]);
    }
  });

  it("tells a live reader when the database goes back, and not one whose events are still there", async () => {
    const other = await server.account();
    const both = { live: await open("", "0"), quiet: await open("", "0", other) };
    await write(event("kept", { accountId: other.aid }), event("lost-1"), event("lost-2"));
    await both.live.until(({ events }) => events.at(-1)?.subject === "lost-2");
    await both.quiet.until(({ events }) => events.length === 1);
    // As a restore does it: the last events are gone, and their positions are given again, by another sequencer.
    await server.db.sql.transaction().execute(async (tx) => {
      const gone = await tx
        .deleteFrom("events")
        .where("account_id", "=", aid)
        .where("subject", "like", "lost-%")
        .returning("position")
        .execute();
      expect(gone).toHaveLength(2);
      await tx
        .updateTable("event_heads")
        .set(({ eb }) => ({ position: eb("position", "-", "2") }))
        .where("account_id", "=", aid)
        .execute();
    });
    await both.live.until(({ resets }) => resets.length === 1);
    await write(event("anew"));
    await both.live.until(({ events }) => events.at(-1)?.subject === "anew");
    await write(event("more", { accountId: other.aid }));
    await both.quiet.until(({ events }) => events.length === 2);
    expect(both.quiet.resets).toEqual([]);
  });

  it("has filters, and a quiet reader's id moves on all the same", async () => {
    const reader = await open("?subject=wanted&type=terminal_presence");
    const all = await open();
    await all.until(({ lastEventId }) => lastEventId !== undefined);
    const began = reader.lastEventId;
    await write(event("wanted"), event("unwanted"), event("wanted", { type: "terminal_paired" }), event("wanted"));
    await reader.until(({ events }) => events.length === 2);
    await write(event("unwanted"));
    await all.until(({ events }) => events.length === 5);
    expect(subjects(reader)).toEqual(["wanted", "wanted"]);
    expect(reader.lastEventId).not.toBe(began);
    // Real time: the heartbeat after 15 s says where the reader is.
    await reader.until(({ lastEventId }) => lastEventId === all.lastEventId);
    expect(reader.blocks.at(-1)).toMatchObject({ comment: "", id: all.lastEventId });
    expect((await open("?store_id=nobodys")).status).toBe(404);
  });

  it("catches up from the table, however far behind it is, while others are told at once", async () => {
    const from = await open();
    await from.until(({ lastEventId }) => lastEventId !== undefined);
    const began = from.lastEventId;
    await write(...Array.from({ length: 1_500 }, (_, index) => event(`many-${index}`)));
    await from.until(({ events }) => events.length === 1_500);
    const late = await open("", began);
    await late.until(({ events }) => events.length === 1_500);
    expect(late.events.map(({ id }) => id)).toEqual(from.events.map(({ id }) => id));
    const wanted = await open("?subject=many-1400", began);
    await wanted.until(({ events }) => events.length === 1);
  });

  it("shows nothing of another account", async () => {
    const stranger = await server.account();
    expect((await open("", "0", { ...stranger, aid })).status).toBe(404);
    const theirs = await open("", "0", stranger);
    await write(event("own"));
    const own = await open("", "0");
    await own.until(({ events }) => events.at(-1)?.subject === "own");
    expect(theirs.events).toEqual([]);
    const foreign = await open("", own.lastEventId, stranger);
    await foreign.until(({ resets }) => resets.length === 1);
    expect(foreign.lastEventId).toBe("0");
  });

  it("ends when the grant of its token is removed, and when it lost one of its scopes", async () => {
    const client = await server.account(aid, {
      clientId: "watcher",
      scopes: ["read:accounts", "read:checkout:/admin/terminals"],
    });
    const reader = await open("", undefined, client);
    await reader.until(({ lastEventId }) => lastEventId !== undefined);
    await server.db.pool.query(
      `update client_grants set scopes = '{read:accounts}', narrowed_at = now()
       where 'read:checkout:/admin/terminals' = any(scopes)`,
    );
    await vi.waitUntil(() => reader.ended, { timeout: 30_000, interval: 50 });
    expect(reader.blocks.at(-1)).toMatchObject({ retry: "2000", comment: expect.stringMatching(/token/) });
  });

  it("ends at once when the server stops, and goes on at the next", async () => {
    const reader = await open();
    await reader.until(({ lastEventId }) => lastEventId !== undefined);
    await server.restart();
    expect(reader.ended).toBe(true);
    expect(reader.blocks.at(-1)).toMatchObject({ comment: "the server stops" });
    await write(event("after the restart"));
    await new Sequencer(server.db.pool).order();
    const again = await open("", reader.lastEventId);
    await again.until(({ events }) => events.length === 1);
  });
});

import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import type { EventPage } from "@tillkeeper/contract/http/events";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type NewEvent, writeEvents } from "../src/events/write.ts";

/** D33: a page never holds an id twice and never skips one. */
const device = { device_serial_number: "1", device_address: "T1-D1" };

describe("the page of events", async () => {
  const { server, tenant, aid } = await world();
  const path = `/v1/accounts/${aid}/events`;
  const get = (query = "", of = tenant) => server.call<EventPage>("GET", `${path}${query}`, of);
  const event = (subject: string, more: Partial<NewEvent> = {}): NewEvent => ({
    accountId: aid,
    type: "terminal_presence",
    cause: "test",
    at: new Date(),
    subject,
    actor: "test",
    data: { terminal_id: "T1", status: "online", reason: "connected", at: new Date().toISOString(), ...device },
    ...more,
  });

  async function write(events: NewEvent[]): Promise<void> {
    await writeEvents(server.db.sql, events);
    const waiting = () => server.db.sql.selectFrom("new_events").select("seq").executeTakeFirst();
    await vi.waitUntil(async () => (await waiting()) === undefined, { timeout: 20_000, interval: 20 });
  }

  async function all(query = "", limit = 100): Promise<{ events: EventEnvelope[]; pages: number; last: string }> {
    const events: EventEnvelope[] = [];
    let after = "";
    for (let pages = 1; ; pages += 1) {
      const { status, body, headers } = await get(`?limit=${limit}${query}${after && `&starting_after=${after}`}`);
      expect(status).toBe(200);
      events.push(...body.events);
      after = body.last_event_id as string;
      expect(headers.get("link") !== null).toBe(body.has_more);
      if (!body.has_more) return { events, pages, last: after };
      expect(headers.get("link")).toContain(`starting_after=${after}`);
    }
  }

  let storeRef: string;
  beforeAll(async () => {
    const store = await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S1" } });
    storeRef = store.body.id;
  });

  it("is empty, with nothing to go on from, in an account without events", async () => {
    const other = await server.account();
    const { body } = await server.call("GET", `/v1/accounts/${other.aid}/events`, other);
    expect(body).toEqual({ events: [], has_more: false });
    const latest = await server.call("GET", `/v1/accounts/${other.aid}/events?starting_after=latest`, other);
    expect(latest.body).toEqual({ events: [], has_more: false });
  });

  it("shows all events once, oldest first, by pages of any size, and goes on from the last one", async () => {
    await write(Array.from({ length: 60 }, (_, index) => event(`subject-${index % 3}`)));
    const { events, pages, last } = await all("", 7);
    expect(pages).toBe(9);
    expect(events.map(({ id }) => id.split("-")[1])).toEqual(Array.from({ length: 61 }, (_, index) => `${index + 1}`));
    expect(events[0]).toMatchObject({ event: "account_store_add", store: { id: storeRef }, subject: storeRef });
    expect(last).toBe(events.at(-1)?.id);
    expect((await get(`?starting_after=${last}`)).body).toEqual({ events: [], has_more: false, last_event_id: last });
    expect((await get("?starting_after=latest")).body).toEqual({ events: [], has_more: false, last_event_id: last });
    expect((await get("?starting_after=0&limit=1")).body.events).toEqual([events[0]]);
    await write([event("later")]);
    expect((await get(`?starting_after=${last}`)).body.events).toMatchObject([{ subject: "later" }]);
  });

  it("has filters by type, store, terminal and subject", async () => {
    await write([
      event("t-1", { terminalId: "t-1", storeRef }),
      event("t-2", { terminalId: "t-2", storeRef: "another" }),
      event("pair", { type: "terminal_paired", terminalId: "t-1", storeRef }),
    ]);
    const subjects = async (query: string) => (await all(query, 2)).events.map(({ subject }) => subject);
    expect(await subjects("&terminal_id=t-1")).toEqual(["t-1", "pair"]);
    expect(await subjects("&store_id=S1")).toEqual([storeRef, "t-1", "pair"]);
    expect(await subjects(`&store_id=${storeRef}`)).toEqual([storeRef, "t-1", "pair"]);
    expect(await subjects("&type=terminal_paired&type=account_store_add")).toEqual([storeRef, "pair"]);
    expect(await subjects("&type=terminal_paired&subject=t-1")).toEqual([]);
    expect((await get("?store_id=nobodys")).body).toMatchObject({ error: { code: "store_not_found" } });
    expect((await get("?type=something")).status).toBe(400);
  });

  it("looks through a bounded number of events for a rare one, and says that there is more", async () => {
    const quiet = Array.from({ length: 10_400 }, (_, index) => event(`quiet-${index}`));
    await write([...quiet, event("rare"), event("loud")]);
    const { events, pages } = await all("&subject=rare");
    expect(events.map(({ subject }) => subject)).toEqual(["rare"]);
    expect(pages).toBe(3);
  });

  it("is refused with 410 to readers whose event is not there any more, and 400 to those whose id is none", async () => {
    const { last } = await all("&subject=rare");
    const [epoch, position] = last.split("-");
    const lost = [`00000000-${position}`, `${epoch}-${Number(position) + 1}`, `${epoch}-99999999`];
    for (const id of lost) {
      const { status, body } = await get(`?starting_after=${id}`);
      expect(status).toBe(410);
      expect(body).toMatchObject({ error: { code: "events_gone", errors: [{ path: "/query/starting_after" }] } });
    }
    for (const id of ["1", "abc", `${epoch}`, `${epoch}-0`, `${last} `])
      expect((await get(`?starting_after=${encodeURIComponent(id)}`)).status, id).toBe(400);
    // Events past their days are gone, too; without an id a page begins with the oldest event.
    await server.db.sql.deleteFrom("events").where("account_id", "=", aid).where("position", "<=", "20").execute();
    expect((await get(`?starting_after=${epoch}-20`)).status).toBe(410);
    expect((await get("?limit=1")).body.events[0]?.id).toBe(`${epoch}-21`);
  });

  it("asks for the scopes of operations and of accounts, one of each", async () => {
    let readers = 0;
    const reader = async (...scopes: string[]) => {
      readers += 1;
      const of = await server.account(aid, { clientId: `reader-${readers}`, scopes: scopes as never });
      return get("", of);
    };
    const operations = "read:checkout:/admin/terminals";
    expect((await reader(operations, "read:accounts")).status).toBe(200);
    expect((await reader("admin:checkout", "read:accounts")).status).toBe(200);
    for (const scopes of [[operations], ["read:accounts"], ["admin:accounts"], ["admin:checkout"]]) {
      const { status, body } = await reader(...scopes);
      expect(status).toBe(403);
      expect(JSON.stringify(body)).toContain("; and one of: ");
    }
  });

  it("shows nothing of another account", async () => {
    const stranger = await server.account();
    expect((await get("", stranger)).status).toBe(404);
    const { last } = await all("&subject=rare");
    const own = `/v1/accounts/${stranger.aid}/events`;
    expect((await server.call("GET", own, stranger)).body.events).toEqual([]);
    expect((await server.call("GET", `${own}?starting_after=${last}`, stranger)).status).toBe(410);
    expect((await server.call("GET", `${own}?store_id=${storeRef}`, stranger)).status).toBe(404);
  });
});

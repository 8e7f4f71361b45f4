import type { HookDelivery } from "@tillkeeper/contract/http/hook-schemas";
import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { hourMs, minuteMs } from "../src/platform/time-spans.ts";
import { forgetDeliveries } from "../src/webhooks/retention.ts";
import { hooksOf, reachesTests, receiver, subjectsOf } from "./support/hooks.ts";

/** Decision D25: at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, by business time. */
const waitsMs = [5_000, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 5 * hourMs, 10 * hourMs, 10 * hourMs];

const farAway = new Date("2100-01-01T00:00:00Z");

describe("a receiver that fails", async () => {
  const { server, tenant } = await world({ own: reachesTests });
  const hooks = hooksOf(server, tenant);
  /** Moves the clock, beyond the life of tokens. */
  const advance = async (ms: number) => {
    server.clock.advance(ms);
    tenant.token = await fetchToken(server.url, { ...tenant, accountId: tenant.aid });
  };

  it("gets an event again by the schedule, is paused when it never took one, and goes on when it is told to", async () => {
    const [broken, watching] = [await receiver(), await receiver()];
    const made = await hooks.create(broken.url);
    await hooks.create(watching.url, { events: ["hook_subscription_paused"] });
    await expect.poll(() => broken.received.length).toBe(1);
    broken.behave({ status: 500 });
    await hooks.happen(["A"]);
    await expect.poll(() => broken.events().length).toBe(1);
    for (const [index, wait] of waitsMs.entries()) {
      await expect.poll(async () => (await hooks.deliveries(made.id, "?success=false")).length).toBe(index + 1);
      const [{ next_attempt_at: next, created_at: last }] = await hooks.deliveries(made.id);
      const gap = Date.parse(next) - Date.parse(last);
      expect(gap).toBeGreaterThanOrEqual(wait);
      expect(gap).toBeLessThan(wait * 1.1 + 5_000);
      await advance(wait * 1.11);
      await expect.poll(() => broken.events().length).toBe(index + 2);
    }
    await expect.poll(async () => (await hooks.get(made.id)).state).toBe("paused");
    expect(await hooks.get(made.id)).toMatchObject({ paused_reason: "failing", failing_since: expect.any(String) });
    await expect.poll(() => watching.events().length).toBe(1);
    expect(JSON.parse(watching.events()[0]?.body ?? "")).toMatchObject({
      event: "hook_subscription_paused",
      subject: made.id,
      subscription: { id: made.id, state: "paused" },
    });
    const bodies = new Set(broken.events().map(({ body }) => body));
    expect(bodies.size).toBe(1);
    broken.behave({ status: 200 });
    await hooks.happen(["B"]);
    const [{ id, state }] = await hooks.deliveries(made.id);
    expect(state).toBe("given_up");
    await hooks.call("POST", `/${made.id}/resume`, { missed: true });
    await expect.poll(() => subjectsOf(broken).slice(8)).toEqual(["B"]);
    await hooks.call("POST", `/${made.id}/deliveries/${id}/replay`);
    await expect.poll(() => subjectsOf(broken).slice(9)).toEqual(["A"]);
    expect(broken.events().at(-1)?.body).toBe(broken.events()[0]?.body);
    await expect.poll(async () => (await hooks.get(made.id)).failing_since).toBeUndefined();
  });

  it("gets events in their order where that was asked for", async () => {
    const shop = await receiver();
    const made = await hooks.create(shop.url, { ordered: true });
    await expect.poll(() => shop.received.length).toBe(1);
    shop.behave({ status: 500 });
    await hooks.happen(["1", "2", "3", "4", "5"]);
    await expect.poll(async () => (await hooks.deliveries(made.id, "?success=false")).length).toBe(1);
    shop.behave({ status: 200 });
    await advance(6_000);
    await expect.poll(() => subjectsOf(shop)).toEqual(["1", "1", "2", "3", "4", "5"]);
  });

  it("whose connections break gets everything in the end", async () => {
    const shop = await receiver();
    await hooks.create(shop.url);
    await expect.poll(() => shop.received.length).toBe(1);
    let count = 0;
    shop.behave(() => {
      count += 1;
      return count % 2 === 1 ? "break" : { status: 204 };
    });
    const names = Array.from({ length: 20 }, (_, n) => `n${n}`);
    await hooks.happen(names);
    await expect
      .poll(() => {
        server.clock.advance(6_000);
        return new Set(subjectsOf(shop)).size;
      })
      .toBe(20);
  });
});

describe("the log of deliveries", async () => {
  const { server, tenant } = await world({ own: { config: { ...reachesTests.config, webhookDays: 14 } } });
  const hooks = hooksOf(server, tenant);
  const count = async (table: "hook_deliveries" | "hook_attempts" | "hook_subscriptions") =>
    (await server.db.sql.selectFrom(table).select("id").execute()).length;
  /** What the worker does every ten minutes. */
  const forget = (days: number) => {
    const now = new Date(server.clock.now().getTime() + days * 24 * hourMs);
    return forgetDeliveries({ db: server.db, clock: { now: () => now }, days: 14 });
  };

  it("is kept for its days with its attempts, and a subscription that was deleted as long as they", async () => {
    const [kept, dropped] = [await receiver(), await receiver()];
    const made = await hooks.create(kept.url);
    const gone = await hooks.create(dropped.url);
    await hooks.happen(["A", "B"]);
    for (const one of [made, gone])
      await expect.poll(async () => (await hooks.deliveries(one.id, "?success=true")).length).toBe(3);
    await hooks.call("DELETE", `/${gone.id}`);
    await forget(13);
    expect([await count("hook_deliveries"), await count("hook_attempts")]).toEqual([6, 6]);
    // A server has claimed it at this moment.
    const claimed = server.db.sql.updateTable("hook_deliveries").set({ state: "sending", leased_until: farAway });
    await claimed.where("id", "=", kept.received.at(-1)?.headers["event-delivery"] ?? "").execute();
    await forget(15);
    await forget(15);
    expect([await count("hook_deliveries"), await count("hook_attempts")]).toEqual([1, 1]);
    expect(await count("hook_subscriptions")).toBe(1);
    expect((await hooks.get(made.id)).state).toBe("active");
  });
});

describe("what is sent again while it is under way", async () => {
  const { server, tenant } = await world({ own: reachesTests });
  const hooks = hooksOf(server, tenant);
  const attemptsOf = async (id: string): Promise<HookDelivery[]> =>
    (await hooks.deliveries(id)).filter(({ event }: HookDelivery) => event !== "ping");
  /** A receiver that has had A, and keeps each further request waiting until it is told to answer with a status. */
  const slowShop = async (more: object = {}) => {
    const shop = await receiver();
    const { id } = await hooks.create(shop.url, more);
    await expect.poll(() => shop.received.length).toBe(1);
    await hooks.happen(["A"]);
    await expect.poll(async () => (await attemptsOf(id)).length).toBe(1);
    const [first] = await attemptsOf(id);
    const answers = Array.from({ length: 8 }, () => Promise.withResolvers<{ status: number }>());
    shop.behave(() => answers[shop.events().length - 2]?.promise ?? { status: 200 });
    const answer = (turn: number, status = 200) => answers[turn]?.resolve({ status });
    const one = `/${id}/deliveries/${first?.id}/replay`;
    const range = [`/${id}/replay`, { since: "2026-01-01T00:00:00Z" }] as const;
    return { shop, id, one, range, answer };
  };
  const ask = async (path: string, body?: object) => {
    expect((await hooks.call("POST", path, body)).status).toBe(202);
  };
  /** A range is carried out after its answer. */
  const carriedOut = async () => {
    const ranges = () => server.db.sql.selectFrom("hook_replays").select("id").execute();
    await expect.poll(ranges).toEqual([]);
  };

  // A receiver may want an event again before its answer to it is written down.
  it("comes once more afterwards, by a range and by itself, never twice at a time, and in its order", async () => {
    const { shop, id, one, range, answer } = await slowShop({ ordered: true });
    await ask(one);
    await expect.poll(() => subjectsOf(shop)).toEqual(["A", "A"]);
    await hooks.happen(["B"]);
    await ask(...range);
    await carriedOut();
    await ask(one);
    expect(subjectsOf(shop)).toEqual(["A", "A"]);
    answer(0);
    await expect.poll(() => subjectsOf(shop)).toEqual(["A", "A", "A"]);
    await ask(one);
    answer(1);
    await expect.poll(() => subjectsOf(shop)).toEqual(["A", "A", "A", "A"]);
    answer(2);
    await expect.poll(() => subjectsOf(shop).at(-1)).toBe("B");
    answer(3);
    await expect.poll(async () => (await attemptsOf(id)).length).toBe(5);
    expect(await attemptsOf(id)).toMatchObject(Array.from({ length: 5 }, () => ({ state: "delivered", status: 200 })));
    expect(subjectsOf(shop)).toEqual(["A", "A", "A", "A", "B"]);
  });

  it("waits as after any failure when the attempt under way fails", async () => {
    const { shop, id, one, answer } = await slowShop();
    await ask(one);
    await expect.poll(() => shop.events().length).toBe(2);
    await ask(one);
    answer(0, 500);
    await expect.poll(async () => (await attemptsOf(id)).length).toBe(2);
    const [failed] = await attemptsOf(id);
    expect(failed).toMatchObject({ state: "waiting", status: 500, attempt: 1 });
    const gap = Date.parse(failed?.next_attempt_at ?? "") - Date.parse(failed?.created_at ?? "");
    expect(gap).toBeGreaterThanOrEqual(5_000);
    expect(shop.events()).toHaveLength(2);
  });
});

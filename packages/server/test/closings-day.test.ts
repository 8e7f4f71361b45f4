import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { closes, standing, storeOf, type Till } from "./support/closings.ts";

const dayMs = 86_400_000;

/** Which day a request means that names none, and what of a batch is open after a close (D31). */
describe("the business day of a closing", async () => {
  const { server, tenant } = await world();
  /** The till has sold, at first so many days ago, and the server knows. */
  const sold = async (till: Till, { daysAgo, count = 3 }: { daysAgo: number; count?: number }) => {
    const oldest = new Date(Date.now() - daysAgo * dayMs).toISOString();
    await till.device.tellOpenBatch({ transactions_count: count, oldest_at: oldest });
    const telemetry = `/v1/accounts/${tenant.aid}/terminals/${till.id}/telemetry`;
    await vi.waitFor(async () => {
      const { body } = await server.call("GET", telemetry, { token: tenant.token });
      expect(body.telemetry.open_batch?.value.oldest_at).toBe(oldest);
    });
  };

  it("is that of the oldest open batch, so that a missed close is made up", async () => {
    const store = storeOf(server, tenant, "missed");
    const till = await store.till();
    await sold(till, { daysAgo: 2 });
    const { body: preview } = await store.call("GET", `${store.path}/preview`);
    const { status, body: closing } = await store.close();
    expect([status, closing.state, closing.business_day]).toEqual([201, "closed", preview.business_day]);
    expect(Date.parse(closing.day_ends_at)).toBeLessThan(Date.now() - dayMs / 2);
  });

  it("is the next one for a request sent right after, which closes no batch that is empty", async () => {
    const store = storeOf(server, tenant, "pressed-twice");
    const till = await store.till();
    await sold(till, { daysAgo: 2 });
    const first = await store.close();
    const pressed = store.close();
    const states = async () =>
      (await store.call("GET", store.path)).body.closings.map(({ state }: { state: string }) => state);
    await expect.poll(states).toEqual(["running", "closed"]);
    // As a device does that tells it after the close.
    await till.device.tellOpenBatch({ transactions_count: 0 });
    const second = await pressed;
    expect([first.body.state, second.status, second.body.state]).toEqual(["closed", 201, "nothing_to_close"]);
    expect(standing(second.body, till)).toMatchObject({ state: "not_needed", reason: "empty" });
    expect(till.commands).toHaveLength(1);
  });

  it("is the next one also where the device told its new batch before its close, as our agent does", async () => {
    const store = storeOf(server, tenant, "told-first");
    const till = await store.till((command) => {
      void till.device.tellOpenBatch({ transactions_count: 0 });
      return closes()(command);
    });
    await sold(till, { daysAgo: 2 });
    const [first, second] = [await store.close(), await store.close()];
    expect([first, second].map(({ status, body }) => [status, body.state])).toEqual([
      [201, "closed"],
      [201, "nothing_to_close"],
    ]);
    expect(till.commands).toHaveLength(1);
  });

  it("goes on with the running day, whatever a terminal brings along that comes back", async () => {
    const store = storeOf(server, tenant, "evening");
    const [till, away] = [await store.till(), await store.till()];
    await sold(till, { daysAgo: 0 });
    const first = await store.close({ terminals: [till.id] });
    await sold(away, { daysAgo: 2 });
    const second = await store.close({});
    expect([first.status, second.status, second.body.id]).toEqual([201, 200, first.body.id]);
    expect(standing(second.body, away).state).toBe("closed");
    expect([till.commands.length, away.commands.length]).toEqual([1, 1]);
  });

  it("has nothing open any more that a close came after, though the device has not said so", async () => {
    const store = storeOf(server, tenant, "told-before");
    const till = await store.till(closes());
    await sold(till, { daysAgo: 2 });
    const { body: closing } = await store.close();
    expect(standing(closing, till)).not.toHaveProperty("open_batch");
    const { body: preview } = await store.call("GET", `${store.path}/preview?business_day=${closing.business_day}`);
    expect(preview).toMatchObject({ transactions_count: 0, open: [], terminals: [{ would: "leave" }] });
    expect((await store.call("GET", `${store.path}/preview`)).body).not.toHaveProperty("also_open");
  });
});

import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { createPresentEvents } from "../src/assembly/event-payloads.ts";
import { createLogger } from "../src/platform/log/log.ts";
import { comingYear, fails, silent, standing, storeOf } from "./support/closings.ts";

/** Events of closings (D33): an event for each change of where its terminals stand, also after its end. */
/** Names are read with each answer; events hold ids. */
function withoutNames<T>(shown: T): T {
  return JSON.parse(JSON.stringify(shown, (key, value: unknown) => (key === "created_by_name" ? undefined : value)));
}

describe("events of closings", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const newStore = () => storeOf(server, tenant);
  const mover = newStore();
  await mover.register();
  const { day, move } = comingYear(server, mover);

  async function eventsOf(id: string): Promise<EventEnvelope[]> {
    const { db, clock } = server;
    const rows = await db.sql
      .selectFrom("events")
      .selectAll()
      .where("account_id", "=", aid)
      .where("subject", "=", id)
      .orderBy("position")
      .execute();
    return createPresentEvents({ db, log: createLogger("silent"), clock, presenceClock: clock })(aid, rows);
  }
  const causes = async (id: string) => (await eventsOf(id)).map(({ event, cause }) => `${event} ${cause}`);

  it("tell that it was asked for, and that it has ended; nothing in between where nothing changes for a reader", async () => {
    const store = newStore();
    await store.till();
    await store.till();
    const { body: closing, headers } = await store.close();
    expect(closing.state).toBe("closed");
    await expect.poll(() => causes(closing.id)).toEqual(["store_closing_add asked", "store_closing_update closed"]);
    // Asked once more, there is nothing to be done and nothing to tell.
    await store.close();
    const [added, ended] = await eventsOf(closing.id);
    expect(added).toMatchObject({
      actor: tenant.clientId,
      request_id: headers.get("request-id"),
      store_closing: withoutNames(await store.read(closing.id)),
    });
    expect(ended?.store_closing).toMatchObject({ id: closing.id, state: "closed" });
    expect(await causes(closing.id)).toHaveLength(2);
  });

  it("tell who went on with it, and who cancelled it", async () => {
    const store = newStore();
    const till = await store.till(fails("refused"));
    const { body: closing } = await store.close();
    till.answering = silent;
    await store.close({}, {});
    const cancelled = await store.call("POST", `${store.path}/${closing.id}/cancel`);
    const told = await expect
      .poll(async () => (await eventsOf(closing.id)).filter(({ request_id: id }) => id !== undefined))
      .toHaveLength(3)
      .then(() => eventsOf(closing.id));
    const ofRequests = told.filter(({ request_id: id }) => id !== undefined);
    expect(ofRequests.map(({ cause, actor }) => [cause, actor])).toEqual([
      ["asked", tenant.clientId],
      ["asked_again", tenant.clientId],
      ["cancelled", tenant.clientId],
    ]);
    expect(ofRequests[2]?.request_id).toBe(cancelled.headers.get("request-id"));
    await till.leave();
  });

  it("tell that a late result, and a close by hand, corrected one that had ended", async () => {
    const store = newStore();
    const late = await store.till(silent);
    const byHand = await store.till(fails("refused"));
    await move("06-30T20:00:00Z");
    const { body: closing } = await store.close({ retry_until: "2020-01-01T00:00:00Z" }, {});
    await expect.poll(() => late.commands.length).toBe(1);
    await move("06-30T20:03:30Z");
    await expect.poll(async () => (await store.read(closing.id)).ended_at, { timeout: 10_000 }).toBeDefined();
    const ended = await causes(closing.id);
    await late.answerLate();
    await expect.poll(async () => (await causes(closing.id)).length, { timeout: 10_000 }).toBe(ended.length + 1);
    const corrected = (await eventsOf(closing.id)).at(-1)?.store_closing as typeof closing;
    expect(standing(corrected, late)).toMatchObject({ state: "closed" });
    await move("06-30T20:10:00Z");
    const at = day("06-30T20:05:00Z");
    await byHand.closeByHand({ started_at: at, finished_at: at });
    await expect
      .poll(async () => (await causes(closing.id)).at(-1), { timeout: 10_000 })
      .toBe("store_closing_update closed");
    expect(await store.read(closing.id)).toMatchObject({ state: "closed" });
  });
});

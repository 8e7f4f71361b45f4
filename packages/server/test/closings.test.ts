import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { closes, fails, silent, standing, storeOf } from "./support/closings.ts";

/** Decision D31 over HTTP, with devices on MQTT. */
describe("the close of a store", async () => {
  const { server, tenant } = await world();

  it("closes each terminal once, and a second request closes nothing again", async () => {
    const store = storeOf(server, tenant, "good");
    const tills = [await store.till(closes({ sale_amount: 100 })), await store.till(closes({ sale_amount: 23 }))];
    const { status, body: closing, headers } = await store.close();
    expect([status, closing.state, closing.text]).toEqual([201, "closed", "All 2 terminals are closed."]);
    expect(headers.get("preference-applied")).toBe("wait=20");
    expect(closing.counts).toMatchObject({ closed: 2, waiting: 0 });
    expect(closing.totals).toMatchObject([{ currency: "NOK", exponent: 2, batches_count: 2, sale_amount: 123 }]);
    for (const till of tills) {
      const { state, close, operations } = standing(closing, till);
      expect([state, close?.status, operations]).toEqual(["closed", "COMPLETED", [close?.id]]);
    }
    const again = await store.close();
    expect([again.status, again.body.id, again.body.state]).toEqual([200, closing.id, "closed"]);
    expect(tills.map((till) => till.commands.length)).toEqual([1, 1]);
    await expect.poll(async () => (await store.read(closing.id)).ended_at).toBeDefined();
    expect((await store.read(closing.id)).state).toBe("closed");
  });

  it("says in words what to do about a failing, a busy and an absent terminal", async () => {
    const store = storeOf(server, tenant, "mixed");
    const good = await store.till();
    const failing = await store.till(fails("user_aborted"));
    const busy = await store.till();
    const absent = await store.till();
    await absent.leave();
    await store.call("POST", "/v1/admin/terminals/operations", {
      terminal_id: busy.id,
      operation: "open_menu",
      timeout: 600,
    });
    const presence = `/v1/accounts/${tenant.aid}/terminals/${absent.id}/presence`;
    await expect.poll(async () => (await store.call("GET", presence)).body.status).toBe("late");
    const { body: closing } = await store.close({}, { prefer: "wait=3" });
    expect([closing.state, closing.text]).toEqual([
      "running",
      "1 of 4 terminals is closed; 2 are waiting, 1 is not closed.",
    ]);
    expect(standing(closing, good).state).toBe("closed");
    expect(standing(closing, failing)).toMatchObject({
      state: "failed",
      reason: "user_aborted",
      next_step: "ask_at_terminal",
      next_step_text: "Somebody at the terminal stopped it. Ask there, then send it again.",
    });
    expect(standing(closing, busy)).toMatchObject({ state: "waiting", reason: "busy", next_step: "wait" });
    expect(standing(closing, absent)).toMatchObject({ state: "waiting", reason: "away", next_step: "bring_back" });

    failing.answering = closes();
    const second = await store.close({}, { prefer: "wait=3" });
    expect([second.status, second.body.id]).toEqual([200, closing.id]);
    expect(standing(second.body, failing)).toMatchObject({ state: "closed" });
    expect(good.commands).toHaveLength(1);
    expect(failing.commands).toHaveLength(2);
  });

  it("leaves a terminal alone that was closed at the terminal", async () => {
    const store = storeOf(server, tenant, "by-hand");
    const till = await store.till();
    await till.closeByHand();
    const { body: closing } = await store.close();
    expect(closing.state).toBe("closed");
    expect(standing(closing, till)).toMatchObject({
      state: "already_closed",
      reason: "closed_at_terminal",
      close: { created_by: `terminal:${till.id}` },
    });
    expect(till.commands).toHaveLength(0);
  });

  it("is not answered: nobody knows, until the late result corrects it", async () => {
    const store = storeOf(server, tenant, "late");
    const till = await store.till(silent);
    const { body: closing } = await store.close({ retry_until: "2020-01-01T00:00:00Z" }, {});
    expect(closing.state).toBe("running");
    await expect.poll(() => till.commands.length).toBe(1);
  });
});

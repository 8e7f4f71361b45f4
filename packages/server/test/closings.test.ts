import { randomUUID } from "node:crypto";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { closes, fails, silent, standing, storeOf } from "./support/closings.ts";

/** Decision D31 over HTTP, with devices on MQTT. */
describe("the close of a store", async () => {
  const { server, tenant } = await world();
  const newStore = () => storeOf(server, tenant);

  it("closes each terminal once, and a second request closes nothing again", async () => {
    const store = newStore();
    const tills = [await store.till(closes({ sale_amount: 100 })), await store.till(closes({ sale_amount: 23 }))];
    const { status, body: closing, headers } = await store.close();
    expect([status, closing.state, closing.text]).toEqual([201, "closed", "Both terminals are closed."]);
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
    const store = newStore();
    const good = await store.till();
    const failing = await store.till(fails("user_aborted"));
    const busy = await store.till();
    const absent = await store.till();
    await absent.leave();
    const menu = { terminal_id: busy.id, operation: "open_menu", timeout: 600 };
    await store.call("POST", "/v1/admin/terminals/operations", menu);
    await store.untilPresence(absent, "late");
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

  it("closes by itself who comes back, with nobody asking again", async () => {
    const store = newStore();
    const absent = await store.till();
    await absent.leave();
    await store.untilPresence(absent, "late");
    const { body: closing } = await store.close();
    expect(standing(closing, absent).reason).toBe("away");
    const back = await store.back(absent);
    await expect.poll(async () => (await store.read(closing.id)).state, { timeout: 30_000 }).toBe("closed");
    expect(back.commands).toHaveLength(1);
  });

  it("leaves a terminal alone that was closed at the terminal", async () => {
    const store = newStore();
    const till = await store.till();
    await till.closeByHand();
    const { body: closing } = await store.close();
    expect([closing.state, closing.text]).toEqual(["closed", "The terminal is closed."]);
    expect(standing(closing, till)).toMatchObject({
      state: "already_closed",
      reason: "closed_at_terminal",
      close: { created_by: `terminal:${till.id}` },
    });
    expect(closing.totals).toMatchObject([{ batches_count: 1 }]);
    expect(till.commands).toHaveLength(0);
  });

  it("reads the close that was found when a terminal is out of step, and closes no day twice", async () => {
    const store = newStore();
    const till = await store.till();
    till.answering = () => {
      // A person closes it at the terminal in the same second; the agent tells that close first (D27).
      void till.closeByHand().then(() => till.finish("out_of_step"));
      return undefined;
    };
    const { body: closing } = await store.close();
    expect(standing(closing, till)).toMatchObject({ state: "already_closed", reason: "closed_at_terminal" });
    expect(till.commands).toHaveLength(1);
  });

  it("closes nothing at a terminal whose batch is empty, and closes again one that sold since when asked", async () => {
    const store = newStore();
    const [empty, sells] = [await store.till(), await store.till()];
    await empty.tell({ transactions_count: 0 });
    await sells.tell({ transactions_count: 3 });
    await store.untilTold(empty, 0);
    await store.untilTold(sells, 3);
    const { body: closing } = await store.close();
    expect(standing(closing, empty)).toMatchObject({ state: "not_needed", reason: "empty" });
    expect([closing.state, closing.text]).toEqual(["closed", "The terminal is closed."]);
    await sells.tell({ transactions_count: 1 });
    await store.untilTold(sells, 1);
    await expect
      .poll(async () => standing(await store.read(closing.id), sells))
      .toMatchObject({
        state: "closed",
        open_again: true,
        next_step: "close_again",
      });
    expect((await store.close()).body.counts.closed).toBe(1);
    expect(sells.commands).toHaveLength(1);
    const again = await store.close({ again: true });
    expect([again.status, standing(again.body, sells).state]).toEqual([200, "closed"]);
    expect([sells.commands.length, empty.commands.length]).toEqual([2, 0]);
    expect(again.body.totals).toMatchObject([{ batches_count: 2 }]);
  });

  it("is of the named terminals only, and of the others with the next request", async () => {
    const store = newStore();
    const [first, second] = [await store.till(), await store.till()];
    const one = await store.close({ terminals: [first.id] });
    expect(standing(one.body, second)).toMatchObject({ state: "not_needed", reason: "not_asked" });
    expect([first.commands.length, second.commands.length]).toEqual([1, 0]);
    const rest = await store.close();
    expect([rest.body.id, rest.body.counts.closed]).toEqual([one.body.id, 2]);
    expect([first.commands.length, second.commands.length]).toEqual([1, 1]);
  });

  it("is cancelled as far as it has not begun", async () => {
    const store = newStore();
    const [slow, absent] = [await store.till(silent), await store.till()];
    await absent.leave();
    await store.untilPresence(absent, "late");
    const { body: closing } = await store.close({}, {});
    await expect.poll(() => slow.commands.length).toBe(1);
    const cancelled = await store.call("POST", `${store.path}/${closing.id}/cancel`);
    expect(cancelled.status).toBe(200);
    expect(standing(cancelled.body, absent)).toMatchObject({ state: "failed", reason: "cancelled" });
    await slow.device.next("cancel");
    await slow.finish("cancelled");
    await expect.poll(async () => standing(await store.read(closing.id), slow)).toMatchObject({ reason: "cancelled" });
    expect((await store.read(closing.id)).state).toBe("partly_closed");
    const twice = await store.call("POST", `${store.path}/${closing.id}/cancel`);
    expect([twice.status, twice.body.state]).toEqual([200, "partly_closed"]);
    slow.answering = closes();
    const again = await store.close({ terminals: [slow.id] });
    expect(standing(again.body, slow).state).toBe("closed");
  });

  it("compares the till's own figures", async () => {
    const store = newStore();
    await store.till(closes({ sale_amount: 12_345, currency: "ISK" }));
    const differs = await store.close({ expected: [{ currency: "ISK", sale_amount: 12_000 }] });
    expect(differs.body.comparison).toEqual({
      state: "differs",
      differences: [{ currency: "ISK", figure: "sale_amount", expected: 12_000, actual: 12_345, difference: 345 }],
    });
    expect(differs.body.totals[0]).toMatchObject({ currency: "ISK", exponent: 0 });
    const agrees = await store.close({ expected: [{ currency: "ISK", sale_amount: 12_345 }] });
    expect(agrees.body.comparison).toEqual({ state: "agrees", differences: [] });
  });

  it("is the same for a request that is repeated with its key", async () => {
    const store = newStore();
    const till = await store.till(fails("device_error"));
    const key = { "idempotency-key": randomUUID(), prefer: "wait=10" };
    const first = await store.close({}, key);
    const repeated = await store.close({}, key);
    expect([repeated.status, repeated.headers.get("idempotent-replayed")]).toEqual([200, "true"]);
    expect(repeated.body.id).toBe(first.body.id);
    expect(till.commands).toHaveLength(1);
    const other = await store.close({ again: true }, key);
    expect([other.status, (other.body as unknown as { error: { code: string } }).error.code]).toEqual([
      422,
      "idempotency_key_reused",
    ]);
  });

  it("shows what is open before anything is closed", async () => {
    const store = newStore();
    const [sold, quiet] = [await store.till(), await store.till()];
    const oldest_at = new Date(Date.now() - 60_000).toISOString();
    const currencies = [
      { currency: "NOK", purchases_count: 3, sale_amount: 500 },
      { currency: "SEK", sale_amount: 7 },
    ];
    await sold.tell({ transactions_count: 4, oldest_at, currencies });
    await store.untilTold(sold, 4);
    const preview = await store.preview();
    expect(preview).toMatchObject({
      text: "2 terminals would be closed.",
      transactions_count: 4,
      silent_count: 1,
      open: [
        { currency: "NOK", exponent: 2, purchases_count: 3, sale_amount: 500 },
        { currency: "SEK", sale_amount: 7 },
      ],
    });
    const shown = preview.terminals.map(({ terminal_id, would }: { terminal_id: string; would: string }) => [
      terminal_id,
      would,
    ]);
    expect(shown).toEqual([
      [sold.id, "close"],
      [quiet.id, "close"],
    ]);
    expect(preview).not.toHaveProperty("closing_id");
    expect([sold.commands.length, quiet.commands.length]).toEqual([0, 0]);
    expect((await store.call("GET", store.path)).body.closings).toEqual([]);
  });

  it("lists closings newest first, of a store, a day and an account, page by page", async () => {
    const { server: own, tenant: other } = await world();
    const stores = [storeOf(own, other), storeOf(own, other), storeOf(own, other)];
    const ids: string[] = [];
    for (const store of stores) {
      await store.register();
      ids.unshift((await store.close()).body.id);
    }
    const list = `/v1/accounts/${other.aid}/closings`;
    const page = (await stores[0]?.call("GET", `${list}?limit=2`))?.body;
    expect(page.closings.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2));
    const rest = (await stores[0]?.call("GET", `${list}?limit=2&starting_after=${page.starting_after}`))?.body;
    expect([rest.closings.map(({ id }: { id: string }) => id), rest.starting_after]).toEqual([ids.slice(2), undefined]);
    expect(page.closings[0]).toMatchObject({ state: "nothing_to_close", text: "There is nothing to close." });
    expect(page.closings[0]).not.toHaveProperty("terminals");
    const ofDay = (await stores[0]?.call("GET", `${list}?business_day=2020-01-01`))?.body;
    expect(ofDay.closings).toEqual([]);
  });
});

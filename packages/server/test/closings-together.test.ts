import { randomUUID } from "node:crypto";
import { beginHeld } from "@tillkeeper/stage/postgres/held";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { standing, storeOf } from "./support/closings.ts";

type Store = ReturnType<typeof storeOf>;
type Stores = [Store, Store, Store, Store];

/** Requests of one account that come at the same time are carried out together: each is answered as if it had come alone. */
describe("stores of one account that are closed at the same time", async () => {
  const { server, tenant } = await world();
  const keyed = () => ({ "idempotency-key": randomUUID() });

  it("are closed once each, with one operation per terminal, and each under its own key", async () => {
    const stores = Array.from({ length: 8 }, () => storeOf(server, tenant));
    const tills = await Promise.all(stores.map((store) => store.till()));
    const headers = stores.map(keyed);
    const answers = await Promise.all(
      stores.map((store, n) => store.close({ expected: [{ currency: "NOK", purchases_count: n }] }, headers[n])),
    );
    expect(answers.map(({ status }) => status)).toEqual(stores.map(() => 201));
    expect(answers.map(({ body }) => body.expected?.[0]?.purchases_count)).toEqual(stores.map((_, n) => n));
    for (const [n, store] of stores.entries()) {
      const { id } = answers[n]?.body ?? { id: "" };
      await expect.poll(async () => (await store.read(id)).ended_at !== undefined, { timeout: 30_000 }).toBe(true);
      const till = tills[n] as (typeof tills)[0];
      expect(till.commands).toHaveLength(1);
      const shown = standing(await store.read(id), till);
      expect(shown.operations).toEqual([till.commands[0]?.["operation_id"]]);
      // What the answer shows of the operation is what it is.
      expect(standing(answers[n]?.body as never, till).close).toMatchObject({
        id: shown.close?.id,
        created_at: shown.close?.created_at,
        created_by: shown.close?.created_by,
      });
    }
    const again = await Promise.all(
      stores.map((store, n) => store.close({ expected: [{ currency: "NOK", purchases_count: n }] }, headers[n])),
    );
    expect(again.map(({ status, body }) => [status, body.id])).toEqual(answers.map(({ body }) => [200, body.id]));
  });

  it("are answered each for itself, when some of the requests are wrong or mean the same", async () => {
    const [first, second, third, fourth] = [0, 1, 2, 3].map(() => storeOf(server, tenant)) as Stores;
    const tills = await Promise.all([first, second, third, fourth].map((store) => store.till()));
    const one = keyed();
    const [right, wrong, unknown, twin, reused, other] = await Promise.all([
      first.close({}, one),
      second.close({ terminals: ["none-such"] }),
      third.call("POST", `/v1/accounts/${tenant.aid}/stores/none-such/closings`, {}),
      third.close({}),
      fourth.close({}, one),
      third.close({ when_busy: "wait" }),
    ]);
    expect([wrong.status, unknown.status]).toEqual([400, 404]);
    // Which of two requests under one key comes first is not said.
    expect(new Set([right.status, reused.status])).toEqual(new Set([201, 422]));
    expect(new Set([twin.status, other.status])).toEqual(new Set([200, 201]));
    expect(twin.body.id).toBe(other.body.id);
    await expect.poll(() => tills[2]?.commands.length, { timeout: 20_000 }).toBe(1);
    expect(tills[1]?.commands).toEqual([]);
    expect([tills[0], tills[3]].map((till) => till?.commands.length ?? 0).reduce((a, b) => a + b)).toBe(1);
  });

  // The wait ends by itself when the driver gives the statement up, after 30 s.
  it("do not wait for one that another transaction has locked", { timeout: 25_000 }, async () => {
    const [held, other] = [storeOf(server, tenant), storeOf(server, tenant)];
    const tills = [await held.till(), await other.till()];
    const client = await server.db.urgent.connect();
    try {
      await client.query(beginHeld);
      const lock = "select from stores where id = (select store_ref from terminals where terminal_id = $1) for update";
      expect((await client.query(lock, [tills[0]?.id])).rowCount).toBe(1);
      const waiting = held.close();
      expect((await other.close()).status).toBe(201);
      await client.query("commit");
      expect((await waiting).status).toBe(201);
    } finally {
      client.release(true);
    }
    await expect.poll(() => tills.map(({ commands }) => commands.length), { timeout: 20_000 }).toEqual([1, 1]);
  });
});

import { randomUUID } from "node:crypto";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { storeOf } from "./support/closings.ts";

/** Requests about closings that need no device: idempotency keys, and what lists narrow to. */
describe("requests about closings", async () => {
  const { server, tenant, aid } = await world();
  const ofAccount = `/v1/accounts/${aid}/closings`;

  it("under one Idempotency-Key are answered as the first, and with another body refused", async () => {
    const store = storeOf(server, tenant, "keyed");
    await store.register();
    const headers = { "idempotency-key": randomUUID() };
    const first = await store.close({ again: false }, headers);
    expect([first.status, first.headers.get("idempotent-replayed")]).toEqual([201, null]);
    const again = await store.close({ again: false }, headers);
    expect([again.status, again.body.id, again.headers.get("idempotent-replayed")]).toEqual([
      200,
      first.body.id,
      "true",
    ]);
    expect(await store.close({ again: true }, headers)).toMatchObject({
      status: 422,
      body: { error: { code: "idempotency_key_reused" } },
    });
    expect(await store.close({}, { "idempotency-key": "mine" })).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_idempotency_key" } },
    });
  });

  it("take a key anew after 48 hours", async () => {
    const store = storeOf(server, tenant, "key-old");
    await store.register();
    const headers = { "idempotency-key": randomUUID() };
    expect((await store.close({}, headers)).status).toBe(201);
    await server.db.pool.query("update closing_requests set created_at = created_at - interval '49 hours'");
    const later = await store.close({ again: true }, headers);
    expect([later.status, later.headers.get("idempotent-replayed")]).toEqual([200, null]);
    expect((await store.close({ again: true }, headers)).headers.get("idempotent-replayed")).toBe("true");
  });

  it("list those of an account, by store and by day; of a store that is not there it has none", async () => {
    const store = storeOf(server, tenant, "listed");
    await store.register();
    const { body: closing } = await store.close({}, {});
    const list = async (query: string) => {
      const { status, body } = await store.call("GET", `${ofAccount}?${query}`);
      return [status, body.closings.map(({ id }: { id: string }) => id)];
    };
    expect(await list("store_id=listed")).toEqual([200, [closing.id]]);
    expect(await list(`store_id=listed&business_day=${closing.business_day}`)).toEqual([200, [closing.id]]);
    expect(await list("store_id=listed&business_day=2020-02-29")).toEqual([200, []]);
    expect(await list("store_id=nobodys")).toEqual([200, []]);
    expect(await store.call("GET", `/v1/accounts/${aid}/stores/nobodys/closings`)).toMatchObject({
      status: 404,
      body: { error: { code: "store_not_found" } },
    });
  });

  it("show one tag while the terminals stand still, however often these tell the same", async () => {
    const store = storeOf(server, tenant, "still");
    const [empty, sells] = [await store.till(), await store.till()];
    await empty.tell({ transactions_count: 0 });
    await sells.tell({ transactions_count: 3 });
    await store.untilTold(empty, 0);
    await store.untilTold(sells, 3);
    const { body: made } = await store.close();
    await sells.tell({ transactions_count: 0 });
    await store.untilTold(sells, 0);
    const read = () => store.call("GET", `${store.path}/${made.id}`);
    await expect.poll(async () => (await read()).body.ended_at).toBeDefined();
    const { headers, body: closing } = await read();
    expect(closing).toMatchObject({ state: "closed", counts: { closed: 1, not_needed: 1 } });
    await sells.tell({ transactions_count: 2 });
    await store.untilTold(sells, 2);
    const sold = await read();
    expect(sold.headers.get("etag")).not.toBe(headers.get("etag"));
    // A sale at a terminal changes no tag, so it makes no change of the closing fail.
    const own = (tag: string | null) => tag?.split(".")[0];
    expect(own(sold.headers.get("etag"))).toBe(own(headers.get("etag")));
    expect(sold.body.terminals).toMatchObject([
      { open_batch: { transactions_count: 0 } },
      { open_batch: { transactions_count: 2 } },
    ]);
    // As a minute later, when both have told the same once more.
    await server.db.pool.query(
      "update terminal_telemetry set at = at + interval '1 minute' where field = 'open_batch' and account_id = $1",
      [aid],
    );
    const later = await read();
    expect([later.body, later.headers.get("etag")]).toEqual([sold.body, sold.headers.get("etag")]);
  });
});

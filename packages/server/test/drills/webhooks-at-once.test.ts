import { randomUUID } from "node:crypto";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { beginHeld } from "@tillkeeper/stage/postgres/held";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import type { Pool, PoolClient } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { claimDue, firstOfAll, lanes } from "../../src/webhooks/sending/claim.ts";
import { hooksOf, reachesTests, receiver, subjectsOf } from "../support/hooks.ts";

/** Deliveries of subscriptions that are due. $1: their account, $2: the subscriptions, $3: the lane, $4: how many of each. */
const waiting = `
insert into hook_deliveries (account_id, id, subscription_id, event, position, epoch, state, lane, due_at, created_at)
select $1, gen_random_uuid(), id, 'account_store_update', n, '00000000', 'waiting', $3, now(), now()
from unnest($2::uuid[]) as id cross join generate_series(1, $4::int) as n`;

type Wish = Parameters<typeof claimDue>[1];

/** Claims what is due within a minute, in the transaction of a test. */
function claim(client: PoolClient, wish: Pick<Wish, "most"> & Partial<Wish>) {
  return claimDue(client as unknown as Pool, {
    lane: lanes.fast,
    behind: firstOfAll,
    now: new Date(Date.now() + 60_000),
    realNow: new Date(),
    free: 256,
    underWay: new Map(),
    lease: randomUUID(),
    ...wish,
  });
}

describe("several servers with one database", () => {
  it("lose no event when one of them stops in the middle", { timeout: 120_000 }, async () => {
    const database = await createTestDatabase();
    const servers: TestServer[] = [];
    for (let n = 0; n < 2; n += 1) servers.push(await startTestServer({ ...reachesTests, database }));
    afterAll(async () => {
      await servers[0]?.stop();
      await database.drop();
    });
    const [one, other] = servers as [TestServer, TestServer];
    const tenant = await one.account();
    const hooks = hooksOf(one, tenant);
    const shop = await receiver();
    await hooks.create(shop.url);
    shop.behave({ afterMs: 50 });
    const names = Array.from({ length: 300 }, (_, n) => `n${n}`);
    for (let n = 0; n < names.length; n += 20) {
      await hooks.happen(names.slice(n, n + 20));
      if (n === 140) await other.stop();
    }
    await expect.poll(() => new Set(subjectsOf(shop)).size).toBe(300);
  });

  it.each([{ missed: false }, { missed: true }])(
    "know what was placed in a pause, also when it is taken on later: %o",
    async ({ missed }) => {
      const server = await startTestServer(reachesTests);
      afterAll(() => server.stop());
      const tenant = await server.account();
      const hooks = hooksOf(server, tenant);
      const shop = await receiver();
      const { id } = await hooks.create(shop.url);
      await hooks.happen(["known"]);
      await expect.poll(() => subjectsOf(shop)).toEqual(["known"]);
      const placed = async (subject: string) => {
        await expect
          .poll(() => server.db.pool.query("select from events where subject = $1 and position is not null", [subject]))
          .toMatchObject({ rowCount: 1 });
      };
      // With the cursor's lock no server takes events on.
      const held = await server.db.pool.connect();
      try {
        await held.query(beginHeld);
        await held.query("select from hook_cursor for update");
        await hooks.happen(["before"]);
        await placed("before");
        await hooks.call("POST", `/${id}/pause`);
        await hooks.happen(["within"]);
        await placed("within");
        await hooks.call("POST", `/${id}/resume`, { missed });
        await hooks.happen(["after"]);
        await placed("after");
        await held.query("commit");
      } finally {
        held.release();
      }
      await expect.poll(() => subjectsOf(shop)).toContain("after");
      await expect
        .poll(() => subjectsOf(shop).toSorted())
        .toEqual(missed ? ["after", "before", "known", "within"] : ["after", "before", "known"]);
    },
  );

  it("take over what a server had claimed that is gone", async () => {
    const { server, tenant } = await world({ own: reachesTests });
    const hooks = hooksOf(server, tenant);
    const shop = await receiver();
    const made = await hooks.create(shop.url);
    await expect.poll(() => shop.received.length).toBe(1);
    // As a server leaves it that died after its claim.
    await server.db.sql
      .insertInto("hook_deliveries")
      .values({
        account_id: tenant.aid,
        id: "00000000-0000-4000-8000-000000000001",
        subscription_id: made.id,
        event: "account_store_update",
        position: "1",
        epoch: "00000000",
        state: "sending",
        lane: 0,
        due_at: new Date(),
        body: JSON.stringify({ subject: "orphan" }),
        leased_until: new Date(Date.now() - 1_000),
        lease: "00000000-0000-4000-8000-000000000002",
        created_at: new Date(),
      })
      .execute();
    await expect.poll(() => subjectsOf(shop)).toEqual(["orphan"]);
  });

  it("claim fewer for a receiver that fails, and leave room for what is under way", async () => {
    const { server, tenant } = await world({ own: reachesTests });
    const hooks = hooksOf(server, tenant);
    const shop = await receiver();
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await hooks.create(shop.url)).id);
    const [, busy = "", fails = ""] = ids;
    const client = await server.db.pool.connect();
    try {
      await client.query(beginHeld);
      await client.query("update hook_subscriptions set failing_since = now(), slow = true where id = $1", [fails]);
      await client.query(waiting, [tenant.aid, ids, lanes.slow, 20]);
      const { claimed } = await claim(client, {
        lane: lanes.slow,
        underWay: new Map([[`of ${busy}`, 3]]),
        most: { subscription: 8, failing: 2, account: 64, host: 20 },
      });
      const counts = Map.groupBy(claimed, ({ subscription_id: id }) => id);
      expect(ids.map((id) => counts.get(id)?.length)).toEqual([8, 5, 2]);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it("claim no more than a host and an account have room for, of which each subscription has its share", async () => {
    const { server, tenant } = await world({ own: reachesTests });
    const hooks = hooksOf(server, tenant);
    const [shop, other] = [await receiver(), await receiver()];
    const ids: string[] = [];
    for (const url of [`${shop.url}?1`, `${shop.url}?2`, `${shop.url}?3`, other.url])
      ids.push((await hooks.create(url)).id);
    const client = await server.db.pool.connect();
    const totals = new Map<string, number>();
    try {
      // Never committed, so the server's own sender does not see it.
      await client.query(beginHeld);
      await client.query(waiting, [tenant.aid, ids, lanes.fast, 100]);
      for (let round = 0; round < 12; round += 1) {
        const { claimed } = await claim(client, {
          underWay: new Map([
            [`at ${new URL(shop.url).host}`, 3],
            [`by ${tenant.aid}`, 2],
          ]),
          most: { subscription: 8, failing: 2, account: 12, host: 7 },
        });
        const atShop = claimed.filter(({ url }) => url.startsWith(shop.url)).length;
        expect([claimed.length, atShop <= 4, claimed.length - atShop <= 7]).toEqual([10, true, true]);
        for (const { subscription_id: id } of claimed) totals.set(id, (totals.get(id) ?? 0) + 1);
      }
      expect(ids.filter((id) => !totals.has(id))).toEqual([]);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it("claim in turns where not all find a place", async () => {
    const { server, tenant } = await world({ own: reachesTests });
    const hooks = hooksOf(server, tenant);
    const shop = await receiver();
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await hooks.create(shop.url)).id);
    const client = await server.db.pool.connect();
    try {
      // Never committed, so the server's own sender does not see it.
      await client.query(beginHeld);
      await client.query(waiting, [tenant.aid, ids, lanes.fast, 6]);
      const turns: string[] = [];
      for (let behind = firstOfAll, n = 0; n < 7; n += 1) {
        const most = { subscription: 2, failing: 2, account: 8, host: 8 };
        const found = await claim(client, { behind, free: 2, most });
        turns.push(...new Set(found.claimed.map(({ subscription_id: id }) => id)));
        behind = found.next;
      }
      const [one = "", two = "", three = ""] = ids.toSorted();
      expect(turns).toEqual([one, two, three, one, two, three]);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });
});

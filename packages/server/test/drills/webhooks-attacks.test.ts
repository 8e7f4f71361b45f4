import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { world } from "@tillkeeper/stage/world";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { retried } from "../../src/db/retry.ts";
import { type NewEvent, writeEvents } from "../../src/events/write.ts";
import { newId } from "../../src/platform/ids.ts";
import { hooksOf, reachesTests, receiver, subjectsOf } from "../support/hooks.ts";

/** What receivers and accounts can do to the webhooks of others. */
describe("webhooks under attack", async () => {
  const { server, tenant, aid } = await world({ own: reachesTests });
  const hooks = hooksOf(server, tenant);

  it("an event that cannot be presented holds up no other, and is sent without its object", async () => {
    const shop = await receiver();
    await hooks.create(shop.url, { events: ["account_terminal_update", "account_store_update"] });
    const event = (subject: string, more: Partial<NewEvent>): NewEvent => ({
      accountId: aid,
      type: "account_store_update",
      cause: "test",
      at: new Date(),
      subject,
      actor: "test",
      ...more,
    });
    await writeEvents(server.db.sql, [
      event("before", {}),
      event("broken", { type: "account_terminal_update", data: { created_at: "no time" } }),
      event("after", {}),
    ]);
    await expect.poll(() => subjectsOf(shop).toSorted(), { timeout: 8_000 }).toEqual(["after", "before", "broken"]);
    const broken = shop.events().find(({ body }) => JSON.parse(body).subject === "broken");
    expect(JSON.parse(broken?.body ?? "")).not.toHaveProperty("terminal");
    const page = await server.call<{ events: object[] }>("GET", `/v1/accounts/${aid}/events`, tenant);
    expect(page.body.events).toMatchObject([{ subject: "before" }, { subject: "broken" }, { subject: "after" }]);
  });

  it("an account whose receivers take their time holds up no others", { timeout: 60_000 }, async () => {
    const late = await lateReceiver(1_800);
    const attacker = await server.account();
    const theirs = hooksOf(server, attacker);
    // Each has a host of its own, so that the room of a host does not bound them.
    for (let n = 1; n <= 100; n += 1) await theirs.create(`http://127.0.1.${n}:${late.port}/`, {});
    const shop = await receiver();
    await hooks.create(shop.url, { events: ["account_payout_destination_update"] });
    await theirs.happen(Array.from({ length: 20 }, (_, n) => `s${n}`));
    await expect.poll(() => late.count(), { timeout: 10_000 }).toBeGreaterThan(120);
    const began = performance.now();
    await hooks.happen(["mine"], "account_payout_destination_update");
    await expect.poll(() => shop.events().length, { timeout: 15_000, interval: 20 }).toBe(1);
    expect(performance.now() - began).toBeLessThan(1_500);
    for (const { id } of (await theirs.call("GET", "?limit=100")).body) await theirs.call("DELETE", `/${id}`);
  });

  it("events of an account with many subscriptions are taken on in pieces, and the first are sent before the last", {
    timeout: 60_000,
  }, async () => {
    const shop = await receiver();
    const attacker = await server.account();
    const theirs = hooksOf(server, attacker);
    for (let n = 1; n <= 100; n += 1) await theirs.create(shop.url, { events: ["account_store_delete"] });
    const names = Array.from({ length: 300 }, (_, n) => `s${n}`);
    await theirs.happen(names, "account_store_delete");
    const taken = async () => {
      const { rows } = await server.db.pool.query<{ count: number; first_sent: Date | null; last_made: Date }>(
        `select count(*)::int as count, min(first_attempt_at) as first_sent, max(created_at) as last_made
         from hook_deliveries where account_id = $1 and event = 'account_store_delete'`,
        [attacker.aid],
      );
      return rows[0];
    };
    await expect.poll(async () => (await taken())?.count, { timeout: 40_000 }).toBe(names.length * 100);
    await expect.poll(() => shop.events().length, { timeout: 10_000 }).toBeGreaterThan(0);
    const { first_sent: firstSent, last_made: lastMade } = (await taken()) ?? {};
    expect(firstSent?.getTime()).toBeLessThan(lastMade?.getTime() ?? 0);
    // Deliveries are being made and sent: the server's statements may hold rows in another order.
    await retried(() =>
      server.db.sql.deleteFrom("hook_subscriptions").where("account_id", "=", attacker.aid).execute(),
    );
  });

  it("ranges that an account has sent again keep those of others waiting no longer than a turn", {
    timeout: 60_000,
  }, async () => {
    const shop = await receiver();
    const attacker = await server.account();
    const theirs = hooksOf(server, attacker);
    const { id } = await theirs.create(shop.url);
    onTestFinished(async () => void (await theirs.call("DELETE", `/${id}`)));
    await theirs.call("POST", `/${id}/pause`, {});
    await theirs.happen(Array.from({ length: 1_000 }, (_, n) => `s${n}`));
    const replay = () => ({
      account_id: attacker.aid,
      subscription_id: id,
      id: newId(new Date()),
      from_position: "1",
      to_position: "1000",
      again: true,
      created_at: new Date(),
    });
    await server.db.sql
      .insertInto("hook_replays")
      .values(Array.from({ length: 1_000 }, replay))
      .execute();
    const mine = await hooks.create(shop.url, { events: ["account_terminal_delete"] });
    await hooks.happen(["mine"], "account_terminal_delete");
    await expect.poll(() => subjectsOf(shop)).toEqual(["mine"]);
    const again = await hooks.call("POST", `/${mine.id}/replay`, { since: "2026-01-01T00:00:00Z" });
    expect(again.status).toBe(202);
    await expect.poll(() => subjectsOf(shop), { timeout: 4_000 }).toEqual(["mine", "mine"]);
    const left = await server.db.sql.selectFrom("hook_replays").select("id").execute();
    expect(left.length).toBeGreaterThan(0);
  });

  it("deliveries that cannot be given back, for want of room, keep the others from nothing", async () => {
    const shop = await receiver();
    const crowd = await server.account();
    const theirs = hooksOf(server, crowd);
    for (let n = 1; n <= 40; n += 1) await theirs.create(shop.url);
    await expect.poll(() => shop.received.length, { timeout: 20_000 }).toBe(40);
    const { pool } = server.db;
    await pool.query(`
      create function refuse_return() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
      create trigger refuse_return before update on hook_deliveries for each row
      when (old.state = 'sending' and new.state = 'waiting' and new.account_id = '${crowd.aid}') execute function refuse_return()`);
    shop.behave({ afterMs: 200 });
    await theirs.happen(["A"]);
    // As many as a host takes at once, none of which waits for the return of the rest.
    await expect.poll(() => shop.events().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(24);
    await pool.query("drop trigger refuse_return on hook_deliveries; drop function refuse_return()");
  });
});

/** A receiver at every loopback address, which answers after a while. */
async function lateReceiver(afterMs: number) {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    count += 1;
    setTimeout(() => response.writeHead(200).end(), afterMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, count: () => count };
}

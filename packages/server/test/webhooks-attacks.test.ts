import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { type NewEvent, writeEvents } from "../src/events/write.ts";
import { hooksOf, reachesTests, receiver, subjectsOf } from "./support/hooks.ts";

/** What receivers and accounts can do to the webhooks of others. */
describe("webhooks under attack", async () => {
  const { server, tenant, aid } = await world({ own: reachesTests });
  const hooks = hooksOf(server, tenant);

  it("an event that cannot be presented holds up no other, and is sent with the id of its object", async () => {
    const shop = await receiver();
    await hooks.create(shop.url, { events: ["account_terminal_update", "account_store_update"] });
    const event = (subject: string, more: Partial<NewEvent>): NewEvent => ({
      accountId: aid,
      type: "account_store_update",
      cause: "test",
      at: new Date(),
      subject,
      actor: "test",
      data: {},
      ...more,
    });
    await writeEvents(server.db.sql, [
      event("before", {}),
      event("broken", { type: "account_terminal_update", data: { created_at: "no time" } }),
      event("after", {}),
    ]);
    await vi.waitFor(() => expect(subjectsOf(shop).toSorted()).toEqual(["after", "before", "broken"]), 8_000);
    const broken = shop.events().find(({ body }) => JSON.parse(body).subject === "broken");
    expect(JSON.parse(broken?.body ?? "").terminal).toEqual({ id: "broken" });
    const page = await server.call<{ events: object[] }>("GET", `/v1/accounts/${aid}/events`, tenant);
    expect(page.body.events).toMatchObject([{ subject: "before" }, { subject: "broken" }, { subject: "after" }]);
  });
});

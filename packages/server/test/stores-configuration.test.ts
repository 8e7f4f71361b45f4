import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

describe("the configuration of a store", async () => {
  const { server, tenant: live } = await world({ live: true });
  const sandbox = await server.account();

  const storeOf = async (tenant: Tenant, body: object) => {
    const created = await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body });
    const path = `/v1/accounts/${tenant.aid}/stores/${created.body.id}/configuration`;
    return {
      id: created.body.id as string,
      get: async () => (await server.call("GET", path, tenant)).body,
      patch: (change: unknown) => server.call("PATCH", path, { ...tenant, body: change }),
    };
  };
  const addressIn = (country: string) => ({ address_line: "1", postal_place: "Somewhere", country });

  it("is whole from the beginning: closed by itself on live accounts, not on sandboxes", async () => {
    const store = await storeOf(live, { address: addressIn("NO") });
    expect(await store.get()).toEqual({
      auto_end_of_day: { enabled: true, time: "23:30", retry_until: "05:00" },
      time_zone: "Europe/Oslo",
      time_zone_source: "country",
    });
    expect((await (await storeOf(sandbox, {})).get()).auto_end_of_day.enabled).toBe(false);
  });

  it("merges at every depth, keeps the rest, and goes back to defaults by null", async () => {
    const store = await storeOf(live, { address: addressIn("NO") });
    const all = await store.patch({ auto_end_of_day: { time: "02:15" }, time_zone: "Europe/Stockholm" });
    expect(all).toMatchObject({
      status: 200,
      body: { auto_end_of_day: { enabled: true, time: "02:15", retry_until: "05:00" }, time_zone: "Europe/Stockholm" },
    });
    expect((await store.patch({ auto_end_of_day: { enabled: false } })).body).toEqual({
      auto_end_of_day: { enabled: false, time: "02:15", retry_until: "05:00" },
      time_zone: "Europe/Stockholm",
      time_zone_source: "store",
    });
    expect((await store.patch({ auto_end_of_day: { time: null, retry_until: "04:00" } })).body).toEqual({
      auto_end_of_day: { enabled: false, time: "23:30", retry_until: "04:00" },
      time_zone: "Europe/Stockholm",
      time_zone_source: "store",
    });
    expect((await store.patch({ auto_end_of_day: null })).body.auto_end_of_day).toEqual({
      enabled: true,
      time: "23:30",
      retry_until: "05:00",
    });
    expect((await store.patch({ time_zone: null })).body.time_zone).toBe("Europe/Oslo");
    expect(await store.get()).toEqual((await store.patch({})).body);
  });

  it("is untouched by a replaced store, but for defaults that follow the address", async () => {
    const store = await storeOf(live, { address: addressIn("NO") });
    await store.patch({ auto_end_of_day: { time: "22:00" } });
    const path = `/v1/accounts/${live.aid}/stores/${store.id}`;
    await server.call("PUT", path, { ...live, body: { address: addressIn("FI") } });
    expect(await store.get()).toMatchObject({ auto_end_of_day: { time: "22:00" }, time_zone: "Europe/Helsinki" });
  });

  it("names what is wrong", async () => {
    const store = await storeOf(live, {});
    for (const [change, place] of [
      [{ auto_end_of_day: { time: "24:00" } }, "/body/auto_end_of_day/time"],
      [{ auto_end_of_day: { time: "7:00" } }, "/body/auto_end_of_day/time"],
      [{ auto_end_of_day: { retry_until: 5 } }, "/body/auto_end_of_day/retry_until"],
      [{ auto_end_of_day: { enabled: "yes" } }, "/body/auto_end_of_day/enabled"],
      [{ auto_end_of_day: { at: "23:00" } }, "/body/auto_end_of_day/at"],
      [{ auto_end_of_day: [] }, "/body/auto_end_of_day"],
      [{ time_zone: "Europe/Atlantis" }, "/body/time_zone"],
      [{ time_zone: "+01:00" }, "/body/time_zone"],
      [{ time_zone: "" }, "/body/time_zone"],
      [{ time_zone: "BST" }, "/body/time_zone"],
      [{ time_zone: "US/Eastern" }, "/body/time_zone"],
      [{ opening_hours: {} }, "/body/opening_hours"],
    ] as const) {
      const answer = await store.patch(change);
      expect(answer, JSON.stringify(change)).toMatchObject({
        status: 400,
        body: { error: { code: "invalid_request" } },
      });
      expect(answer.body.error.errors.map((error: { path: string }) => error.path)).toContain(place);
    }
    expect((await store.patch([])).status).toBe(400);
  });

  it("records what was changed, and nothing when nothing was", async () => {
    const store = await storeOf(live, {});
    await store.patch({ auto_end_of_day: { enabled: false } });
    await store.patch({ auto_end_of_day: { enabled: false } });
    const log = await server.call("GET", `/v1/accounts/${live.aid}/audit?subject_id=${store.id}`, live);
    expect(log.body.entries.map((entry: { action: string }) => entry.action)).toEqual([
      "store.configure",
      "store.create",
    ]);
    expect(log.body.entries[0]).toMatchObject({
      before: { auto_end_of_day: { enabled: true } },
      after: { auto_end_of_day: { enabled: false } },
    });
  });

  // adobe/react-spectrum #7065; Python's zoneinfo finds names in one case only.
  it("keeps a time zone by IANA's own name, and names it for one that only leads to it", async () => {
    const store = await storeOf(live, {});
    for (const [given, zone] of [
      ["europe/oslo", "Europe/Oslo"],
      ["EUROPE/PARIS", "Europe/Paris"],
      ["utc", "UTC"],
      ["Asia/Calcutta", "Asia/Kolkata"],
    ])
      expect((await store.patch({ time_zone: given })).body).toMatchObject({
        time_zone: zone,
        time_zone_source: "store",
      });
    const refused = await store.patch({ time_zone: "US/Pacific" });
    expect(refused.body.error.errors[0].message).toContain("America/Los_Angeles");
  });

  it("says when the time zone is a guess, and lets nobody close days by a guess", async () => {
    const store = await storeOf(live, {});
    const guessed = await store.get();
    expect(guessed).toMatchObject({
      time_zone: "UTC",
      time_zone_source: "default",
      time_zone_guess: expect.stringContaining("Set time_zone, or give the store an address"),
    });
    const refused = await store.patch({ auto_end_of_day: { enabled: true, time: "22:00" } });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: "invalid_request" } } });
    expect(refused.body.error.errors).toEqual([
      { path: "/body/auto_end_of_day/enabled", message: expect.stringContaining("Set time_zone") },
    ]);
    expect(await store.get()).toEqual(guessed);
    expect((await store.patch({ auto_end_of_day: { enabled: false, time: "22:00" } })).status).toBe(200);
    const both = await store.patch({ auto_end_of_day: { enabled: true }, time_zone: "Europe/Oslo" });
    expect(both).toMatchObject({ status: 200, body: { auto_end_of_day: { enabled: true, time: "22:00" } } });
    expect(both.body).not.toHaveProperty("time_zone_guess");
    // What was read can be sent back.
    expect(await store.patch(both.body)).toEqual(expect.objectContaining({ status: 200, body: both.body }));

    const several = await storeOf(live, { address: addressIn("US") });
    expect((await several.get()).time_zone_guess).toContain("several time zones");
    expect((await several.patch({ auto_end_of_day: { enabled: true } })).status).toBe(400);
    const one = await storeOf(live, { address: addressIn("DE") });
    expect((await one.patch({ auto_end_of_day: { enabled: true } })).status).toBe(200);
  });

  it("falls back on the account's time zone", async () => {
    const account = await server.account();
    const store = await storeOf(account, {});
    await server.db.pool.query("update accounts set time_zone = 'Europe/Oslo' where account_id = $1", [account.aid]);
    const configuration = await store.get();
    expect(configuration).toMatchObject({ time_zone: "Europe/Oslo", time_zone_source: "account" });
    expect(configuration).not.toHaveProperty("time_zone_guess");
    expect((await store.patch({ auto_end_of_day: { enabled: true } })).status).toBe(200);
  });
});

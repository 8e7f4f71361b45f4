import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { iso31661Alpha2ToAlpha3 } from "iso-3166";
import { describe, expect, it } from "vitest";
import { isTimeZone, timeZoneOf } from "../src/merchants/stores/time-zones.ts";

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
    });
    expect((await store.patch({ auto_end_of_day: { time: null, retry_until: "04:00" } })).body).toEqual({
      auto_end_of_day: { enabled: false, time: "23:30", retry_until: "04:00" },
      time_zone: "Europe/Stockholm",
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

  it("has a time zone for every country there is", () => {
    const zone = (country?: string, organization: { country?: string } | null = null) =>
      timeZoneOf({ address: country === undefined ? null : addressIn(country), organization });
    for (const country of Object.keys(iso31661Alpha2ToAlpha3)) {
      expect(isTimeZone(zone(country)), `${country} ${zone(country)}`).toBe(true);
    }
    expect(["NO", "SE", "DE", "US", "BR", "IN", "PT", "BV"].map((country) => zone(country))).toEqual([
      "Europe/Oslo",
      "Europe/Stockholm",
      "Europe/Berlin",
      "America/New_York",
      "America/Sao_Paulo",
      expect.stringMatching(/^Asia\/(Kolkata|Calcutta)$/),
      "Europe/Lisbon",
      "UTC",
    ]);
    // Without an address the organization's country counts; an organization without a country is Norwegian.
    expect(zone(undefined, { country: "DK" })).toBe("Europe/Copenhagen");
    expect(zone(undefined, {})).toBe("Europe/Oslo");
    expect(zone()).toBe("UTC");
  });

  it("knows names of time zones, old ones too, from what only looks like one", () => {
    for (const name of [
      "Europe/Oslo",
      "Europe/Kyiv",
      "Europe/Kiev",
      "America/Argentina/Buenos_Aires",
      "UTC",
      "EST5EDT",
      "NZ-CHAT",
      "Etc/GMT+3",
    ])
      expect(isTimeZone(name), name).toBe(true);
    for (const name of ["Oslo", "+01:00", "GMT+1", "Europe/", "Europe/Oslo ", "../Oslo", "Europe//Oslo"])
      expect(isTimeZone(name), name).toBe(false);
  });
});

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
  const untold = { mail_to: [], mail: { off_because: expect.stringContaining("TILLKEEPER_SMTP_URL") } };
  const usual = { spread_minutes: 5, exceptions: [] };
  const addressIn = (country: string) => ({ address_line: "1", postal_place: "Somewhere", country });

  it("is whole from the beginning: closed by itself on live accounts, not on sandboxes", async () => {
    const store = await storeOf(live, { address: addressIn("NO") });
    expect(await store.get()).toEqual({
      auto_end_of_day: { enabled: true, time: "23:30", retry_until: "05:00", ...usual },
      business_day_starts_at: "05:00",
      time_zone: "Europe/Oslo",
      time_zone_source: "country",
      ...untold,
      autopilot: { next: { business_day: expect.any(String), at: expect.any(String), until: expect.any(String) } },
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
      auto_end_of_day: { enabled: false, time: "02:15", retry_until: "05:00", ...usual },
      business_day_starts_at: "05:00",
      time_zone: "Europe/Stockholm",
      time_zone_source: "store",
      autopilot: { off_because: "The automatic end of day is not enabled." },
      ...untold,
    });
    expect((await store.patch({ auto_end_of_day: { time: null, retry_until: "04:00" } })).body).toEqual({
      auto_end_of_day: { enabled: false, time: "23:30", retry_until: "04:00", ...usual },
      business_day_starts_at: "05:00",
      time_zone: "Europe/Stockholm",
      time_zone_source: "store",
      autopilot: { off_because: "The automatic end of day is not enabled." },
      ...untold,
    });
    expect((await store.patch({ auto_end_of_day: null })).body.auto_end_of_day).toEqual({
      enabled: true,
      time: "23:30",
      retry_until: "05:00",
      ...usual,
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
      [{ business_day_starts_at: "5:00" }, "/body/business_day_starts_at"],
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

  it("lets no automatic close go on in the next business day, whichever of the times a request sets", async () => {
    const store = await storeOf(live, { address: addressIn("NO") });
    const times = async () => {
      const { auto_end_of_day: ofDay, business_day_starts_at: begin } = await store.get();
      return [ofDay.time, ofDay.retry_until, begin];
    };
    const refused = async (change: object, place: string) => {
      const answer = await store.patch(change);
      expect(answer, JSON.stringify(change)).toMatchObject({
        status: 400,
        body: { error: { code: "invalid_request", errors: [{ path: `/body/${place}` }] } },
      });
      return answer.body.error.errors[0].message as string;
    };
    // The default follows the begin of the day.
    expect((await store.patch({ business_day_starts_at: "04:00" })).status).toBe(200);
    expect(await times()).toEqual(["23:30", "04:00", "04:00"]);
    expect(await refused({ auto_end_of_day: { retry_until: "04:01" } }, "auto_end_of_day/retry_until")).toContain(
      "After 23:30, retry_until must come at 04:00 or before it; null makes it 04:00",
    );
    // `retry_until` that is not after `time` is on the next day: a whole day after it.
    await refused({ auto_end_of_day: { retry_until: "23:30" } }, "auto_end_of_day/retry_until");
    expect((await store.patch({ auto_end_of_day: { retry_until: "03:30" } })).status).toBe(200);
    await refused({ business_day_starts_at: "03:00" }, "business_day_starts_at");
    await refused({ auto_end_of_day: { time: "03:45" } }, "auto_end_of_day/time");
    expect(await times()).toEqual(["23:30", "03:30", "04:00"]);
    // Only what results counts: a later `retry_until` with a later begin, in one request or in the right order.
    const both = { auto_end_of_day: { retry_until: "06:30" }, business_day_starts_at: "07:00" };
    await refused({ auto_end_of_day: both.auto_end_of_day }, "auto_end_of_day/retry_until");
    expect((await store.patch(both)).status).toBe(200);
    await refused({ business_day_starts_at: null }, "business_day_starts_at");
    expect((await store.patch({ business_day_starts_at: null, auto_end_of_day: null })).status).toBe(200);
    expect(await times()).toEqual(["23:30", "05:00", "05:00"]);
    // A close at the very begin of a day has the whole day.
    const early = { auto_end_of_day: { time: "05:00", retry_until: "05:00" } };
    expect((await store.patch(early)).status).toBe(200);
  });

  it("shows a late retry_until of former times as the begin of the day, and takes it back", async () => {
    const store = await storeOf(live, { address: addressIn("NO") });
    await server.db.pool.query("update stores set configuration = $2 where account_id = $3 and id = $1", [
      store.id,
      { auto_end_of_day: { retry_until: "09:00" } },
      live.aid,
    ]);
    const shown = await store.get();
    expect(shown.auto_end_of_day.retry_until).toBe("05:00");
    expect((await store.patch({ time_zone: "Europe/Stockholm" })).status).toBe(200);
    expect((await store.patch(shown)).status).toBe(200);
  });

  it("does not make a guessed time zone the store's own when it comes back with its source", async () => {
    for (const [tenant, body] of [
      [live, {}],
      [live, { address: addressIn("US") }],
      [live, { address: addressIn("NO") }],
      [sandbox, {}],
    ] as const) {
      const store = await storeOf(tenant, body);
      const shown = await store.get();
      expect(await store.patch(shown)).toMatchObject({ status: 200, body: shown });
      const later = { ...shown, auto_end_of_day: { ...shown.auto_end_of_day, time: "22:00" } };
      // What comes next by itself follows from the new time.
      const { autopilot: _next, ...others } = later;
      expect(await store.patch(later)).toMatchObject({ status: 200, body: others });
      expect(await store.get()).toMatchObject(others);
    }
    const store = await storeOf(live, {});
    const shown = await store.get();
    // Another zone is set, with any source; so is the shown zone without its source, or as the store's.
    expect((await store.patch({ ...shown, time_zone: "Europe/Oslo" })).body).toMatchObject({
      time_zone: "Europe/Oslo",
      time_zone_source: "store",
    });
    for (const source of [undefined, "store", "country"]) {
      await store.patch({ time_zone: null });
      const { body } = await store.patch({ time_zone: "UTC", time_zone_source: source });
      expect(body).toMatchObject({ time_zone: "UTC", time_zone_source: "store" });
    }
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

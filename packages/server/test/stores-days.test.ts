import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { inTenant } from "../src/db/tenants/tenant.ts";
import { storeDays } from "../src/merchants/stores/days.ts";

describe("stores with the rules of their business days", async () => {
  const { server, tenant, aid } = await world();
  const stores = `/v1/accounts/${aid}/stores`;
  const create = async (body: object): Promise<{ id: string; store_id: string }> =>
    (await server.call("POST", stores, { ...tenant, body })).body;
  const find = (by: Parameters<typeof storeDays>[2], more: { includeDeleted?: boolean; account?: string } = {}) =>
    inTenant(server.db, more.account ?? aid, (tx) =>
      storeDays(tx, more.account ?? aid, by, { now: new Date(), ...more }),
    );
  const addressIn = (country: string) => ({ address_line: "1", postal_place: "Somewhere", country });

  it("are found by either id, with zone and begin of the day", async () => {
    const store = await create({ store_id: "DAYS-1", store_name: "Harbour", address: addressIn("FI") });
    const expected = {
      id: store.id,
      store_id: "DAYS-1",
      store_name: "Harbour",
      status: "ACTIVE",
      rules: { timeZone: "Europe/Helsinki", startsAt: "05:00" },
      guess: false,
      country: "FI",
    };
    expect(await find({ storeId: "DAYS-1" })).toEqual([expected]);
    expect(await find({ storeId: store.id })).toEqual([expected]);
    const body = { business_day_starts_at: "03:30", time_zone: "Europe/Oslo" };
    await server.call("PATCH", `${stores}/DAYS-1/configuration`, { ...tenant, body });
    const rules = { timeZone: "Europe/Oslo", startsAt: "03:30" };
    expect(await find({ ids: [store.id] })).toEqual([{ ...expected, rules }]);
  });

  it("have a guessed zone as their configuration shows it, or their account's", async () => {
    const ids = [(await create({})).id, (await create({ address: addressIn("US") })).id];
    const rules = (zones: string[], guess: boolean) =>
      ids.map((id, index) =>
        expect.objectContaining({ id, rules: { timeZone: zones[index], startsAt: "05:00" }, guess }),
      );
    expect(await find({ ids })).toEqual(rules(["UTC", "America/New_York"], true));
    await server.db.pool.query("update accounts set time_zone = 'America/Chicago' where account_id = $1", [aid]);
    expect(await find({ ids })).toEqual(rules(["America/Chicago", "America/Chicago"], false));
    await server.db.pool.query("update accounts set time_zone = null where account_id = $1", [aid]);
  });

  it("leave out what is deleted, unless asked for, and what belongs to another account", async () => {
    const former = await create({ store_id: "DAYS-2" });
    await server.call("DELETE", `${stores}/DAYS-2`, tenant);
    expect(await find({ storeId: "DAYS-2" })).toEqual([]);
    expect(await find({ ids: [former.id] })).toEqual([]);
    expect(await find({ storeId: "DAYS-2" }, { includeDeleted: true })).toMatchObject([{ status: "DELETED" }]);
    const again = await create({ store_id: "DAYS-2" });
    expect(await find({ storeId: "DAYS-2" }, { includeDeleted: true })).toMatchObject([{ id: again.id }]);
    expect(await find({ ids: [again.id, former.id, "X"] }, { includeDeleted: true })).toMatchObject([
      { id: former.id },
      { id: again.id },
    ]);
    expect(await find({ storeId: "X" })).toEqual([]);
    const other = await server.account();
    expect(await find({ ids: [again.id] }, { account: other.aid })).toEqual([]);
  });
});

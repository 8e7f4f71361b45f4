import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inTenant } from "../src/db/tenants/tenant.ts";
import { operatorDestinationsOfStore } from "../src/merchants/payout-destinations/for-stores.ts";

/** D6: an operator, with three digits, that owns two accounts. */
describe("an operator's payout destinations", async () => {
  const { server, tenant: operator } = await world({ own: {}, aid: "T123" });
  let owned: Tenant;
  let sibling: Tenant;
  let stranger: Tenant;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    owned = await server.account();
    sibling = await server.account();
    stranger = await server.account();
    await ownedBy(operator.aid, [owned.aid, sibling.aid]);
    for (const tenant of [owned, sibling, stranger]) {
      for (const store_id of ["S1", "S2"]) {
        const body = { store_id, store_name: `${store_id} of ${tenant.aid}` };
        const store = await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body });
        ids.set(`${tenant.aid}/${store_id}`, store.body.id);
      }
    }
    const terminal = { device_serial_number: "OPERATED-1", store_id: "S1" };
    await server.call("POST", `/v1/accounts/${owned.aid}/terminals`, { ...owned, body: terminal });
    for (const [payout_destination_id, organization_number] of [
      ["MAIN", "974760673"],
      ["OTHER", "923609016"],
    ]) {
      const organization = { organization_number, name: `${payout_destination_id} AS`, trade_name: "Seller" };
      await server.call("POST", `/v1/accounts/${operator.aid}/payout-destinations`, {
        ...operator,
        body: {
          payout_destination_id,
          organization,
          merchant_category_code: "2741",
          payout_destination_description: "AUTO_APPROVE",
        },
      });
    }
  });
  beforeEach(() => server.db.sql.deleteFrom("operator_destination_stores").execute());

  async function ownedBy(operatorId: string | null, accountIds: string[]): Promise<void> {
    await server.db.sql
      .updateTable("accounts")
      .set({ operator_account_id: operatorId })
      .where("account_id", "in", accountIds)
      .execute();
  }

  const link = (method: string, id: string, store: string, tenant = operator) =>
    server.call(method, `/v1/accounts/${operator.aid}/payout-destinations/${id}/stores/${store}`, tenant);
  const ofStore = (tenant: Tenant, storeId: string) =>
    operatorDestinationsOfStore(server.db, {
      accountId: tenant.aid,
      storeRef: ids.get(`${tenant.aid}/${storeId}`) ?? "",
    });
  const details = async (id: string) =>
    (await server.call("GET", `/v1/accounts/${operator.aid}/payout-destinations/${id}`, operator)).body;

  it("are linked to stores of accounts that it owns, by either id, and shown there as documented", async () => {
    expect((await link("PUT", "MAIN", `${owned.aid}/S1`)).status).toBe(204);
    expect((await link("PUT", "OTHER", `${owned.aid}/${ids.get(`${owned.aid}/S1`)}`)).status).toBe(204);
    const shown = (id: string, organization_number: string) => ({
      payout_destination_id: id,
      status: "ACTIVE",
      type: "company",
      organization_number,
      name: `${id} AS`,
      trade_name: "Seller",
      merchant_category_code: "2741",
    });
    expect(await ofStore(owned, "S1")).toEqual([shown("MAIN", "974760673"), shown("OTHER", "923609016")]);
    expect(await ofStore(owned, "S2")).toEqual([]);
    expect(await ofStore(sibling, "S1")).toEqual([]);
  });

  it("count and show those stores and their terminals", async () => {
    await link("PUT", "MAIN", `${owned.aid}/S1`);
    await link("PUT", "MAIN", `${owned.aid}/S2`);
    await link("PUT", "MAIN", `${sibling.aid}/S1`);
    const main = await details("MAIN");
    expect(main).toMatchObject({ number_of_stores: 3, number_of_terminals: 1, links: [] });
    expect(main.stores).toHaveLength(3);
    expect(main.stores).toContainEqual({
      account_id: owned.aid,
      store_id: "S1",
      id: ids.get(`${owned.aid}/S1`),
      store_name: `S1 of ${owned.aid}`,
      status: "ACTIVE",
    });
    expect(main.terminals).toMatchObject([{ device_serial_number: "OPERATED-1", store_id: "S1" }]);
    const { body } = await server.call("GET", `/v1/accounts/${operator.aid}/payout-destinations`, operator);
    expect(body.payout_destinations).toMatchObject([
      { payout_destination_id: "OTHER", number_of_stores: 0, number_of_terminals: 0 },
      { payout_destination_id: "MAIN", number_of_stores: 3, number_of_terminals: 1 },
    ]);
  });

  it("are linked and taken away again any number of times, and each change once in both accounts' logs", async () => {
    const log = (aid: string) =>
      server.db.sql
        .selectFrom("audit_log")
        .select(["action", "actor"])
        .where("account_id", "=", aid)
        .where("action", "like", "%operator_payout_destination")
        .orderBy("seq")
        .execute();
    const before = (await log(sibling.aid)).length;
    for (const method of ["PUT", "PUT", "DELETE", "DELETE"]) {
      expect((await link(method, "OTHER", `${sibling.aid}/S2`)).status).toBe(204);
    }
    expect(await ofStore(sibling, "S2")).toEqual([]);
    expect((await log(sibling.aid)).slice(before)).toEqual([
      { action: "store.link_operator_payout_destination", actor: `${operator.aid}/${operator.clientId}` },
      { action: "store.unlink_operator_payout_destination", actor: `${operator.aid}/${operator.clientId}` },
    ]);
    const own = await server.db.sql
      .selectFrom("audit_log")
      .select("action")
      .where("account_id", "=", operator.aid)
      .where("subject_id", "=", "OTHER")
      .where("action", "like", "%link_store")
      .orderBy("seq")
      .execute();
    expect(own.slice(-2)).toEqual([
      { action: "payout_destination.link_store" },
      { action: "payout_destination.unlink_store" },
    ]);
  });

  it("are not linked to what the operator does not own, and nobody else links them", async () => {
    for (const account of [stranger.aid, "T99999999"]) {
      expect(await link("PUT", "MAIN", `${account}/S1`)).toMatchObject({
        status: 404,
        body: { error: { code: "account_not_found", message: "There is no such account.", errors: [] } },
      });
    }
    expect((await link("PUT", "MAIN", `${owned.aid}/S9`)).body.error.code).toBe("store_not_found");
    expect((await link("PUT", "NONE", `${owned.aid}/S1`)).body.error.code).toBe("unknown_payout_destination");
    expect((await link("PUT", "MAIN", `${owned.aid}/S1`, owned)).body.error.code).toBe("account_not_found");
    const reader = await server.account(operator.aid, { clientId: "reader", scopes: ["read:accounts"] });
    expect((await link("PUT", "MAIN", `${owned.aid}/S1`, reader)).status).toBe(403);
    expect(await server.db.sql.selectFrom("operator_destination_stores").selectAll().execute()).toEqual([]);
  });

  it("are not shown any more once the account has left the operator, or the store is deleted", async () => {
    await link("PUT", "MAIN", `${owned.aid}/S1`);
    await link("PUT", "MAIN", `${sibling.aid}/S1`);
    await ownedBy(null, [sibling.aid]);
    expect(await ofStore(sibling, "S1")).toEqual([]);
    expect(await details("MAIN")).toMatchObject({ number_of_stores: 1, stores: [{ account_id: owned.aid }] });
    await ownedBy(operator.aid, [sibling.aid]);
    await server.db.sql
      .updateTable("stores")
      .set({ status: "DELETED" })
      .where("id", "=", ids.get(`${sibling.aid}/S1`) ?? "")
      .execute();
    expect(await details("MAIN")).toMatchObject({ number_of_stores: 1 });
    expect((await link("PUT", "OTHER", `${sibling.aid}/S1`)).body.error.code).toBe("store_not_found");
  });

  it("keep the second wall: each side sees its links, others see nothing, and no tenant's transaction changes any", async () => {
    await link("PUT", "MAIN", `${owned.aid}/S1`);
    const db = server.db;
    const seen = async (aid: string) =>
      inTenant(
        db,
        aid,
        async (tx) => (await tx.selectFrom("operator_destination_stores").selectAll().execute()).length,
      );
    expect([await seen(operator.aid), await seen(owned.aid), await seen(sibling.aid)]).toEqual([1, 1, 0]);
    // The policy of the operator alone would allow a link to a stranger's store.
    const forged = {
      operator_account_id: operator.aid,
      payout_destination_id: "OTHER",
      account_id: stranger.aid,
      store_ref: ids.get(`${stranger.aid}/S1`) ?? "",
      created_at: new Date(),
      created_by: "nobody",
    };
    for (const aid of [operator.aid, owned.aid]) {
      const made = inTenant(db, aid, (tx) => tx.insertInto("operator_destination_stores").values(forged).execute());
      await expect(made).rejects.toThrow("permission denied");
      const gone = inTenant(db, aid, (tx) => tx.deleteFrom("operator_destination_stores").execute());
      await expect(gone).rejects.toThrow("permission denied");
    }
    expect(await seen(owned.aid)).toBe(1);
  });
});

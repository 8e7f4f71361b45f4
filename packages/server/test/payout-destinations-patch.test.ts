import { PayoutDestination } from "@tillkeeper/contract/http/payout-destinations";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { nextAccountId, type Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";

/** docs.dintero.com, api-reference/payout-destinations/oid_mgmnt_payout_destinations_by_id_patch; its body is not shown. */
describe("PATCH of a payout destination", async () => {
  const { server } = await world();
  const bank = { bank_account_currency: "NOK", bank_account_country_code: "NO", bank_account_number: "86011117947" };
  const pathOf = (aid: string) => `/v1/accounts/${aid}/payout-destinations`;
  const made = async (tenant: Tenant, id = "PD1", more: object = {}) => {
    const organization = { organization_number: "974760673", name: "Shop AS" };
    const body = { payout_destination_id: id, organization, bank_accounts: [bank], ...more };
    return (await server.call("POST", pathOf(tenant.aid), { ...tenant, body })).body;
  };
  const patch = (tenant: Tenant, body: object, id = "PD1") =>
    server.call("PATCH", `${pathOf(tenant.aid)}/${id}`, { ...tenant, body });
  const setCase = (tenant: Tenant, case_status: "ACTIVE" | "ARCHIVED" | "UNDER_MANUAL_REVIEW") =>
    server.db.sql
      .updateTable("payout_destinations")
      .set({ case_status })
      .where("account_id", "=", tenant.aid)
      .execute();

  it("changes what it names, leaves the rest, and is on record", async () => {
    const tenant = await server.account();
    const before = await made(tenant, "PD1", { email: "old@example.com", payout_interval_type: "week" });
    const changed = await patch(tenant, { email: "new@example.com", payout_reference: "Mowber" });
    expect(changed).toMatchObject({
      status: 200,
      body: { ...before, email: "new@example.com", payout_reference: "Mowber", updated_at: expect.any(String) },
    });
    expect(Value.Check(PayoutDestination, changed.body)).toBe(true);
    expect((await server.call("GET", `${pathOf(tenant.aid)}/PD1`, tenant)).body).toEqual(changed.body);
    // Neither an empty request nor one with the present values is a change.
    await patch(tenant, {});
    await patch(tenant, { email: "new@example.com", bank_accounts: [bank], organization: before.organization });
    const { body } = await server.call("GET", `/v1/accounts/${tenant.aid}/audit?subject_id=PD1`, tenant);
    expect(body.entries.map((entry: { action: string }) => entry.action)).toEqual([
      "payout_destination.update",
      "payout_destination.create",
    ]);
    expect(body.entries[0]).toMatchObject({
      before: { email: "old@example.com" },
      after: { email: "new@example.com", bank_accounts: [{ bank_account_number: "*******7947" }] },
    });
  });

  it("refuses what is not valid, naming the place, and another legal entity", async () => {
    const tenant = await server.account();
    await made(tenant);
    const cases: [object, string][] = [
      [{ payout_destination_id: "PD2" }, "/body/payout_destination_id"],
      [{ email: "nobody" }, "/body/email"],
      [{ bank_accounts: [{ ...bank, bank_account_number_type: "IBAN" }] }, "/body/bank_accounts/0/bank_account_number"],
      [{ organization: { organization_number: "923609016" } }, "/body/organization/organization_number"],
      [{ organization: { organization_number: "974760673", country: "SE" } }, "/body/organization/country"],
      [{ type: "individual" }, "/body/type"],
      [{ individual: { name: "Kari" } }, "/body/individual"],
    ];
    for (const [body, path] of cases) {
      const answer = await patch(tenant, body);
      expect(answer, JSON.stringify(body)).toMatchObject({ status: 400, body: { error: { errors: [{ path }] } } });
    }
  });

  it("takes back a bank account as it is shown, and no other that is hidden like it", async () => {
    const tenant = await server.account();
    await made(tenant);
    const shown = (await server.call("GET", `/v1/accounts/${tenant.aid}/payout-destinations/PD1`, tenant)).body;
    expect(shown.bank_accounts[0].bank_account_number).toMatch(/^\*+\d{4}$/);
    const renamed = [{ ...shown.bank_accounts[0], bank_name: "Another bank" }];
    expect(await patch(tenant, { bank_accounts: renamed })).toMatchObject({
      status: 200,
      body: { bank_accounts: renamed },
    });
    const { rows } = await server.db.pool.query(
      "select bank_accounts from payout_destinations where account_id = $1 and payout_destination_id = 'PD1'",
      [tenant.aid],
    );
    expect(rows[0].bank_accounts[0]).toMatchObject({ bank_account_number: bank.bank_account_number });
    const other = [{ ...shown.bank_accounts[0], bank_account_number: "*******0000" }];
    expect(await patch(tenant, { bank_accounts: other })).toMatchObject({
      status: 400,
      body: { error: { errors: [{ path: "/body/bank_accounts/0/bank_account_number" }] } },
    });
    expect((await patch(tenant, { bank_accounts: [] })).status).toBe(400);
  });

  it("moves no case, not even by a sandbox's words, and changes nothing that is archived", async () => {
    const tenant = await server.account();
    await made(tenant);
    const worded = await patch(tenant, { payout_destination_description: "AUTO_APPROVE" });
    expect(worded).toMatchObject({ status: 200, body: { case_status: "AUTOMATIC_REVIEW" } });
    await setCase(tenant, "ARCHIVED");
    expect(await patch(tenant, { email: "a@example.com" })).toMatchObject({
      status: 409,
      body: { error: { code: "payout_destination_archived" } },
    });
  });

  it("leaves what was approved to the operator on a live account, and the rest to the account", async () => {
    const operator = await server.account("P118");
    const live = await server.account(nextAccountId({ live: true }));
    await server.db.sql
      .updateTable("accounts")
      .set({ operator_account_id: operator.aid })
      .where("account_id", "=", live.aid)
      .execute();
    await made(live);
    const other = { bank_accounts: [{ ...bank, bank_account_number: "15032080119" }] };
    // Before the decision the account mends its own application.
    expect((await patch(live, { merchant_category_code: "2741" })).status).toBe(200);
    await setCase(live, "ACTIVE");
    expect(await patch(live, { ...other, merchant_category_code: "2742", email: "a@example.com" })).toMatchObject({
      status: 403,
      body: {
        error: {
          code: "operator_only",
          errors: [{ path: "/body/bank_accounts" }, { path: "/body/merchant_category_code" }],
        },
      },
    });
    const contact = { email: "b@example.com", bank_accounts: [bank] };
    expect(await patch(live, contact)).toMatchObject({ status: 200, body: { case_status: "ACTIVE" } });

    const client = (await server.call("POST", `/v1/accounts/${operator.aid}/auth/clients`, { ...operator, body: {} }))
      .body;
    const audience = `https://api.dintero.com/v1/accounts/${live.aid}`;
    const grant = { client_id: client.id, audience, scope: ["write:accounts"] };
    await server.call("POST", `/v1/accounts/${operator.aid}/auth/client-grants`, { ...operator, body: grant });
    const { access_token } = (
      await server.call("POST", `/v1/accounts/${operator.aid}/auth/token`, {
        headers: { authorization: basic(client.client_id, client.client_secret) },
        body: { grant_type: "client_credentials", audience },
      })
    ).body;
    expect(await patch({ ...live, token: access_token }, other)).toMatchObject({
      status: 200,
      body: { case_status: "ACTIVE", bank_accounts: [{ bank_account_number: "*******0119" }] },
    });
  });

  it("gives its stores the details that they take over, and leaves the others", async () => {
    const tenant = await server.account();
    await made(tenant, "PD1", { email: "old@example.com", phone_number: "+4799999999" });
    const stores = `/v1/accounts/${tenant.aid}/stores`;
    const post = (body: object) => server.call("POST", stores, { ...tenant, body });
    const { id } = (await post({ store_id: "S1", payout_destination: { payout_destination_id: "PD1" } })).body;
    await post({ store_id: "S2", email: "own@example.com" });
    const address = { address_line: "Storgata 1", postal_code: "0155", postal_place: "Oslo", country: "NO" };
    expect((await patch(tenant, { email: "new@example.com", address })).status).toBe(200);
    expect((await server.call("GET", `${stores}/S1`, tenant)).body).toMatchObject({
      email: "new@example.com",
      phone_number: "+4799999999",
      address,
    });
    expect((await server.call("GET", `${stores}/S2`, tenant)).body).toMatchObject({ email: "own@example.com" });
    const { body } = await server.call("GET", `/v1/accounts/${tenant.aid}/audit?subject_id=${id}`, tenant);
    expect(body.entries[0]).toMatchObject({
      action: "store.update",
      before: { email: "old@example.com" },
      after: { email: "new@example.com" },
    });
  });

  it("finds no destination of another account, and needs a scope that may write", async () => {
    const [tenant, foreign] = [await server.account(), await server.account()];
    await made(tenant);
    const unknown = await patch(tenant, { email: "a@example.com" }, "PD9");
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: "unknown_payout_destination" } } });
    expect(await patch(foreign, { email: "a@example.com" })).toMatchObject({ status: 404, body: unknown.body });
    const reader = await server.account(tenant.aid, { clientId: "reader", scopes: ["read:accounts"] });
    expect((await patch(reader, { email: "a@example.com" })).status).toBe(403);
  });
});

/** The request and the answer as the public client libraries declare them: Dintero/Dintero.Node.SDK, src/generated. */
describe("the older approvals of payout destinations", async () => {
  const { server, tenant } = await world();
  const older = (aid: string) => `/v1/accounts/${aid}/management/settings/approvals/payout-destinations`;
  const post = (body: object, by = tenant) => server.call("POST", older(by.aid), { ...by, body });
  const body = {
    payout_destination_id: "SELLER-1",
    payout_reference: "Mowber",
    organization_number: "974760673",
    country_code: "NO",
    bank_accounts: [{ bank_account_currency: "NOK", payout_currency: "NOK", bank_account_number: "86011117947" }],
    payout_destination_name: "Shop",
    payout_destination_description: "AUTO_APPROVE",
    payout_interval_type: "daily",
    form_submitter: { email: "kari@example.com", name: "Kari", title: "Owner" },
  };

  it("take the SDK's request and answer 200 in its terms; the destination is the same at the newer address", async () => {
    const made = await post(body);
    const { bank_accounts: _, ...same } = body;
    expect(made).toMatchObject({
      status: 200,
      body: {
        ...same,
        case_status: "ACTIVE",
        // "If not set we default to the country of the approval": so the number is a Norwegian one.
        bank_accounts: [{ bank_account_country_code: "NO", bank_account_number_type: "BBAN" }],
        created_by: tenant.clientId,
        links: [],
      },
    });
    expect(made.body.bank_accounts[0].bank_account_number).toBe("*******7947");
    const newer = await server.call("GET", `/v1/accounts/${tenant.aid}/payout-destinations/SELLER-1`, tenant);
    expect(newer.body).toMatchObject({
      id: made.body.id,
      organization: { organization_number: "974760673", country: "NO" },
      payout_interval_type: "day",
    });
    const list = await server.call("GET", `${older(tenant.aid)}?payout_destination_id=SELLER-1`, tenant);
    expect(list).toMatchObject({ status: 200, body: { payout_destinations: [made.body] } });
    const declined = await server.call("GET", `${older(tenant.aid)}?case_status=DECLINED&case_status=ERROR`, tenant);
    expect(declined.body.payout_destinations).toEqual([]);
  });

  it("take what other public programs send: no account number yet, an individual, report settings, a language", async () => {
    const { aid } = tenant;
    const waiting = await post({
      country_code: "NO",
      currency: "NOK",
      language: "no",
      organization_number: "923609016",
      payout_destination_id: "9d3a1c1e-0000-4000-8000-000000000001",
      payout_reference: "9d3a1c1e-0000-4000-8000-000000000001",
      bank_accounts: [{ bank_account_currency: "NOK", payout_currency: "NOK" }],
    });
    expect(waiting).toMatchObject({ status: 200, body: { case_status: "AUTOMATIC_REVIEW" } });
    expect(waiting.body.bank_accounts[0]).not.toHaveProperty("bank_account_number");
    const person = await post({
      payout_destination_id: "seller_7",
      country_code: "NO",
      type: "individual",
      individual: { name: "Kari", email: "kari@example.com" },
      payout_interval_type: "monthly",
      settlement_report_configuration: { emails: ["kari@example.com"] },
      report_configuration: { create_report_configuration: true, schedule: "monthly" },
    });
    expect(person).toMatchObject({ status: 200, body: { payout_interval_type: "monthly" } });
    const list = await server.call("GET", `${older(aid)}?limit=1`, tenant);
    expect(list.body).toMatchObject({ payout_destinations: [{ payout_destination_id: "seller_7" }] });
    const next = await server.call("GET", `${older(aid)}?limit=1&starting_after=${list.body.starting_after}`, tenant);
    expect(next.body.payout_destinations).toHaveLength(1);
    expect(next.body.payout_destinations[0].payout_destination_id).not.toBe("seller_7");
  });

  it("name the places of the older request, refuse an id twice, and keep accounts apart", async () => {
    expect(await post({ organization_number: "974760674", country_code: "NO" })).toMatchObject({
      status: 400,
      body: { error: { errors: [{ path: "/body/organization_number" }] } },
    });
    expect(await post({ payout_interval_type: "day" })).toMatchObject({
      status: 400,
      body: { error: { errors: [{ path: "/body/payout_interval_type" }] } },
    });
    const twice = { payout_destination_id: "TWICE" };
    expect((await post(twice)).status).toBe(200);
    expect(await post(twice)).toMatchObject({ status: 409, body: { error: { code: "payout_destination_id_taken" } } });
    const foreign = await server.account();
    const list = await server.call("GET", `${older(foreign.aid)}?payout_destination_id=TWICE`, foreign);
    expect(list.body.payout_destinations).toEqual([]);
    expect((await server.call("GET", older(tenant.aid), foreign)).status).toBe(404);
    const reader = await server.account(tenant.aid, { clientId: "reads", scopes: ["read:accounts"] });
    expect((await post({}, reader)).status).toBe(403);
  });
});

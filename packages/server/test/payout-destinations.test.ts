import { nextAccountId, type Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const { server, tenant } = await world({ live: true });

const pathOf = (aid: string) => `/v1/accounts/${aid}/payout-destinations`;
const create = (of: Tenant, body: object) => server.call("POST", pathOf(of.aid), { ...of, body });
const move = (of: Tenant, id: string, case_status: string) =>
  server.call("PUT", `${pathOf(of.aid)}/${id}/case-status`, { ...of, body: { case_status } });

describe("creating payout destinations", () => {
  it("takes the documented request, and shows no more of an account number than its end", async () => {
    const bank = {
      bank_account_currency: "NOK",
      bank_name: "Banken",
      bank_account_number: "NO9386011117947",
      bank_account_number_type: "IBAN",
      bank_account_country_code: "NO",
      bank_identification_code: "DNBANOKKXXX",
    };
    const sent = { payout_destination_id: "PD032", payout_reference: "Mowber", bank_accounts: [bank] };
    expect(await create(tenant, sent)).toMatchObject({
      status: 201,
      body: {
        ...sent,
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        account_id: tenant.aid,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        created_by: tenant.clientId,
        updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        updated_by: tenant.clientId,
        case_status: "AUTOMATIC_REVIEW",
        type: "company",
        bank_accounts: [{ ...bank, bank_account_number: "***********7947" }],
        number_of_stores: 0,
        number_of_terminals: 0,
        stores: [],
        terminals: [],
      },
    });
    const entries = await server.db.sql.selectFrom("audit_log").select("entry").execute();
    expect(entries.filter(({ entry }) => entry.includes("86011117947"))).toEqual([]);
  });

  it("answers every documented field that the caller sends", async () => {
    const sent = {
      payout_destination_id: "PD033",
      payout_destination_name: "Example Oslo",
      payout_destination_description: "Sells examples",
      type: "company",
      merchant_category_code: "2741",
      organization: { organization_number: "974760673", country: "NO", name: "Example AS", trade_name: "Example" },
      address: {
        address_line: "Sommerkroveien 34",
        postal_place: "Oslo",
        country: "NO",
        address_line_2: "PB 123",
        postal_code: "0349",
      },
      payout_interval_type: "day",
      payout_reference: "Mowber",
      email: "jsmith@example.com",
      website: "https://example.com",
      phone_number: "+4799999999",
    };
    const created = await create(tenant, {
      ...sent,
      form_submitter: { name: "Jane" },
      report_configuration: { a: [1] },
    });
    expect(created).toMatchObject({ status: 201, body: { ...sent, bank_accounts: [] } });
    const individual = {
      name: "Jane Smith",
      birth_date: "1990-12-25",
      phone_number: "+4799999999",
      email: "jsmith@example.com",
      address_line: "Sommerkroveien 34",
      address_line_2: "PB 123",
      address_postal_code: "0349",
      address_city: "Oslo",
      address_country: "NO",
    };
    const bbans = ["86011117947", "15032080119"].map((bank_account_number) => ({
      bank_account_currency: "NOK",
      bank_account_number,
      bank_account_country_code: "NO",
    }));
    expect(await create(tenant, { type: "individual", individual, bank_accounts: bbans })).toMatchObject({
      status: 201,
      body: {
        payout_destination_id: expect.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
        individual,
        bank_accounts: [
          { bank_account_number_type: "BBAN", bank_account_number: "*******7947" },
          { bank_account_number_type: "BBAN", bank_account_number: "*******0119" },
        ],
      },
    });
  });

  it("names the place of everything that is wrong, and creates nothing", async () => {
    const bank = { bank_account_currency: "NOK", bank_account_number: "NO9386011117947" };
    const organization = { organization_number: "974760673" };
    const bad: [object, string][] = [
      [{ payout_destination_id: "a b" }, "/body/payout_destination_id"],
      [{ payout_destination_id: "x".repeat(41) }, "/body/payout_destination_id"],
      [{ type: "club" }, "/body/type"],
      [{ organization: { organization_number: "974760674" } }, "/body/organization/organization_number"],
      [{ organization: {} }, "/body/organization/organization_number"],
      [{ type: "individual", organization }, "/body/organization"],
      [{ individual: { name: "Jane" } }, "/body/individual"],
      [{ type: "individual", individual: { birth_date: "2023-02-30" } }, "/body/individual/birth_date"],
      [{ merchant_category_code: "27415" }, "/body/merchant_category_code"],
      [{ merchant_category_code: "27a" }, "/body/merchant_category_code"],
      [{ bank_accounts: [] }, "/body/bank_accounts"],
      [{ bank_accounts: [bank, bank, bank] }, "/body/bank_accounts"],
      [
        { bank_accounts: [{ ...bank, bank_account_number: "NO9386011117948" }] },
        "/body/bank_accounts/0/bank_account_number",
      ],
      [{ bank_accounts: [{ ...bank, bank_account_currency: "kr" }] }, "/body/bank_accounts/0/bank_account_currency"],
      [{ payout_interval_type: "daily" }, "/body/payout_interval_type"],
      [{ payout_reference: "x".repeat(61) }, "/body/payout_reference"],
      [{ email: "nobody" }, "/body/email"],
      [{ phone_number: "99999999" }, "/body/phone_number"],
      [{ address: { address_line: "A", postal_place: "Oslo", country: "XX" } }, "/body/address/country"],
      [{ status: "ACTIVE" }, "/body/status"],
    ];
    const before = await server.call("GET", `${pathOf(tenant.aid)}?limit=100`, tenant);
    for (const [body, place] of bad) {
      const answer = await create(tenant, body);
      expect(answer.status, JSON.stringify(body)).toBe(400);
      expect(answer.body.error.errors.map((error: { path: string }) => error.path)).toContain(place);
    }
    expect((await server.call("GET", `${pathOf(tenant.aid)}?limit=100`, tenant)).body).toEqual(before.body);
    const abroad = { organization_number: "556036-0793", country: "SE" };
    expect((await create(tenant, { organization: abroad })).status).toBe(201);
  });

  it("refuses an id that the account has, and takes it in another account", async () => {
    expect(await create(tenant, { payout_destination_id: "PD032" })).toMatchObject({
      status: 409,
      body: { error: { code: "payout_destination_id_taken", errors: [{ path: "/body/payout_destination_id" }] } },
    });
    const other = await server.account(nextAccountId({ live: true }));
    expect((await create(other, { payout_destination_id: "PD032" })).status).toBe(201);
  });

  it("accepts the documented scopes and no others", async () => {
    const path = pathOf(tenant.aid);
    const approvals = await server.account(tenant.aid, {
      clientId: "approvals",
      scopes: ["write:accounts:/management/settings/approvals"],
    });
    const reader = await server.account(tenant.aid, { clientId: "reader", scopes: ["read:accounts"] });
    const writer = await server.account(tenant.aid, { clientId: "writer", scopes: ["write:accounts"] });
    expect((await create(approvals, {})).status).toBe(201);
    expect((await create(writer, {})).status).toBe(201);
    expect((await create(reader, {})).status).toBe(403);
    expect((await server.call("GET", path, reader)).status).toBe(200);
    expect((await server.call("GET", path, writer)).status).toBe(403);
    expect((await move(writer, "PD032", "ACTIVE")).status).toBe(403);
  });
});

import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

/** The public page "Create Store", with its request and response examples to the letter. */
describe("create store, as documented", async () => {
  const aid = "P12345678";
  const path = `/v1/accounts/${aid}/stores`;
  const { server, tenant } = await world({ own: {}, aid });

  it("takes the request example as it stands and answers every required field", async () => {
    const { status, body } = await server.call("POST", path, { ...tenant, body: '{\n  "store_id": "S312"\n}' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      store_id: "S312",
      id: "P12345678-0001",
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      created_by: tenant.clientId,
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      updated_by: tenant.clientId,
      status: "ACTIVE",
      verified: false,
      number_of_terminals: 0,
    });
  });

  it("answers the whole response example: what the caller sends comes back, field by field", async () => {
    const sent = {
      store_id: "S313",
      organization: {
        organization_number: "974760673",
        country: "NO",
        type: "main_unit",
        name: "Example AS",
        trade_name: "Example",
      },
      store_name: "Example Oslo",
      email: "jsmith@example.com",
      phone_number: "+4799999999",
      address: {
        address_line: "Sommerkroveien 34",
        postal_place: "Oslo",
        country: "NO",
        address_line_2: "PB 123",
        postal_code: "0349",
      },
      coordinates: { latitude: 59.949923, longitude: 10.766888 },
      website: "https://example.com",
    };
    const created = await server.call("POST", path, { ...tenant, body: sent });
    expect(created).toMatchObject({ status: 201, body: sent });
    await server.call("POST", `/v1/accounts/${aid}/terminals`, {
      ...tenant,
      body: { device_serial_number: "181f1a3e-b81b-4460-a01b-2a3be2a253a1", store_id: "S313" },
    });
    const got = await server.call("GET", `${path}/S313`, tenant);
    expect(got).toMatchObject({
      status: 200,
      body: {
        ...sent,
        number_of_terminals: 1,
        terminals: [
          {
            terminal_id: "P12345678-T0001",
            device_serial_number: "181f1a3e-b81b-4460-a01b-2a3be2a253a1",
            status: "PENDING",
          },
        ],
      },
    });
    expect((await server.call("GET", `${path}/${created.body.id}`, tenant)).body).toEqual(got.body);
  });

  it("fills a store with a payout destination from it, as the response example shows it", async () => {
    const organization = {
      organization_number: "923609016",
      country: "NO",
      type: "main_unit",
      name: "Seller AS",
    } as const;
    const address = { address_line: "Storgata 1", postal_place: "Oslo", country: "NO", postal_code: "0155" };
    await server.db.sql
      .insertInto("payout_destinations")
      .values({
        account_id: aid,
        payout_destination_id: "PD032",
        case_status: "ACTIVE",
        type: "company",
        merchant_category_code: "2741",
        organization: JSON.stringify(organization),
        address: JSON.stringify(address),
        email: "post@example.com",
        phone_number: "+4722222222",
        website: null,
        created_at: new Date(),
      })
      .execute();
    // The request's form, with the fields that answers add.
    const reference = {
      payout_destination_id: "PD032",
      status: "ACTIVE",
      type: "company",
      merchant_category_code: "2741",
    };
    const body = { store_id: "S314", payout_destination: reference, organization };
    expect(await server.call("POST", path, { ...tenant, body })).toMatchObject({
      status: 201,
      body: {
        verified: true,
        organization,
        address,
        email: "post@example.com",
        phone_number: "+4722222222",
        payout_destination: {
          payout_destination_id: "PD032",
          status: "ACTIVE",
          type: "company",
          merchant_category_code: "2741",
        },
      },
    });

    const other = { organization_number: "974760673", type: "main_unit" };
    const own = { ...body, store_id: "S315", address: { ...address, address_line: "Mine 1" }, organization: other };
    expect(await server.call("POST", path, { ...tenant, body: own })).toMatchObject({
      status: 400,
      body: {
        error: {
          code: "payout_destination_rules",
          errors: [{ path: "/body/address" }, { path: "/body/organization/organization_number" }],
        },
      },
    });
    const unknown = { store_id: "S316", payout_destination: { payout_destination_id: "PD999" } };
    expect(await server.call("POST", path, { ...tenant, body: unknown })).toMatchObject({
      status: 400,
      body: { error: { code: "payout_destination_not_found" } },
    });
  });

  it("keeps the documented limits of every field, naming the place", async () => {
    const bad: [object, string][] = [
      [{ store_id: "x".repeat(21) }, "/body/store_id"],
      [{ store_id: "" }, "/body/store_id"],
      [{ store_id: " S1" }, "/body/store_id"],
      [{ store_id: "S1 " }, "/body/store_id"],
      [{ store_id: "a/b" }, "/body/store_id"],
      [{ store_id: "a\u0007b" }, "/body/store_id"],
      [{ store_id: 312 }, "/body/store_id"],
      [{ phone_number: "99999999" }, "/body/phone_number"],
      [{ phone_number: "+0123" }, "/body/phone_number"],
      [{ email: "not an address" }, "/body/email"],
      [{ coordinates: { latitude: 91, longitude: 0 } }, "/body/coordinates/latitude"],
      [{ coordinates: { latitude: 0, longitude: -181 } }, "/body/coordinates/longitude"],
      [{ coordinates: { latitude: 0 } }, "/body/coordinates/longitude"],
      [{ address: { address_line: "A", country: "NO" } }, "/body/address/postal_place"],
      [{ address: { address_line: "A", postal_place: "Oslo", country: "XX" } }, "/body/address/country"],
      [{ address: { address_line: "A", postal_place: "Oslo", country: "no" } }, "/body/address/country"],
      [{ organization: { type: "department" } }, "/body/organization/type"],
      [{ organization: { organization_number: "923609017" } }, "/body/organization/organization_number"],
      [{ organization: { organization_number: "12345678" } }, "/body/organization/organization_number"],
      [{ state: "ACTIVE" }, "/body/state"],
      [{ store_name: null }, "/body/store_name"],
    ];
    for (const [body, place] of bad) {
      const answer = await server.call("POST", path, { ...tenant, body });
      expect(answer.status, JSON.stringify(body)).toBe(400);
      expect(answer.body.error.errors.map((error: { path: string }) => error.path)).toContain(place);
    }
    const foreign = { organization: { organization_number: "556036-0793", country: "SE" } };
    expect((await server.call("POST", path, { ...tenant, body: foreign })).status).toBe(201);
    const longest = { store_id: "ÆØÅ-12345678901234567" };
    expect(await server.call("POST", path, { ...tenant, body: longest })).toMatchObject({ status: 400 });
    expect(await server.call("POST", path, { ...tenant, body: { store_id: "ÆØÅ-1234567890123456" } })).toMatchObject({
      status: 201,
    });
  });

  it("makes an id when the caller sends none, of a form that no caller takes", async () => {
    const first = await server.call("POST", path, { ...tenant, body: {} });
    expect(first.body.store_id).toBe(first.body.id);
    const later = `${aid}-${String(Number(first.body.id.slice(-4)) + 2).padStart(4, "0")}`;
    expect((await server.call("POST", path, { ...tenant, body: { store_id: later } })).status).toBe(409);
    const second = await server.call("POST", path, { ...tenant, body: {} });
    expect(second.status).toBe(201);
    expect(second.body.store_id).toBe(second.body.id);
  });

  it("refuses a store_id that a live store has, and takes it again once that one is deleted", async () => {
    const body = { store_id: "S400" };
    expect((await server.call("POST", path, { ...tenant, body })).status).toBe(201);
    expect(await server.call("POST", path, { ...tenant, body })).toMatchObject({
      status: 409,
      body: { error: { code: "store_id_taken", errors: [{ path: "/body/store_id" }] } },
    });
    await server.db.sql.updateTable("stores").set({ status: "DELETED" }).where("store_id", "=", "S400").execute();
    expect((await server.call("POST", path, { ...tenant, body })).status).toBe(201);
  });

  it("lists newest first in pages that neither skip nor repeat, deleted ones only when asked", async () => {
    const seen: string[] = [];
    let query = "?limit=3";
    for (;;) {
      const { body } = await server.call("GET", `${path}${query}`, tenant);
      seen.push(...body.stores.map((store: { id: string }) => store.id));
      if (!body.starting_after) break;
      query = `?limit=3&starting_after=${body.starting_after}`;
    }
    expect(seen).toEqual(seen.toSorted().toReversed());
    expect(new Set(seen).size).toBe(seen.length);
    const withDeleted = await server.call("GET", `${path}?limit=100&include_deleted=true`, tenant);
    expect(withDeleted.body.stores).toHaveLength(seen.length + 1);
    const ofS313 = withDeleted.body.stores.find((store: { store_id: string }) => store.store_id === "S313");
    expect(ofS313.terminals_summary).toEqual([{ status: "PENDING", count: 1 }]);
    expect(ofS313).not.toHaveProperty("terminals");
  });
});

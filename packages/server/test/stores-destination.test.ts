import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const main = "923609016";
const subUnit = "974760673";
const closed = "973861778";
const removed = "974767880";
const foreign = "912660680";
const bare = "971040238";
const unknown = "889640782";

/** Units in the format of the Norwegian register. */
const units: Record<string, object> = {
  [subUnit]: {
    organisasjonsnummer: subUnit,
    navn: "SELLER AS AVD OSLO",
    overordnetEnhet: main,
    epostadresse: "oslo@seller.example",
    telefon: "22 22 22 22",
    hjemmeside: "oslo.seller.example",
    beliggenhetsadresse: { adresse: ["Bryggegata 1"], postnummer: "0250", poststed: "OSLO", landkode: "NO" },
  },
  [closed]: { organisasjonsnummer: closed, navn: "CLOSED", overordnetEnhet: main, nedleggelsesdato: "2024-01-01" },
  [foreign]: { organisasjonsnummer: foreign, navn: "SOMEBODY ELSE", overordnetEnhet: "811176702" },
  [bare]: { organisasjonsnummer: bare, navn: "BARE", overordnetEnhet: main },
};

/** D3: stores with a payout destination, their sub-units, and what counts as verified. */
describe("stores of a payout destination", async () => {
  const aid = "P64000001";
  const stores = `/v1/accounts/${aid}/stores`;
  const reference = { payout_destination_id: "PD032" };
  const address = { address_line: "Storgata 1", postal_place: "Oslo", country: "NO", postal_code: "0155" };
  const asked: string[] = [];
  let reachable = true;
  const register = createServer((request, response) => {
    const number = request.url?.split("/").at(-1) ?? "";
    asked.push(request.url ?? "");
    const known = units[number] ? 200 : number === removed ? 410 : 404;
    const status = reachable ? known : 503;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(units[number] ?? {}));
  });
  await new Promise<void>((resolve) => register.listen(0, "127.0.0.1", resolve));
  const registerUrl = `http://127.0.0.1:${(register.address() as AddressInfo).port}`;
  // Once the server has ended.
  afterAll(() => void register.close());
  const { server, tenant } = await world({
    own: { config: { organizations: { registerUrl, checkDestinations: false } } },
    aid,
  });
  beforeAll(async () => {
    await addDestination("PD032", { organization_number: main, country: "NO", type: "main_unit", name: "Seller AS" });
    await addDestination("PD033", null);
    await addDestination("PD034", { organization_number: "556036-0793", country: "SE", name: "Säljare AB" });
  });

  async function addDestination(id: string, organization: object | null, accountId = aid): Promise<void> {
    await server.db.sql
      .insertInto("payout_destinations")
      .values({
        account_id: accountId,
        payout_destination_id: id,
        case_status: "ACTIVE",
        type: organization ? "company" : "individual",
        merchant_category_code: "2741",
        organization: organization && JSON.stringify(organization),
        address: JSON.stringify(address),
        email: "post@seller.example",
        phone_number: "+4722222222",
        created_at: new Date(),
      })
      .execute();
  }
  const call = (method: string, path: string, body?: unknown) =>
    server.call(method, `${stores}${path}`, { token: tenant.token, ...(body !== undefined && { body }) });
  const countStores = async () => (await call("GET", "?limit=100&include_deleted=true")).body.stores.length;
  const placesOf = (answer: { body: { error: { errors: { path: string }[] } } }) =>
    answer.body.error.errors.map((error) => error.path);

  it("take everything over from it and are verified", async () => {
    const created = await call("POST", "", { payout_destination: reference });
    expect(created).toMatchObject({
      status: 201,
      body: {
        verified: true,
        organization: { organization_number: main, country: "NO", type: "main_unit", name: "Seller AS" },
        address,
        email: "post@seller.example",
        phone_number: "+4722222222",
        payout_destination: { ...reference, status: "ACTIVE", type: "company", merchant_category_code: "2741" },
      },
    });
    expect(created.body).not.toHaveProperty("website");
  });

  it("are verified exactly when every shown detail came from a source", async () => {
    const number = { organization_number: main };
    const shown: [object, boolean][] = [
      [{ organization: number }, true],
      [{ organization: { ...number, country: "NO", type: "main_unit", name: "Seller AS" } }, true],
      [{ organization: { name: "Seller AS" } }, true],
      [{ store_name: "Seller AS" }, true],
      [{ organization: { ...number, name: "Another name" } }, false],
      [{ organization: { ...number, trade_name: "The Shop" } }, false],
      [{ store_name: "My shop" }, false],
      [{ coordinates: { latitude: 59.9, longitude: 10.7 } }, false],
    ];
    for (const [given, verified] of shown) {
      const { body } = await call("POST", "", { payout_destination: reference, ...given });
      expect(body.verified, JSON.stringify(given)).toBe(verified);
      expect(body).toMatchObject(given);
      expect(body.organization.organization_number).toBe(main);
    }
    const { id } = (await call("POST", "", { payout_destination: reference, store_name: "Mine" })).body;
    expect((await call("PUT", `/${id}`, { payout_destination: reference })).body.verified).toBe(true);
    expect((await call("PUT", `/${id}`, { organization: { organization_number: main } })).body.verified).toBe(false);
    expect((await call("POST", "", {})).body.verified).toBe(false);
  });

  it("may not bring details of their own, at creation and afterwards", async () => {
    const own = {
      address: { ...address, postal_code: "0250" },
      phone_number: "+4711111111",
      email: "a@example.com",
      website: "example.com",
    };
    const places = ["/body/address", "/body/phone_number", "/body/email", "/body/website"];
    const { id } = (await call("POST", "", own)).body;
    for (const answer of [
      await call("POST", "", { payout_destination: reference, ...own }),
      await call("PUT", `/${id}`, { payout_destination: reference, ...own }),
    ]) {
      expect(answer).toMatchObject({ status: 400, body: { error: { code: "payout_destination_rules" } } });
      expect(placesOf(answer)).toEqual(places);
    }
    expect((await call("PUT", `/${id}`, { payout_destination: reference })).body.phone_number).toBe("+4722222222");
  });

  it("take the reference back as an answer showed it, ignoring what belongs to the destination", async () => {
    const { id, payout_destination: shown } = (await call("POST", "", { payout_destination: reference })).body;
    const echoed = { ...shown, status: "TERMINATED", merchant_category_code: "1" };
    expect(await call("PUT", `/${id}`, { payout_destination: echoed })).toMatchObject({
      status: 200,
      body: { payout_destination: shown },
    });
    const answer = await call("PUT", `/${id}`, { payout_destination: { ...shown, name: "x" } });
    expect([answer.status, placesOf(answer)]).toEqual([400, ["/body/payout_destination/name"]]);
  });

  it("take a whole store back as it was shown, with the details that they have from elsewhere, and nothing else", async () => {
    const isSub = { organization: { organization_number: subUnit }, store_name: "Mine" };
    for (const given of [{}, { store_name: "Mine" }, isSub]) {
      const { id } = (await call("POST", "", { payout_destination: reference, ...given })).body;
      const { body: shown } = await call("GET", `/${id}`);
      expect(shown.phone_number).toBe("+4722222222");
      expect(await call("PUT", `/${id}`, shown)).toMatchObject({ status: 200, body: shown });
      const answer = await call("PUT", `/${id}`, { ...shown, website: "other.example" });
      expect([answer.status, placesOf(answer)]).toEqual([400, ["/body/website"]]);
      // The destination has changed since the store took its details over: what the store shows may still come back.
      const stale = { ...shown, phone_number: "+4733333333" };
      await server.db.sql
        .updateTable("stores")
        .set({ phone_number: stale.phone_number })
        .where("account_id", "=", aid)
        .where("id", "=", id)
        .execute();
      expect((await call("PUT", `/${id}`, stale)).status).toBe(200);
      expect((await call("PUT", `/${id}`, { ...shown, store_name: "Ours" })).body.store_name).toBe("Ours");
    }
  });

  it("may be a sub-unit of it, with the details that the register has", async () => {
    const organization = { organization_number: subUnit };
    const created = await call("POST", "", { store_id: "SUB", payout_destination: reference, organization });
    expect(created).toMatchObject({
      status: 201,
      body: {
        verified: true,
        organization: { ...organization, country: "NO", type: "sub_unit", name: "SELLER AS AVD OSLO" },
        address: { address_line: "Bryggegata 1", postal_code: "0250", postal_place: "OSLO", country: "NO" },
        email: "oslo@seller.example",
        phone_number: "+4722222222",
        website: "oslo.seller.example",
      },
    });
    expect(asked.at(-1)).toContain(`/underenheter/${subUnit}`);
    const named = { ...organization, type: "sub_unit", trade_name: "The Shop" };
    expect((await call("PUT", "/SUB", { payout_destination: reference, organization: named })).body).toMatchObject({
      verified: false,
      organization: { ...named, name: "SELLER AS AVD OSLO" },
    });
    const plain = await call("POST", "", {
      payout_destination: reference,
      organization: { organization_number: bare },
    });
    expect(plain).toMatchObject({ status: 201, body: { organization: { name: "BARE" }, verified: true } });
    // Details that the register lacks are not taken from the main unit.
    for (const field of ["address", "email", "phone_number", "website"]) expect(plain.body).not.toHaveProperty(field);
  });

  it("are refused, and nothing is made, when the organization is not one of its own", async () => {
    const before = await countStores();
    for (const [number, code] of [
      [unknown, "organization_not_registered"],
      [closed, "organization_dissolved"],
      [removed, "organization_dissolved"],
      [foreign, "payout_destination_rules"],
    ] as const) {
      const answer = await call("POST", "", {
        payout_destination: reference,
        organization: { organization_number: number },
      });
      expect(answer, number).toMatchObject({ status: 400, body: { error: { code } } });
      expect(placesOf(answer)).toEqual(["/body/organization/organization_number"]);
    }
    reachable = false;
    const organization = { organization_number: "816979056" };
    for (const answer of [
      await call("POST", "", { payout_destination: reference, organization }),
      await call("PUT", "/SUB", { payout_destination: reference, organization }),
    ]) {
      expect(answer).toMatchObject({ status: 503, body: { error: { code: "register_unavailable" } } });
      expect(placesOf(answer)).toEqual(["/body/organization/organization_number"]);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    reachable = true;
    expect(await countStores()).toBe(before);
    expect((await call("GET", "/SUB")).body.organization.organization_number).toBe(subUnit);
  });

  it("are refused without asking anybody where no sub-unit is possible", async () => {
    const before = asked.length;
    const number = "/body/organization/organization_number";
    for (const [id, organization, place] of [
      ["PD032", { organization_number: subUnit, type: "main_unit" }, number],
      ["PD032", { organization_number: "5560360793", country: "SE" }, number],
      ["PD032", { organization_number: main.replace("9", "8") }, number],
      ["PD033", { organization_number: subUnit }, number],
      ["PD034", { organization_number: subUnit }, number],
      ["PD034", { organization_number: "556036-0793", country: "DK" }, "/body/organization/country"],
    ] as const) {
      const answer = await call("POST", "", { payout_destination: { payout_destination_id: id }, organization });
      expect(answer.status, JSON.stringify(organization)).toBe(400);
      expect(placesOf(answer)).toEqual([place]);
    }
    // An unknown store comes before every other fault.
    const missing = await call("PUT", "/nowhere", {
      payout_destination: reference,
      organization: { organization_number: subUnit },
    });
    expect(missing).toMatchObject({ status: 404, body: { error: { code: "store_not_found" } } });
    expect(asked).toHaveLength(before);
  });

  it("cannot name the destination of another account", async () => {
    const other = await server.account("P64000002");
    const path = "/v1/accounts/P64000002/stores";
    const of = (id: string) =>
      server.call("POST", path, { ...other, body: { payout_destination: { payout_destination_id: id } } });
    const theirs = await of("PD032");
    expect(theirs).toMatchObject({ status: 400, body: { error: { code: "payout_destination_not_found" } } });
    expect(theirs.body).toEqual((await of("PD999")).body);
  });

  it("show the operator's destinations when asked, one by one and in the list (D6)", async () => {
    const operator = "P64000003";
    await server.account(operator);
    await server.db.sql
      .updateTable("accounts")
      .set({ operator_account_id: operator })
      .where("account_id", "=", aid)
      .execute();
    await addDestination("PD-op", { organization_number: main, name: "Operator AS", trade_name: "Op" }, operator);
    const { id } = (await call("POST", "", { store_id: "LINKED" })).body;
    await server.db.sql
      .insertInto("operator_destination_stores")
      .values({
        operator_account_id: operator,
        payout_destination_id: "PD-op",
        account_id: aid,
        store_ref: id,
        created_at: new Date(),
        created_by: "test",
      })
      .execute();
    const expected = [
      {
        payout_destination_id: "PD-op",
        status: "ACTIVE",
        type: "company",
        organization_number: main,
        name: "Operator AS",
        trade_name: "Op",
        merchant_category_code: "2741",
      },
    ];
    const includes = "includes=operator_payout_destinations";
    const one = await call("GET", `/LINKED?${includes}`);
    expect(one.body.operator_payout_destinations).toEqual(expected);
    expect((await call("GET", "/LINKED")).body).not.toHaveProperty("operator_payout_destinations");
    const listed = (await call("GET", `?limit=2&${includes}`)).body.stores;
    expect(
      listed.map((store: { operator_payout_destinations: object[] }) => store.operator_payout_destinations),
    ).toEqual([expected, []]);
    expect((await call("GET", "?includes=everything")).status).toBe(400);
  });
});

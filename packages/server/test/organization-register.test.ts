import { setTimeout as sleep } from "node:timers/promises";
import { world } from "@tillkeeper/stage/world";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { norwegianRegister } from "../src/merchants/organizations/norwegian-register.ts";
import {
  broken,
  dribbling,
  elsewhere,
  endless,
  FakeRegister,
  garbage,
  known,
  slow,
  unknown,
} from "./support/fake-register.ts";

describe("the Norwegian register of organizations", () => {
  let fake: FakeRegister;
  let url: string;
  beforeEach(async () => {
    fake = new FakeRegister();
    url = await fake.open();
  });
  afterEach(() => fake.close());

  it("shows a main unit with its business address, in our form", async () => {
    expect(await norwegianRegister({ url }).findMainUnit(known.company)).toEqual({
      organizationNumber: known.company,
      name: "OPPDIKTET HANDEL AS",
      parentNumber: null,
      address: {
        address_line: "c/o Kontorfellesskapet",
        address_line_2: "Oppdiktet gate 1",
        postal_code: "0155",
        postal_place: "OSLO",
        country: "NO",
      },
      email: "post@oppdiktet.example",
      phoneNumber: "+4722334455",
      website: "www.oppdiktet.example",
      dissolved: false,
    });
  });

  it("shows a sub-unit with the address of the place, and the unit above it", async () => {
    const register = norwegianRegister({ url });
    expect(await register.findSubUnit(known.shop)).toEqual({
      organizationNumber: known.shop,
      name: "OPPDIKTET HANDEL AVD BERGEN",
      parentNumber: known.company,
      address: { address_line: "Tenkt allé 2", postal_code: "5003", postal_place: "BERGEN", country: "NO" },
      email: null,
      phoneNumber: "+4791234567",
      website: null,
      dissolved: false,
    });
    expect(await register.findSubUnit(known.company)).toBeUndefined();
    expect(await register.findMainUnit(known.shop)).toBeUndefined();
  });

  it("leaves out an address or a telephone number that cannot be told in our form", async () => {
    expect(await norwegianRegister({ url }).findMainUnit(known.abroad)).toMatchObject({
      name: "ABROAD LTD",
      address: null,
      phoneNumber: null,
      dissolved: false,
    });
  });

  it("tells what is deleted, closed, bankrupt or being wound up", async () => {
    const register = norwegianRegister({ url });
    for (const number of [known.deleted, known.removed, known.bankrupt, known.windingUp]) {
      expect(await register.findMainUnit(number), number).toMatchObject({ dissolved: true });
    }
    expect(await register.findSubUnit(known.closedShop)).toMatchObject({ dissolved: true });
  });

  it("does not know an unknown number", async () => {
    expect(await norwegianRegister({ url }).findMainUnit(unknown)).toBeUndefined();
  });

  it("is unavailable when it is slow, broken, or answers something else than it documents", async () => {
    const register = norwegianRegister({ url, timeoutMs: 200 });
    for (const number of [slow, garbage, broken, "500", elsewhere, endless, dribbling]) {
      await expect(register.findMainUnit(number), number).rejects.toMatchObject({
        code: "register_unavailable",
        status: 503,
        retryAfterSeconds: 10,
      });
    }
    fake.close();
    await expect(norwegianRegister({ url }).findMainUnit(known.company)).rejects.toMatchObject({
      code: "register_unavailable",
    });
  });

  it("reads no answer further than any of the register's goes, and follows nobody elsewhere", async () => {
    const register = norwegianRegister({ url });
    await expect(register.findMainUnit(endless)).rejects.toMatchObject({
      code: "register_unavailable",
      cause: { message: "the register answered more than 1048576 bytes" },
    });
    await fake.closed.promise;
    // Bytes that the network had sent already are lost.
    expect(fake.endlessBytes).toBeLessThan(64 * 2 ** 20);
    await expect(register.findMainUnit(elsewhere)).rejects.toMatchObject({ code: "register_unavailable" });
    expect(fake.asked).toEqual([`/enheter/${endless}`, `/enheter/${elsewhere}`]);
    // Failures are not cached.
    await expect(register.findMainUnit(elsewhere)).rejects.toMatchObject({ code: "register_unavailable" });
    expect(fake.asked).toHaveLength(3);
  });

  it("remembers answers, shares a question that is under way, and forgets failures", async () => {
    const register = norwegianRegister({ url, timeoutMs: 200 });
    await Promise.all([register.findMainUnit(known.company), register.findMainUnit(known.company)]);
    await register.findMainUnit(known.company);
    expect(fake.asked).toHaveLength(1);
    await register.findMainUnit(slow).catch(() => undefined);
    await register.findMainUnit(slow).catch(() => undefined);
    expect(fake.asked).toHaveLength(3);
  });
});

describe("a server that checks new companies against the register", async () => {
  const fake = new FakeRegister();
  const organizations = { registerUrl: await fake.open(), checkDestinations: true };
  // Once the server has ended.
  afterAll(() => fake.close());
  const { server, tenant, aid } = await world({ own: { config: { organizations } } });
  const path = `/v1/accounts/${aid}/payout-destinations`;

  const create = (number: string, more: object = {}) =>
    server.call("POST", path, {
      ...tenant,
      body: { organization: { organization_number: number }, ...more },
    });
  const count = async () =>
    (await server.db.sql.selectFrom("payout_destinations").select("id").where("account_id", "=", aid).execute()).length;

  it("fills in what the register knows and the caller left out", async () => {
    expect(await create(known.company)).toMatchObject({
      status: 201,
      body: {
        organization: { organization_number: known.company, name: "OPPDIKTET HANDEL AS" },
        address: { address_line: "c/o Kontorfellesskapet", postal_place: "OSLO" },
      },
    });
    const address = { address_line: "Annen vei 3", postal_place: "Asker", country: "NO" };
    expect((await create(known.company, { address })).body.address).toEqual(address);
  });

  it("refuses each wrong organization with a code of its own, and creates nothing", async () => {
    const before = await count();
    const place = "/body/organization/organization_number";
    const cases: [string, number, string][] = [
      ["310000018", 400, "invalid_request"],
      [unknown, 400, "organization_not_registered"],
      [known.shop, 400, "organization_not_registered"],
      [known.deleted, 400, "organization_dissolved"],
      [known.removed, 400, "organization_dissolved"],
      [known.bankrupt, 400, "organization_dissolved"],
    ];
    for (const [number, status, code] of cases) {
      expect(await create(number), number).toMatchObject({
        status,
        body: { error: { code, errors: [{ path: place }] } },
      });
    }
    for (const number of [elsewhere, endless]) {
      expect(await create(number), number).toMatchObject({
        status: 503,
        body: { error: { code: "register_unavailable" } },
      });
    }
    const unusable = await create(garbage);
    expect(unusable).toMatchObject({ status: 503, body: { error: { code: "register_unavailable" } } });
    expect(unusable.headers.get("retry-after")).toBe("10");
    expect(await count()).toBe(before);
  });

  it("asks nobody about individuals and about companies abroad", async () => {
    const before = fake.asked.length;
    const foreign = { organization_number: "556036-0793", country: "SE" };
    expect((await server.call("POST", path, { ...tenant, body: { organization: foreign } })).status).toBe(201);
    expect((await server.call("POST", path, { ...tenant, body: { type: "individual" } })).status).toBe(201);
    expect(fake.asked).toHaveLength(before);
  });

  it("gives up on a register that never answers, and on one that is away", async () => {
    const before = await count();
    const answer = await create(slow);
    expect(answer).toMatchObject({ status: 503, body: { error: { code: "register_unavailable" } } });
    fake.close();
    await sleep(10);
    expect(await create("974760673")).toMatchObject({
      status: 503,
      body: { error: { code: "register_unavailable" } },
    });
    expect(await count()).toBe(before);
  });
});

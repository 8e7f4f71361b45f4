import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { norwegianRegister } from "../src/organizations/norwegian-register.ts";
import { startTestServer, type Tenant, type TestServer } from "./support/test-server.ts";

const known = {
  company: "310000019",
  shop: "310010189",
  closedShop: "310020354",
  deleted: "310050865",
  removed: "310061034",
  bankrupt: "310091545",
  windingUp: "310101710",
  abroad: "310111880",
};
const unknown = "310132225";
const slow = "310142395";
const garbage = "310152560";
const broken = "310162736";
const elsewhere = "310172979";
const endless = "310183210";
const dribbling = "310193458";

/** Invented units in the form that Enhetsregisteret documents (https://data.brreg.no/enhetsregisteret/api/docs). */
const units: Record<string, object> = {
  [`/enheter/${known.company}`]: {
    respons_klasse: "Enhet",
    organisasjonsnummer: known.company,
    navn: "OPPDIKTET HANDEL AS",
    organisasjonsform: { kode: "AS", beskrivelse: "Aksjeselskap" },
    telefon: "22 33 44 55",
    epostadresse: "post@oppdiktet.example",
    hjemmeside: "www.oppdiktet.example",
    forretningsadresse: {
      land: "Norge",
      landkode: "NO",
      postnummer: "0155",
      poststed: "OSLO",
      adresse: ["c/o Kontorfellesskapet", "Oppdiktet gate 1"],
      kommune: "OSLO",
      kommunenummer: "0301",
    },
    konkurs: false,
    underAvvikling: false,
    underTvangsavviklingEllerTvangsopplosning: false,
  },
  [`/underenheter/${known.shop}`]: {
    respons_klasse: "Underenhet",
    organisasjonsnummer: known.shop,
    navn: "OPPDIKTET HANDEL AVD BERGEN",
    overordnetEnhet: known.company,
    mobil: "+47 912 34 567",
    beliggenhetsadresse: {
      land: "Norge",
      landkode: "NO",
      postnummer: "5003",
      poststed: "BERGEN",
      adresse: ["Tenkt allé 2"],
    },
  },
  [`/underenheter/${known.closedShop}`]: {
    organisasjonsnummer: known.closedShop,
    navn: "OPPDIKTET HANDEL AVD VOSS",
    overordnetEnhet: known.company,
    nedleggelsesdato: "2026-01-31",
  },
  [`/enheter/${known.deleted}`]: {
    respons_klasse: "SlettetEnhet",
    organisasjonsnummer: known.deleted,
    navn: "BORTE AS",
    slettedato: "2026-03-01",
  },
  [`/enheter/${known.bankrupt}`]: { organisasjonsnummer: known.bankrupt, navn: "KONKURS AS", konkurs: true },
  [`/enheter/${known.windingUp}`]: { organisasjonsnummer: known.windingUp, navn: "SNART AS", underAvvikling: true },
  [`/enheter/${known.abroad}`]: {
    organisasjonsnummer: known.abroad,
    navn: "ABROAD LTD",
    telefon: "12345",
    forretningsadresse: { landkode: "GB", land: "Storbritannia", adresse: ["1 Nowhere Street"] },
  },
  [`/enheter/${garbage}`]: { organisasjonsnummer: unknown, navn: "NOEN ANNEN AS" },
};

const removed = JSON.stringify({ organisasjonsnummer: known.removed, slettedato: "2026-02-02" });

/** A byte now and then, for ever. */
function dribble(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const timer = setInterval(() => response.write(" "), 20);
  response.once("close", () => clearInterval(timer));
}

/** Speaks as the register does, and counts what it is asked. */
class FakeRegister {
  readonly asked: string[] = [];
  /** What was taken of an answer without end, until the connection was closed. */
  endlessBytes = 0;
  readonly closed = Promise.withResolvers<void>();
  readonly #server: Server = createServer((request, response) => {
    const path = (request.url ?? "").replace("/enhetsregisteret/api", "");
    this.asked.push(path);
    const answer = (status: number, body: string) =>
      response.writeHead(status, { "content-type": "application/json;charset=UTF-8" }).end(body);
    if (path.endsWith(slow)) return;
    if (path.endsWith(elsewhere)) return void response.writeHead(302, { location: `/enheter/${known.company}` }).end();
    if (path.endsWith(endless)) return this.#answerWithoutEnd(response);
    if (path.endsWith(dribbling)) return dribble(response);
    const unit = units[path];
    if (path.endsWith(broken)) answer(200, '{"organisasjonsnummer": ');
    else if (path.endsWith("500")) answer(500, "{}");
    else if (path.endsWith(known.removed)) answer(410, removed);
    else if (unit) answer(200, JSON.stringify(unit));
    else answer(404, "");
  });

  #answerWithoutEnd(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.once("close", () => this.closed.resolve());
    const more = () => {
      while (!response.destroyed && response.write(" ".repeat(65_536))) this.endlessBytes += 65_536;
    };
    response.on("drain", more);
    more();
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/enhetsregisteret/api`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

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
        headers: { "retry-after": "10" },
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
    // What the network had in hand already is lost.
    expect(fake.endlessBytes).toBeLessThan(64 * 2 ** 20);
    await expect(register.findMainUnit(elsewhere)).rejects.toMatchObject({ code: "register_unavailable" });
    expect(fake.asked).toEqual([`/enheter/${endless}`, `/enheter/${elsewhere}`]);
    // Nothing of a failure is kept.
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

describe("a server that checks new companies against the register", () => {
  const aid = "T20000001";
  const path = `/v1/accounts/${aid}/payout-destinations`;
  let fake: FakeRegister;
  let server: TestServer;
  let tenant: Tenant;
  beforeAll(async () => {
    fake = new FakeRegister();
    const organizations = { registerUrl: await fake.open(), checkDestinations: true };
    server = await startTestServer({ config: { organizations } });
    tenant = await server.account(aid);
  });
  afterAll(async () => {
    await server.stop();
    fake.close();
  });

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

  it("gives up on a register that does not answer after five seconds, and on one that is away", async () => {
    const before = await count();
    const started = performance.now();
    const answer = await create(slow);
    expect(answer).toMatchObject({ status: 503, body: { error: { code: "register_unavailable" } } });
    expect(performance.now() - started).toBeLessThan(8_000);
    fake.close();
    await sleep(10);
    expect(await create("974760673")).toMatchObject({
      status: 503,
      body: { error: { code: "register_unavailable" } },
    });
    expect(await count()).toBe(before);
  });
});

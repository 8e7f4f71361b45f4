import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { send } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";

const operations = "/v1/admin/terminals/operations";

/** What others reported of their APIs and clients, tried here. docs/field-reports.md says of each what it teaches. */
describe("what public bug reports tell of other APIs", async () => {
  const { server, tenant, aid } = await world();
  const stores = `/v1/accounts/${aid}/stores`;
  const get = (path: string, headers: Record<string, string> = {}) => server.call("GET", path, { ...tenant, headers });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    server.call("POST", path, { ...tenant, body, headers });
  const messageAt = ({ body }: { body: { error: { errors: { message: string }[] } } }) => body.error.errors[0]?.message;

  /** Sends raw bytes, and resolves with the answer's status line when the server ends the connection. */
  const statusLine = (head: string, body = "") =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => {
        const own = [`Host: ${new URL(server.url).host}`, `Authorization: Bearer ${tenant.token}`, "Connection: close"];
        const length = body === "" ? [] : ["Content-Type: application/json", `Content-Length: ${body.length}`];
        const [first = "", ...headers] = head.split("\n");
        socket.write(`${[first, ...own, ...length, ...headers].join("\r\n")}\r\n\r\n${body}`);
      });
      let all = "";
      socket.on("data", (chunk) => {
        all += chunk.toString();
      });
      socket.on("error", () => socket.destroy());
      socket.on("close", () => resolve(all.split("\r\n", 1)[0] ?? ""));
    });

  it("a base address that ends with a slash is told (eikek/docspell #579, scramjetorg/transform-hub #373)", async () => {
    for (const path of [`/${stores}`, `/v1//accounts/${aid}/stores`, `${stores}/`]) {
      const { status, body } = await get(path);
      expect({ status, message: body.error.message }).toEqual({
        status: 404,
        message: `There is nothing at this address; did you mean ${stores}?`,
      });
    }
  });

  it("a plain + before the offset of a time is told (HeliosSoftware/hfs #1296, hapifhir/hapi-fhir #6114)", async () => {
    for (const path of [operations, `/v1/accounts/${aid}/audit`]) {
      const name = path === operations ? "created_at" : "at";
      const plain = await get(`${path}?${name}.gte=2026-06-29T00:00:00+02:00`);
      expect(plain.status).toBe(400);
      expect(messageAt(plain)).toContain("write %2B for the + of the offset");
      expect((await get(`${path}?${name}.gte=2026-06-29T00:00:00%2B02:00`)).status).toBe(200);
    }
    expect(messageAt(await get(`${operations}?created_at.gte=2026-06-29`))).not.toContain("%2B");
  });

  it("a truth value of Python or of a check box is told what it should be (psf/requests: `params` are texts)", async () => {
    for (const value of ["True", "1", "yes", "on"])
      expect(messageAt(await get(`/v1/accounts/${aid}/terminals?include_deleted=${value}`))).toContain("true or false");
  });

  it("a number that the register never issues is none (arthurdejong/python-stdnum #275)", async () => {
    const numbered = (number: string) => post(stores, { organization: { organization_number: number } });
    // The check digits of all of them fit. Numbers begin with 8 or 9, those of the authorities' test data with 2 or 3.
    for (const number of ["000000000", "100000016", "400000018", "500000015", "600000012", "700000028"]) {
      const { status, body } = await numbered(number);
      expect({ number, status, path: body.error?.errors[0].path }).toEqual({
        number,
        status: 400,
        path: "/body/organization/organization_number",
      });
    }
    for (const number of ["923609016", "310111880"]) expect((await numbered(number)).status, number).toBe(201);
  });

  it("a number with blanks, NO or MVA is refused with its right form (odoo/odoo #15924, Tripletex/tripletex-api2 #13)", async () => {
    for (const number of ["923 609 016", "923609016MVA", "NO923609016MVA"]) {
      const refused = await post(stores, { organization: { organization_number: number } });
      expect(refused.status).toBe(400);
      expect(messageAt(refused)).toContain("nine digits");
    }
    const swedish = { organization: { organization_number: "212121-1212", country: "SE" } };
    expect((await post(stores, swedish)).status).toBe(201);
  });

  it("a country or a telephone number is refused in words (craftcms/cms #12161, Propaganistas/Laravel-Phone #83)", async () => {
    const at = (country: string) =>
      post(stores, { address: { address_line: "a", postal_code: "1", postal_place: "b", country } });
    for (const country of ["UK", "NOR", "no", "XX"]) {
      const refused = await at(country);
      expect(refused.status).toBe(400);
      expect(messageAt(refused)).toContain("two capital letters");
    }
    const telephone = await post(stores, { phone_number: "+47 22 33 44 55" });
    expect(telephone.status).toBe(400);
    expect(messageAt(telephone)).not.toContain("pattern");
  });

  it("rows of one instant come once each over pages (newtheatre/rehearsal #48, ImmediatePlatform/Immediate.Jobs #57)", async () => {
    const { tenant: own, aid: account } = await world();
    const path = `/v1/accounts/${account}/stores`;
    const all = Array.from({ length: 25 }, (_, index) => `tie-${index}`);
    await Promise.all(all.map((id) => server.call("POST", path, { ...own, body: { store_id: id } })));
    const seen: string[] = [];
    for (let after = ""; ; ) {
      const { body } = await server.call("GET", `${path}?limit=4${after}`, own);
      seen.push(...body.stores.map((store: { store_id: string }) => store.store_id));
      if (body.starting_after === undefined) break;
      after = `&starting_after=${body.starting_after}`;
    }
    expect(seen.toSorted()).toEqual(all.toSorted());
    const audit = new Set<number>();
    for (let after = ""; ; ) {
      const { body } = await server.call(
        "GET",
        `/v1/accounts/${account}/audit?limit=4&action=store.create${after}`,
        own,
      );
      for (const { seq } of body.entries) audit.add(seq);
      if (body.starting_after === undefined) break;
      after = `&starting_after=${body.starting_after}`;
    }
    expect(audit.size).toBe(25);
  });

  it("a page goes on after its last row was deleted (laravel/framework #42962, encode/django-rest-framework #6504)", async () => {
    const { tenant: own, aid: account } = await world();
    const path = `/v1/accounts/${account}/stores`;
    for (const id of ["d1", "d2", "d3", "d4"]) await server.call("POST", path, { ...own, body: { store_id: id } });
    const first = (await server.call("GET", `${path}?limit=2`, own)).body;
    for (const { id } of first.stores) await server.call("DELETE", `${path}/${id}`, own);
    const next = await server.call("GET", `${path}?limit=2&starting_after=${first.starting_after}`, own);
    expect(next.body.stores.map((store: { store_id: string }) => store.store_id)).toEqual(["d2", "d1"]);
    for (const { id } of next.body.stores) await server.call("DELETE", `${path}/${id}`, own);
    const gone = await server.call("GET", `${path}?limit=2&starting_after=${first.starting_after}`, own);
    expect(gone).toMatchObject({ status: 200, body: { stores: [] } });
  });

  it("the address of the next page keeps its filters, once, and works behind a proxy (Azure/data-api-builder #2677, DistributedProofreaders/dproofreaders #1583)", async () => {
    const device = await activeDevice(server, tenant);
    for (let turn = 0; turn < 2; turn += 1) {
      const { body } = await post(operations, { terminal_id: device.terminalId, operation: "open_menu" });
      await server.call("POST", `${operations}/${body.id}/cancel`, tenant);
    }
    const query = `limit=1&terminal_id=${device.terminalId}&created_at.gte=2020-01-01T00:00:00%2B02:00`;
    const { headers } = await get(`${operations}?${query}`, {
      "x-forwarded-proto": "https",
      "x-forwarded-host": "evil.example",
    });
    const link = headers.get("link") ?? "";
    const [, address = ""] = /^<([^>]+)>; rel="next"$/.exec(link) ?? [];
    expect(address).toMatch(/^\/v1\//);
    expect(address.split("?")).toHaveLength(2);
    const next = new URL(address, server.url).searchParams;
    expect([...next.keys()].toSorted()).toEqual(["created_at.gte", "limit", "starting_after", "terminal_id"]);
    expect(next.get("created_at.gte")).toBe("2020-01-01T00:00:00+02:00");
    expect((await get(address)).body).toHaveLength(1);
  });

  it("Retry-After is a whole number of seconds, and waiting so long suffices (SpaceTradersAPI/api-docs #24, brandur/redis-cell #58)", async () => {
    const device = await activeDevice(server, tenant);
    const body = { terminal_id: device.terminalId, operation: "open_menu", timeout: 5 };
    expect((await post(operations, body)).status).toBe(201);
    const busy = await post(operations, body);
    expect(busy.status).toBe(409);
    const seconds = busy.headers.get("retry-after") ?? "";
    expect(seconds).toMatch(/^[1-9]\d*$/);
    await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000));
    expect((await post(operations, body)).status).toBe(201);
  });

  it("an Idempotency-Key that is sent twice, blank or quoted is refused, never ignored (teesofttech/PayBridge #119, grimurrash/test-task2 #73)", async () => {
    const body = JSON.stringify({ terminal_id: `${aid}-T0001`, operation: "open_menu" });
    const key = randomUUID();
    for (const headers of [
      `Idempotency-Key: ${key}\nIdempotency-Key: ${randomUUID()}`,
      `Idempotency-Key: ${key}\nIdempotency-Key: ${key}`,
      "Idempotency-Key:   ",
      `Idempotency-Key: "${key}"`,
      `Idempotency-Key: {${key}}`,
    ]) {
      expect(await statusLine(`POST ${operations} HTTP/1.1\n${headers}`, body), headers).toContain(" 400 ");
    }
  });

  it("a request that offers another protocol is answered as it is (nodejs/node #11552, envoyproxy/envoy #7981)", async () => {
    for (const upgrade of ["h2c\nHTTP2-Settings: AAQAEAAA", "websocket\nSec-WebSocket-Key: AAAA", "TLS/1.2"]) {
      const answer = await statusLine(`GET ${stores}?limit=1 HTTP/1.1\nUpgrade: ${upgrade}`);
      expect(answer, upgrade).toBe("HTTP/1.1 200 OK");
    }
    const created = await statusLine(`POST ${stores} HTTP/1.1\nUpgrade: h2c`, JSON.stringify({ store_id: "h2c" }));
    expect(created).toBe("HTTP/1.1 201 Created");
  });

  it("a token is good for clients whose clock is behind, and keys may be kept for a minute (tailscale/tsidp #73, erlef/oidcc #543)", async () => {
    expect(decodeJwt(tenant.token)).not.toHaveProperty("nbf");
    const { headers } = await send(server.url, "GET", "/.well-known/jwks.json");
    expect(headers.get("cache-control")).toBe("public, max-age=60");
  });

  it("client id and secret may be form-encoded in Basic, as RFC 6749 2.3.1 has it, or plain (openid/AppAuth-Android #337, spring-attic/spring-security-oauth #1826)", async () => {
    const ask = (user: string, password: string) =>
      send(server.url, "POST", `/v1/accounts/${aid}/auth/token`, {
        headers: { authorization: basic(user, password), "content-type": "application/x-www-form-urlencoded" },
        body: "grant_type=client_credentials",
      });
    const everyCharacter = (text: string) =>
      Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).toUpperCase()}`).join("");
    expect((await ask(tenant.clientId, tenant.secret)).status).toBe(200);
    expect((await ask(everyCharacter(tenant.clientId), everyCharacter(tenant.secret))).status).toBe(200);
  });
});

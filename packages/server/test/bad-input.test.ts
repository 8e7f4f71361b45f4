import { connect } from "node:net";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const operations = "/v1/admin/terminals/operations";

describe("bad input", async () => {
  const { server, tenant, aid } = await world();
  const stores = `/v1/accounts/${aid}/stores`;

  const post = (body: unknown, headers: Record<string, string> = {}, path = stores) =>
    server.call("POST", path, { ...tenant, body, headers });

  it("answers every error in one shape, with a request-id of its own", async () => {
    const answers = [
      await post("{"),
      await post({ x: 1 }),
      await server.call("GET", "/nothing"),
      await server.call("GET", stores),
    ];
    for (const { headers, body } of answers) {
      expect(Object.keys(body)).toEqual(["error"]);
      expect(body.error).toEqual({ code: expect.any(String), message: expect.any(String), errors: expect.any(Array) });
      expect(headers.get("request-id")).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get("content-type")).toContain("application/json");
    }
    expect(new Set(answers.map((answer) => answer.headers.get("request-id"))).size).toBe(answers.length);
    const good = await server.call("GET", stores, { ...tenant, headers: { "request-id": "mine" } });
    expect(good.headers.get("request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("answers malformed JSON also where no body is wanted, as its document says", async () => {
    for (const [method, path] of [
      ["POST", `${stores}/S1/suspend`],
      ["DELETE", `${stores}/S1`],
      ["POST", "/v1/device/nonce"],
    ] as const) {
      const { status, body } = await server.call(method, path, { ...tenant, body: "{" });
      expect({ path, status, code: body.error.code }).toEqual({ path, status: 400, code: "invalid_json" });
    }
  });

  it("answers malformed JSON, and JSON that is no object, with 400", async () => {
    for (const body of [
      "{",
      "{'a':1}",
      '{"store_id":"S1",}',
      "\u0000",
      '{"a":1}x',
      "",
      '{"__proto__":{"x":1}}',
      '{"constructor":{"prototype":{"x":1}}}',
    ]) {
      const answer = await post(body);
      expect(answer.status, body).toBe(400);
      expect(["invalid_json", "invalid_request"], body).toContain(answer.body.error.code);
    }
    for (const body of ["null", "[]", "1", '"text"', "true"]) {
      expect(await post(body), body).toMatchObject({ status: 400, body: { error: { errors: [{ path: "/body" }] } } });
    }
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect((await post(`{"organization":${deep}}`)).status).toBe(400);
  });

  it("names every wrong place at once, and never quotes more than a bounded number", async () => {
    const answer = await post({ store_id: 1, email: "x", nonsense: true, address: { country: "NO" } });
    const paths = answer.body.error.errors.map((error: { path: string }) => error.path);
    expect(paths.toSorted()).toEqual([
      "/body/address/address_line",
      "/body/address/postal_place",
      "/body/email",
      "/body/nonsense",
      "/body/store_id",
    ]);
    const many = await post(Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`field${n}`, n])));
    expect(many.status).toBe(400);
    expect(many.body.error.errors).toHaveLength(20);
  });

  it("refuses text that cannot be stored: NUL and halves of surrogate pairs, anywhere", async () => {
    for (const [body, path] of [
      ['{"store_name":"a\\u0000b"}', "/body/store_name"],
      ['{"store_name":"\\ud800"}', "/body/store_name"],
      ['{"a\\u0000b":1}', "/body"],
      ['{"address":{"address_line":"\\udfff","postal_place":"x","country":"NO"}}', "/body/address/address_line"],
    ] as const) {
      expect(await post(body)).toMatchObject({ status: 400, body: { error: { errors: [{ path }] } } });
    }
    expect((await server.call("GET", `${stores}/%00`, tenant)).status).toBe(400);
    expect((await server.call("GET", `${stores}?starting_after=%00`, tenant)).status).toBe(400);
    expect((await server.call("GET", `${operations}?terminal_id=a%00b`, tenant)).status).toBe(400);
    expect(await post({ store_name: "Bjørnstjerne 🙂 Håkon" })).toMatchObject({ status: 201 });
  });

  it("refuses bodies that are too large or of another type", async () => {
    const large = await post(`{"store_name":"${"x".repeat(2 * 1024 * 1024)}"}`);
    expect(large).toMatchObject({ status: 413, body: { error: { code: "body_too_large" } } });
    for (const type of [
      "text/plain",
      "application/xml",
      "multipart/form-data; boundary=x",
      "application/x-www-form-urlencoded",
      "nonsense",
    ]) {
      const answer = await post('{"store_id":"S9"}', { "content-type": type });
      expect(answer, type).toMatchObject({ status: 415, body: { error: { code: "unsupported_media_type" } } });
    }
    expect((await post('{"store_id":"S10"}', { "content-type": "application/json; charset=utf-8" })).status).toBe(201);
  });

  it("answers absurd ids and addresses as not found or not valid, never with a fault of its own", async () => {
    const ids = [
      "x".repeat(250),
      "x".repeat(5000),
      "%2e%2e%2f%2e%2e",
      "'%20or%201=1--",
      "%F0%9F%99%82",
      "..%00",
      "%",
      "%zz",
      "%c0%af",
      "null",
      "-1",
      "1e309",
      "{}",
      "%0d%0aX: y",
    ];
    for (const id of ids) {
      for (const path of [
        `${stores}/${id}`,
        `/v1/accounts/${aid}/terminals/${id}`,
        `${operations}/${id}`,
        `/v1/accounts/${id}/stores`,
        `/v1/accounts/${id}/auth/token`,
      ]) {
        const answer = await server.call("GET", path, tenant);
        expect([400, 404, 405, 414], `${path} ${answer.status}`).toContain(answer.status);
        expect(answer.body.error.code).toMatch(/^[a-z_]+$/);
      }
    }
    for (const query of [
      "limit=0",
      "limit=101",
      "limit=x",
      "limit=1e9",
      "limit=1&limit=2",
      "unknown=1",
      "starting_after=x",
      "starting_after=T99999999-0001",
      "include_deleted=perhaps",
    ]) {
      const answer = await server.call("GET", `${stores}?${query}`, tenant);
      expect(answer, query).toMatchObject({ status: 400, body: { error: { code: "invalid_request" } } });
    }
    for (const query of [
      "operation_id=x",
      "operation_id=urn:uuid:3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
      "starting_after=urn:uuid:3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
      "created_at.gte=2016-12-31T23:59:60Z",
      "created_at.gte=2026-02-30T00:00:00Z",
      "created_at.lte=2026-06-30T24:00:00Z",
      "created_at.lte=2026-06-30T23:00:00%2B24:00",
      "created_at.gte=2026-01-01T00:00:00%2B01",
      "created_at.gte=0000-01-01T00:00:00Z",
      "created_at.lte=9999-12-31T23:59:59-01:00",
      "created_at.lte=2026-01-01T00:00:00Z[Europe/Oslo]",
      "status=DONE",
      "operation=reboot",
      "created_at.gte=yesterday",
      "created_at.gte=2026-13-45T00:00:00Z",
      "limit=1000",
    ]) {
      expect((await server.call("GET", `${operations}?${query}`, tenant)).status, query).toBe(400);
    }
  });

  it("answers what is not HTTP, or too much of it, in the same shape", async () => {
    const port = Number(new URL(server.url).port);
    const raw = (text: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.write(text));
        let answer = "";
        socket.on("data", (chunk) => {
          answer += chunk.toString();
        });
        socket.on("close", () => resolve(answer));
        socket.on("error", () => resolve(answer));
      });
    const nonsense = await raw("hello there\r\n\r\n");
    expect(nonsense).toContain("HTTP/1.1 400 Bad Request");
    expect(JSON.parse(nonsense.split("\r\n\r\n")[1] as string)).toMatchObject({ error: { code: "invalid_request" } });
    const headers = await raw(`GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(40_000)}\r\n\r\n`);
    expect(headers).toContain("HTTP/1.1 431");
    expect(JSON.parse(headers.split("\r\n\r\n")[1] as string)).toMatchObject({ error: { code: "headers_too_large" } });
    const expectation = await raw(
      "GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n",
    );
    expect(expectation).toMatch(/HTTP\/1.1 400[^]*request-id: [0-9a-f-]{36}[^]*"invalid_request"/);
    const length = await raw(`POST ${stores} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: -5\r\n\r\n{}`);
    expect(length).toContain("HTTP/1.1 400");
  });

  it("keeps working, and keeps its own after all that", async () => {
    expect((await server.call("GET", "/health/ready")).status).toBe(200);
    expect((await post({ store_id: "after-all" })).status).toBe(201);
  });
});

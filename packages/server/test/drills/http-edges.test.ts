import { connect } from "node:net";
import { type Call, send, startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Principals } from "../../src/access/people/principals.ts";
import { buildApp } from "../../src/assembly/app.ts";
import { createLogger } from "../../src/platform/log/log.ts";

const operations = "/v1/admin/terminals/operations";
const shape = { code: expect.any(String), message: expect.any(String), errors: expect.any(Array) };

interface RawAnswer {
  status: number;
  headers: Headers;
  body: string;
}

describe("at the edges of HTTP", async () => {
  const { server, tenant, aid } = await world();
  const stores = `/v1/accounts/${aid}/stores`;
  await server.call("POST", stores, { ...tenant, body: { store_id: "S1" } });

  const post = (body: unknown, headers: Record<string, string> = {}, path = stores) =>
    server.call("POST", path, { ...tenant, body, headers });

  /** Sends raw bytes. Resolves with the answer's bytes when the server ends the connection. */
  function raw(text: string): Promise<RawAnswer> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => socket.write(text));
      let all = "";
      socket.on("data", (chunk) => {
        all += chunk.toString();
      });
      socket.on("error", () => socket.destroy());
      socket.on("close", () => resolve(parsed(all)));
    });
  }

  const get = (head: string) => raw(`GET /health/live HTTP/1.1\r\nConnection: close\r\n${head}\r\n`);

  it("refuses numbers that are too large for one, in the query and in bodies, and names the place", async () => {
    for (const path of [stores, operations, `/v1/accounts/${aid}/terminals`, `/v1/accounts/${aid}/audit`]) {
      for (const text of ["1e309", "-1e309", "9".repeat(400)]) {
        const answer = await server.call("GET", `${path}?limit=${text}`, tenant);
        const error = { code: "invalid_request", errors: [{ path: "/query/limit" }] };
        expect(answer, `${path} ${text}`).toMatchObject({ status: 400, body: { error } });
      }
    }
    const content = await post('{"content":{"a":[{"b/c":1e309}]}}', {}, `/v1/accounts/${aid}/configurations`);
    const places = content.body.error.errors.map(({ path }: { path: string }) => path);
    expect({ status: content.status, places }).toEqual({ status: 400, places: ["/body/content/a/0/b~1c"] });
  });

  it("shows nothing outside the reference page's files, however the path is written", async () => {
    for (const path of [
      "/docs/site/../../../package.json",
      "/docs/site/%2e%2e/%2e%2e/package.json",
      "/docs/site/..%2f..%2fpackage.json",
      "/docs/site/....//package.json",
      "/docs/guides/../../package.json",
      "/docs/site/nothing.js",
    ]) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect({ path, status: answer.status }).toEqual({ path, status: 404 });
      expect(JSON.parse(answer.body).error, path).toEqual({ ...shape, code: "not_found" });
    }
  });

  it("wants one Host that is one (RFC 9112 section 3.2), and lets HTTP/1.0 go without", async () => {
    for (const head of [
      "",
      "Host: a\r\nHost: b\r\n",
      "Host: a\r\nHost: a\r\n",
      "Host:\r\n",
      "Host: a b\r\n",
      "Host: a/b\r\n",
      "Host: user@a\r\n",
    ]) {
      const answer = await get(head);
      expect({ head, status: answer.status }).toEqual({ head, status: 400 });
      expect(JSON.parse(answer.body).error.errors[0].path).toBe("/headers/host");
      expect(answer.headers.get("request-id")).toMatch(/^[0-9a-f-]{36}$/);
    }
    for (const host of ["localhost", "127.0.0.1:80", "[::1]:8080", "a-b.example:"])
      expect((await get(`Host: ${host}\r\n`)).status, host).toBe(200);
    expect((await raw("GET /health/live HTTP/1.0\r\n\r\n")).status).toBe(200);
  });

  it("writes the OpenAPI document out once, however often it is asked for", async () => {
    const read = async () => {
      const answer = await fetch(`${server.url}/openapi.json`);
      return { type: answer.headers.get("content-type"), text: await answer.text() };
    };
    const json = await read();
    expect(json.type).toBe("application/json; charset=utf-8");
    const stringify = vi.spyOn(JSON, "stringify");
    onTestFinished(() => stringify.mockRestore());
    expect(await read()).toEqual(json);
    const documents = stringify.mock.calls.filter(
      ([value]) => value !== null && Object.hasOwn(Object(value), "openapi"),
    );
    expect(documents).toEqual([]);
  });

  it("ends a connection that sends request after request without waiting, whatever they ask for", async () => {
    for (const request of [
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
      `POST ${stores} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`,
    ]) {
      const { body } = await raw(request.repeat(20_000));
      expect(body.split("HTTP/1.1 ").length, request).toBeLessThan(20_000);
      expect((await get("Host: a\r\n")).status).toBe(200);
    }
  });

  it("refuses a body in pieces of a byte, on routes without a token, too", async () => {
    const head = "Host: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const path of ["/v1/device/pair", `/v1/accounts/${aid}/auth/token`, "/nothing"]) {
      const answer = await raw(`POST ${path} HTTP/1.1\r\n${head}${"1\r\n \r\n".repeat(100_000)}`);
      // The answer may be lost, because the server does not read a refused request to its end.
      expect([400, 404, undefined], path).toContain(answer.status || undefined);
      expect((await get("Host: a\r\n")).status).toBe(200);
    }
  });

  it("refuses encoded bodies and other charsets, on every route that takes a body", async () => {
    const upload = `/v1/device/operations/${crypto.randomUUID()}/logs`;
    const file = `/v1/accounts/${aid}/releases/${crypto.randomUUID()}/file`;
    for (const [path, type, method] of [
      [stores, "application/json", "POST"],
      [`/v1/accounts/${aid}/auth/token`, "application/x-www-form-urlencoded", "POST"],
      [upload, "text/plain", "PUT"],
      [file, "application/octet-stream", "PUT"],
    ] as const) {
      // Logs may come gzipped: `logs-upload.test.ts`.
      for (const encoding of path === upload ? ["x-unknown", "br"] : ["gzip", "x-unknown", "identity, gzip"]) {
        const headers = { "content-type": type, "content-encoding": encoding };
        const answer = await server.call(method, path, { ...tenant, body: "{}", headers });
        expect(answer, `${path} ${encoding}`).toMatchObject({
          status: 415,
          // The errors of a token request's form are those of RFC 6749.
          body: { error: path.endsWith("/token") ? "invalid_request" : { code: "unsupported_media_type" } },
        });
        expect(answer.headers.get("accept-encoding")).toBe(path === upload ? "identity, gzip" : "identity");
      }
    }
    for (const charset of ["utf-16", "iso-8859-1", '"UTF-16LE"', "x"]) {
      const answer = await post("{}", { "content-type": `application/json; charset=${charset}` });
      expect(answer, charset).toMatchObject({ status: 415, body: { error: { code: "unsupported_media_type" } } });
    }
    for (const type of ["application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'])
      expect((await post("{}", { "content-type": type })).status, type).toBe(201);
    for (const encoding of ["identity", "identity, IDENTITY", ""])
      expect((await post("{}", { "content-encoding": encoding })).status, encoding).toBe(201);
  });

  it("refuses JSON that is not UTF-8 instead of storing other text", async () => {
    for (const bytes of [[0x47, 0x72, 0xfc], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xff]]) {
      const body = Buffer.concat([Buffer.from('{"store_name":"'), Buffer.from(bytes), Buffer.from('"}')]);
      const answer = await post(body);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: "invalid_json" } } });
    }
    const good = await post({ store_name: "Grünerløkka 🙂" });
    expect(good.body.store_name).toBe("Grünerløkka 🙂");
    expect((await post(Buffer.from('\ufeff{"store_name":"with a mark"}'))).status).toBe(201);
  });

  it("answers a wrong method with 405 and the methods that are there, and what is not there with 404", async () => {
    for (const [method, path, allow] of [
      ["DELETE", operations, "POST, GET, HEAD, OPTIONS"],
      ["PATCH", `${stores}/S1`, "GET, HEAD, PUT, DELETE, OPTIONS"],
      ["PROPFIND", "/health/live", "GET, HEAD, OPTIONS"],
      // RFC 10008: a newer method, which the framework knows.
      ["QUERY", stores, "GET, HEAD, POST, OPTIONS"],
      ["GET", `/v1/accounts/${aid}/auth/token`, "POST, OPTIONS"],
    ] as const) {
      const answer = await server.call(method, path);
      const { status, headers, body } = answer;
      expect({ path, status, allow: headers.get("allow") }).toEqual({ path, status: 405, allow });
      expect(body.error).toEqual({ ...shape, code: "method_not_allowed" });
    }
    // RFC 9110 section 9.3.7.
    const options = await server.call("OPTIONS", `${stores}/S1`);
    expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, PUT, DELETE, OPTIONS"]);
    // The address counts before the body.
    expect((await server.call("PUT", stores, { ...tenant, body: "{" })).status).toBe(405);
    for (const path of ["/nothing", `${stores}/S1/nothing`, "/v1", "/v1/broker/guess/rabbitmq/user"]) {
      const { status, headers } = await server.call("PATCH", path, tenant);
      expect({ path, status, allow: headers.get("allow") }).toEqual({ path, status: 404, allow: null });
    }
  });

  it("sends its security headers with every answer, whichever part writes it", async () => {
    const answers: Record<string, Pick<RawAnswer, "headers">> = {
      list: await call("GET", stores, tenant),
      "no body": await send(server.url, "HEAD", stores, tenant),
      "no token": await call("GET", stores),
      "no route": await call("GET", "/nothing"),
      "bad URL": await call("GET", "/%"),
      "wrong method": await call("PATCH", "/health/live"),
      "bad body": await post("{"),
      "no Host": await get(""),
      "no HTTP": await raw("hello there\r\n\r\n"),
      "long headers": await get(`Host: x\r\nX-Long: ${"x".repeat(40_000)}\r\n`),
      expectation: await get("Host: x\r\nExpect: wonders\r\n"),
      tunnel: await raw("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n"),
      upgrade: await get("Host: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"),
    };
    for (const [name, { headers }] of Object.entries(answers)) {
      expect({ name, ...shownOf(headers) }).toEqual({
        name,
        nosniff: "nosniff",
        policy: "default-src 'none'; frame-ancestors 'none'",
        referrer: "no-referrer",
        hsts: null,
        cache: "no-store",
      });
      expect(headers.get("request-id"), name).toMatch(/^[0-9a-f-]{36}$/);
    }
    // The console's own requests name their origin, which a policy without referrers would empty.
    for (const [path, referrer] of [
      ["/", "same-origin"],
      ["/docs", "no-referrer"],
      ["/docs/site/site.css", "no-referrer"],
      ["/openapi.json", "no-referrer"],
    ] as const) {
      const { headers, status } = await send(server.url, "GET", path);
      expect(status).toBe(200);
      expect(shownOf(headers)).toMatchObject({ nosniff: "nosniff", referrer, cache: "no-cache" });
      expect(shownOf(headers).policy).toMatch(/^default-src 'none';.*frame-ancestors 'none'$/);
    }
    expect((await call("GET", "/.well-known/jwks.json")).headers.get("cache-control")).toBe("public, max-age=60");

    async function call(method: string, path: string, options?: Call) {
      return server.call(method, path, options);
    }
  });

  it("names its workers to its own machine only", async () => {
    expect((await server.call("GET", "/health/ready")).body.workers.length).toBeGreaterThan(5);
    const proxied = await server.call("GET", "/health/ready", { headers: { "x-forwarded-for": "192.0.2.1" } });
    expect(proxied.body).toEqual({ status: "ready", database: "up", broker: "up", clock: "right" });
  });
});

describe("a server behind a proxy", () => {
  it("tells browsers to stay with https where that is its address", async () => {
    const log = createLogger("silent");
    const app = await buildApp({ log, principals: {} as Principals, routes: [], https: true });
    try {
      const { headers } = await fetch(`${await app.listen({ port: 0 })}/nothing`);
      expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    } finally {
      await app.close();
    }
  });

  it("takes from X-Forwarded-For addresses only, at worst that of the proxy", async () => {
    const token = "a-bootstrap-token-of-the-tests-000";
    const server = await startTestServer({ config: { bootstrapToken: token, trustedProxies: ["127.0.0.0/8"] } });
    const addressOf = async (forwarded: string, account: string): Promise<string> => {
      const made = await server.call("POST", "/v1/accounts", {
        token,
        body: { account_id: account, name: "Shop" },
        headers: { "x-forwarded-for": forwarded },
      });
      expect(made.status, forwarded).toBe(201);
      const { rows } = await server.db.pool.query("select entry from audit_log where account_id = $1 limit 1", [
        account,
      ]);
      return JSON.parse(rows[0].entry).address;
    };
    try {
      const cases: [string, string][] = [
        ["192.0.2.7", "192.0.2.7"],
        ["2001:db8::7", "2001:db8::7"],
        ["<script>alert(1)</script>", "127.0.0.1"],
        ["x".repeat(3_000), "127.0.0.1"],
        ["fe80::1%eth0", "127.0.0.1"],
        ["198.51.100.9, <script>", "127.0.0.1"],
        ["<script>, 198.51.100.9", "198.51.100.9"],
        ["198.51.100.9, 127.0.0.5", "198.51.100.9"],
        ["nobody, 127.0.0.5", "127.0.0.5"],
        ["", "127.0.0.1"],
      ];
      for (const [index, [forwarded, address]] of cases.entries())
        expect(await addressOf(forwarded, `T4000010${index}`), forwarded).toBe(address);
    } finally {
      await server.stop();
    }
  });
});

function shownOf(headers: Headers) {
  return {
    nosniff: headers.get("x-content-type-options"),
    policy: headers.get("content-security-policy"),
    referrer: headers.get("referrer-policy"),
    hsts: headers.get("strict-transport-security"),
    cache: headers.get("cache-control"),
  };
}

function parsed(text: string): RawAnswer {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = new Headers(lines.map((line) => [line.split(":", 1)[0] as string, line.replace(/^[^:]*:\s*/, "")]));
  return { status: Number(first.split(" ")[1]), headers, body: rest.join("\r\n\r\n") };
}

import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { type Call, send } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { ownServer, world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../src/main.ts";
import { startSandbox } from "./support/sandbox.ts";

const all = Object.values(endpoints).flatMap((rows): Endpoint[] => Object.values(rows));
const pos = "https://pos.example";
const foreign = "https://elsewhere.example";
const wanted = (origin: string, method: string) => ({ origin, "access-control-request-method": method });

/** The CORS headers of an answer, by the ends of their names. */
function corsOf(headers: Headers): Record<string, string> {
  const own = [...headers].filter(([name]) => name.startsWith("access-control-"));
  return Object.fromEntries(own.map(([name, value]) => [name.slice("access-control-".length), value]));
}

function urlOf(path: string, aid: string): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => (name === "aid" || name === "oid" ? aid : "x1"));
}

// The CORS protocol: Fetch Standard, section 3.3.
describe("pages of the origins that a server names", async () => {
  const secret = "d".repeat(40);
  const mqtt = { ...testConfig.mqtt, brokerSecret: secret };
  const corsOrigins = [pos, "http://localhost:5173"];
  const server = await ownServer({ config: { corsOrigins, mqtt, bootstrapToken: secret } });
  const tenant = await server.account();
  const stores = `/v1/accounts/${tenant.aid}/stores`;
  const call = (method: string, path: string, options?: Call) => send<never>(server.url, method, path, options);

  it("may ask first, for every route that takes an access token or gives people's tokens, and no other", async () => {
    for (const { method, path, scopes, id, forPages: toGetTokens = false } of all) {
      const url = urlOf(path, tenant.aid).replace("/broker/x1", `/broker/${secret}`);
      const answer = await call("OPTIONS", url, { headers: wanted(pos, method) });
      const allowed = corsOf(answer.headers)["allow-origin"];
      // The controls of a sandbox are for tests alone.
      const forPages = toGetTokens || (scopes !== "public" && !id.startsWith("sandbox_"));
      expect({ id, allowed }).toEqual({ id, allowed: forPages ? pos : undefined });
      if (forPages) expect([answer.status, answer.body]).toEqual([204, undefined]);
      expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    }
    for (const path of ["/", "/docs", "/docs/errors", "/docs/sandbox", "/openapi.json", "/health/live", "/nothing"]) {
      for (const method of ["OPTIONS", "GET"]) {
        const { headers } = await call(method, path, { headers: wanted(pos, "GET") });
        expect({ path, cors: corsOf(headers) }).toEqual({ path, cors: {} });
      }
    }
  });

  it("are told the methods and the headers that count there", async () => {
    const { headers } = await call("OPTIONS", stores, { headers: wanted(pos, "POST") });
    expect({ ...corsOf(headers), vary: headers.get("vary"), allow: headers.get("allow") }).toEqual({
      "allow-origin": pos,
      "allow-methods": "GET, HEAD, POST, OPTIONS",
      "allow-headers":
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Unmodified-Since, request-id",
      "max-age": "7200",
      vary: "Origin",
      allow: "GET, HEAD, POST, OPTIONS",
    });
    const file = `/v1/accounts/${tenant.aid}/releases/x1/file`;
    const download = await call("OPTIONS", file, { headers: wanted(pos, "GET") });
    expect(corsOf(download.headers)["allow-headers"]).toMatch(/, Range, If-Range$/);
  });

  it("read answers and refusals alike, with what programs need of their headers", async () => {
    const headers = { origin: pos };
    for (const [answer, status] of [
      [await call("GET", stores, { ...tenant, headers }), 200],
      [await call("HEAD", stores, { ...tenant, headers }), 200],
      [await call("GET", stores, { headers }), 401],
      [await call("GET", `${stores}?limit=x`, { ...tenant, headers }), 400],
      [await call("GET", `${stores}/none`, { ...tenant, headers }), 404],
      [await call("POST", stores, { ...tenant, headers, body: "{" }), 400],
      [await call("POST", stores, { ...tenant, headers, body: "x".repeat(300_000) }), 413],
      [
        await call("POST", stores, { ...tenant, headers: { ...headers, "content-type": "text/plain" }, body: "x" }),
        415,
      ],
    ] as const) {
      expect({ status: answer.status, origin: corsOf(answer.headers)["allow-origin"] }).toEqual({
        status,
        origin: pos,
      });
      expect(answer.headers.get("vary")).toBe("Origin");
      const exposed = corsOf(answer.headers)["expose-headers"]?.split(", ");
      const needed = ["link", "retry-after", "etag", "idempotent-replayed", "request-id", "total-count"];
      expect(exposed).toEqual(expect.arrayContaining(needed));
    }
  });

  it("are told apart from pages of all other origins", async () => {
    for (const origin of [
      foreign,
      "null",
      "http://pos.example",
      `${pos}:8443`,
      `${pos}.evil.example`,
      "*",
      `${pos}/`,
    ]) {
      const simple = await call("GET", stores, { ...tenant, headers: { origin } });
      const first = await call("OPTIONS", stores, { headers: wanted(origin, "GET") });
      for (const { headers } of [simple, first]) {
        expect({ origin, cors: corsOf(headers), vary: headers.get("vary") }).toEqual({
          origin,
          cors: {},
          vary: "Origin",
        });
      }
    }
    // What a cache keeps of an answer without Origin must not be given to a page.
    expect((await call("GET", stores, tenant)).headers.get("vary")).toBe("Origin");
    for (const headers of [{ origin: pos }, { "access-control-request-method": "GET" }, wanted(pos, "PATCH")])
      expect(corsOf((await call("OPTIONS", stores, { headers })).headers)).toEqual({});
  });
});

describe("pages of other origins", async () => {
  const { server, tenant, aid } = await world();

  it("may not call a server that names none", async () => {
    const headers = { origin: pos };
    const list = await server.call("GET", `/v1/accounts/${aid}/stores`, { ...tenant, headers });
    expect({ status: list.status, cors: corsOf(list.headers), vary: list.headers.get("vary") }).toEqual({
      status: 200,
      cors: {},
      vary: null,
    });
    const first = await send(server.url, "OPTIONS", `/v1/accounts/${aid}/stores`, { headers: wanted(pos, "GET") });
    expect({ status: first.status, cors: corsOf(first.headers) }).toEqual({ status: 204, cors: {} });
  });
});

describe("pages of any origin", () => {
  let sandbox: RunningServer;
  let closed: RunningServer;
  beforeAll(async () => {
    [sandbox, closed] = await Promise.all([startSandbox(), startSandbox({ corsOrigins: [] })]);
  });
  afterAll(() => Promise.all([sandbox.stop(), closed.stop()]));

  // The errors page of the documented API shows `access-control-allow-origin: *`.
  it("may call a sandbox, as the documented API, unless it is told otherwise", async () => {
    for (const [{ httpUrl, sandbox: made }, origin] of [
      [sandbox, "*"],
      [closed, undefined],
    ] as const) {
      const stores = `/v1/accounts/${made?.account_id}/stores`;
      const answers = [
        await send(httpUrl, "GET", stores, { headers: { origin: foreign } }),
        await send(httpUrl, "OPTIONS", stores, { headers: wanted("null", "GET") }),
      ];
      for (const { headers } of answers) expect(corsOf(headers)["allow-origin"]).toBe(origin);
    }
    for (const path of [
      "/docs/sandbox",
      "/v1/auth/sign-in",
      `/v1/accounts/${sandbox.sandbox?.account_id}/auth/authorization`,
      "/v1/sandbox/clock",
      "/v1/device/nonce",
    ]) {
      for (const method of ["OPTIONS", "POST", "GET"]) {
        const { headers } = await send(sandbox.httpUrl, method, path, { headers: wanted(foreign, "POST") });
        expect({ path, cors: corsOf(headers) }).toEqual({ path, cors: {} });
      }
    }
  });
});

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type Tenant, type TestServer } from "./support/test-server.ts";

interface Schema {
  type?: string;
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  examples?: unknown[];
}
interface Endpoint {
  method: string;
  path: string;
  parameters: { name: string; in: string; schema: Schema }[];
  body: Schema | undefined;
}

/** One server alone shows what a request does to it; three at once take three times as long for little more. */
const runs = process.env["TEST_TOPOLOGY"] === "replicas" ? 1_000 : 3_000;
const hostileText = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom(
    "",
    " ",
    "\0",
    "\ud800",
    "../..",
    "' or 1=1 --",
    "%00",
    "null",
    "__proto__",
    "urn:uuid:3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
    "2016-12-31T23:59:60Z",
    "0000-01-01T00:00:00Z",
    "2026-01-01T00:00:00+01",
    "x".repeat(5_000),
    "𝕏",
    "\u202e",
    "${7*7}",
  ),
);
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.integer(),
  fc.double(),
  fc.constantFrom<unknown>(null, true, [], {}, 1e308, -0, [[[[]]]], { __proto__: { a: 1 } }),
  fc.jsonValue({ maxDepth: 4 }),
);

/** Mostly what the schema asks for, sometimes anything at all. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 29, arbitrary: proper(schema) }, { weight: 1, arbitrary: hostileValue });
}

function proper(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valueOf));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if ("const" in schema) return fc.constant(schema.const);
  switch (schema.type) {
    case "object": {
      const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, valueOf(field)] as const);
      return fc
        .tuple(
          fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] }),
          fc.option(fc.dictionary(fc.string({ maxLength: 10 }), hostileValue, { maxKeys: 2 }), { freq: 30 }),
        )
        .map(([known, unknown]) => ({ ...known, ...unknown }));
    }
    case "array":
      return fc.array(valueOf(schema.items ?? {}), { maxLength: 3 });
    case "integer":
    case "number": {
      const range = { min: schema.minimum ?? 0, max: schema.maximum ?? 700 };
      return schema.type === "integer" ? fc.integer(range) : fc.double({ ...range, noNaN: true });
    }
    case "boolean":
      return fc.boolean();
    default:
      return properText(schema);
  }
}

function properText({ format, pattern, examples, minLength, maxLength }: Schema): fc.Arbitrary<unknown> {
  if (format === "email") return fc.emailAddress();
  if (format === "uuid") return fc.uuid();
  if (format === "date-time") return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  // The generator of matching texts knows neither Unicode classes nor look-ahead.
  if (pattern && !/\\p|\(\?!/.test(pattern)) return fc.stringMatching(new RegExp(pattern, "u"));
  if (examples) return fc.constantFrom(...examples);
  return fc.string({ minLength: minLength ?? 0, maxLength: Math.min(maxLength ?? 40, 40) });
}

/** No half of a surrogate pair can be sent in a URL: what is not well-formed is mended first. */
const encode = (value: unknown) =>
  encodeURIComponent((typeof value === "string" ? value : JSON.stringify(value)).toWellFormed());

describe("requests made from the OpenAPI document", () => {
  const aid = "T50000001";
  let server: TestServer;
  let tenant: Tenant;
  let endpoints: Endpoint[];
  let terminalIds: string[];
  beforeAll(async () => {
    server = await startTestServer();
    tenant = await server.account(aid);
    await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S312" } });
    for (const serial of ["001", "002"]) {
      const body = { device_serial_number: `SIMULATED-${aid}-${serial}`, store_id: "S312" };
      await server.call("POST", `/v1/accounts/${aid}/terminals`, { ...tenant, body });
    }
    terminalIds = [`${aid}-T0001`, `${aid}-T0002`];
    const { body: document } = await server.call("GET", "/openapi.json");
    endpoints = readEndpoints(document.paths);
  });
  afterAll(() => server.stop());

  it(`get an answer without a fault of the server's, ${runs} times`, async () => {
    const statuses = new Map<number, number>();
    const anyRequest = fc.constantFrom(...endpoints).chain((endpoint) => requestOf(endpoint, aid, terminalIds));
    await fc.assert(
      fc.asyncProperty(anyRequest, async ({ endpoint, path, query, body, headers, authorized }) => {
        const url = `${path}${query}`;
        const answer = await server.call(endpoint.method, url, {
          token: authorized ? tenant.token : undefined,
          ...(body !== undefined && { body }),
          headers,
        });
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        expect(answer.status, `${endpoint.method} ${url} ${JSON.stringify(body)}`).toBeLessThan(500);
        expect(answer.headers.get("request-id")).toBeTruthy();
        if (answer.status >= 400) {
          expect(answer.body.error).toEqual({
            code: expect.any(String),
            message: expect.any(String),
            errors: expect.any(Array),
          });
        }
      }),
      { numRuns: runs },
    );
    // Not all of it bounced off the first check.
    for (const status of [200, 201, 400, 401, 404])
      expect(statuses.get(status) ?? 0, `answers with ${status}`).toBeGreaterThan(5);
    expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual((2 / 3) * runs);
    expect((await server.call("GET", "/health/ready")).status).toBe(200);
  });

  it("covers every route", () => {
    expect(endpoints.length).toBeGreaterThanOrEqual(18);
  });
});

function readEndpoints(paths: Record<string, Record<string, unknown>>): Endpoint[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const { parameters = [], requestBody } = operation as {
        parameters?: Endpoint["parameters"];
        requestBody?: { content: Record<string, { schema: Schema }> };
      };
      const body = requestBody?.content["application/json"]?.schema;
      return { method: method.toUpperCase(), path, parameters, body };
    }),
  );
}

function requestOf(endpoint: Endpoint, aid: string, terminalIds: string[]) {
  const accounts = { aid: [aid], oid: [aid] };
  // What is deleted once answers 404 for the rest of the run: deletions name other things.
  const things = { terminal_id: terminalIds, store_id: ["S312"] };
  const known: Record<string, unknown[]> = endpoint.method === "DELETE" ? accounts : { ...accounts, ...things };
  const fill = (name: string) =>
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...(known[name]?.length ? known[name] : ["x"])) },
      { weight: 1, arbitrary: hostileText },
    );
  const inPath = endpoint.parameters.filter((parameter) => parameter.in === "path");
  const inQuery = endpoint.parameters.filter((parameter) => parameter.in === "query");
  return fc
    .record({
      path: fc.tuple(...inPath.map((parameter) => fill(parameter.name))),
      query: fc.record(Object.fromEntries(inQuery.map((parameter) => [parameter.name, valueOf(parameter.schema)])), {
        requiredKeys: [],
      }),
      body: endpoint.body ? fc.option(valueOf(endpoint.body), { nil: undefined, freq: 20 }) : fc.constant(undefined),
      terminal: fc.option(fc.constantFrom(...terminalIds), { freq: 2 }),
      key: fc.option(fc.oneof(fc.uuid(), fc.string({ unit: "grapheme-ascii", maxLength: 40 })), { freq: 3 }),
      authorized: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
    })
    .map(({ path, query, body, terminal, key, authorized }) => ({
      endpoint,
      path: inPath.reduce(
        (text, parameter, index) => text.replace(`{${parameter.name}}`, () => encode(path[index])),
        endpoint.path,
      ),
      query: `?${Object.entries(query)
        .map(([name, value]) => `${name}=${encode(value)}`)
        .join("&")}`.replace(/^\?$/, ""),
      // Half of the operations go to a terminal that exists.
      body:
        terminal !== null && typeof body === "object" && body !== null && "operation" in body
          ? { ...body, terminal_id: terminal }
          : body,
      headers: key === null ? {} : { "idempotency-key": key.trim() },
      authorized,
    }));
}

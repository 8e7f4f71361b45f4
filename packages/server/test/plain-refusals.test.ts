import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const all = Object.values(endpoints).flatMap((rows): Endpoint[] => Object.values(rows));
const operations = "/v1/admin/terminals/operations";
const someId = "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c";

interface ArrayParameter {
  path: string;
  name: string;
  values: readonly string[] | undefined;
}

/** Every list among the query parameters of the API. */
const lists: ArrayParameter[] = all.flatMap(({ path, query, scopes }) =>
  Object.entries(query?.properties ?? {}).flatMap(([name, schema]) => {
    const { type, items } = schema as { type?: string; items?: { enum?: string[] } };
    return type === "array" && scopes !== "public" ? [{ path, name, values: items?.enum }] : [];
  }),
);
// A server that is no sandbox does not know the sandbox's own.
const bodyless = all.filter(
  ({ method, path, body, upload, scopes }) =>
    !path.startsWith("/v1/sandbox/") &&
    method !== "GET" &&
    !body &&
    !upload &&
    (scopes !== "public" || path === "/v1/device/nonce"),
);

describe("refusals that say what is right", async () => {
  const { server, tenant, aid } = await world();
  const stores = `/v1/accounts/${aid}/stores`;
  await server.call("POST", stores, { ...tenant, body: { store_id: "S1" } });
  const ask = (path: string) => server.call("GET", path, tenant);
  const post = (body: unknown, headers: Record<string, string> = {}, path = stores) =>
    server.call("POST", path, { ...tenant, body, headers });
  const ids: Record<string, string> = { aid, oid: aid, account_id: aid, version: "1", key_id: "k".repeat(43) };
  const urlOf = (path: string) => path.replaceAll(/:(\w+)/g, (_, name: string) => ids[name] ?? someId);

  // axios/axios #559 and PHP's http_build_query write lists so.
  it.each(lists)("show how a list is written: $name of $path", async ({ path, name, values }) => {
    for (const form of [`${name}[]`, `${name}%5B%5D`, `${name}[0]`, `${name}[12]`]) {
      const { status, body } = await ask(`${urlOf(path)}?${form}=A`);
      expect({ form, status }).toEqual({ form, status: 400 });
      expect(body.error.errors).toEqual([
        {
          path: `/query/${decodeURIComponent(form)}`,
          message: expect.stringMatching(
            new RegExp(`is not a known field; for several values repeat the parameter: ${name}=\\w+`),
          ),
        },
      ]);
    }
    // A store's own id may have a comma in it.
    if (name === "store_id") return;
    const [first = "A1", second = "B2"] = values ?? [];
    for (const comma of [",", "%2C", ", "]) {
      const { status, body } = await ask(`${urlOf(path)}?${name}=${first}${comma}${second}`);
      const message = expect.stringContaining(`; for several values repeat the parameter: ${name}=${first}&${name}=`);
      expect({ status, errors: body.error.errors }).toEqual({
        status: 400,
        errors: [{ path: `/query/${name}/0`, message }],
      });
    }
    const right = await ask(`${urlOf(path)}?${name}=${first}${values?.length === 1 ? "" : `&${name}=${second}`}`);
    expect(right.status, name).not.toBe(400);
  });

  it("find a store whose id has a comma", async () => {
    expect((await post({ store_id: "a,b" })).status).toBe(201);
    expect((await ask(`/v1/accounts/${aid}/terminals?store_id=a,b`)).status).toBe(200);
  });

  it("show how other parameters are written", async () => {
    for (const [query, path, end] of [
      ["status[]=COMPLETED", "status[]", "the parameter takes one value: write status="],
      ["status=COMPLETED,FAILED", "status", "the parameter takes one value"],
      ["status=COMPLETED&status=FAILED", "status", "the parameter takes one value"],
      ["limit=1&limit=2", "limit", "must be a whole number; the parameter takes one value"],
      ["created_at[gte]=2026-01-01T00:00:00Z", "created_at[gte]", "write created_at.gte="],
      ["Status=COMPLETED", "Status", "did you mean status?"],
      ["terminalId=x", "terminalId", "did you mean terminal_id?"],
      ["limit=1.5", "limit", "must be a whole number"],
      ["limit=0", "limit", "must be at least 1"],
      ["created_at.gte=2026-01-01", "created_at.gte", "such as 2026-01-31T12:00:00Z"],
    ]) {
      const { status, body } = await ask(`${operations}?${query}`);
      expect({ query, status, path: body.error.errors[0].path }).toEqual({
        query,
        status: 400,
        path: `/query/${path}`,
      });
      expect(body.error.errors[0].message.endsWith(end), body.error.errors[0].message).toBe(true);
    }
  });

  // RFC 3986 section 2.5: text in an address is UTF-8, percent-encoded.
  it("take no query that is not UTF-8", async () => {
    for (const query of ["search=%ff", "search=Gr%fcn", "search=%", "search=%zz", "%ff=1"]) {
      const { status, body } = await ask(`${stores}?${query}`);
      expect({ query, status, path: body.error.errors[0].path }).toEqual({ query, status: 400, path: "/query" });
    }
    for (const query of ["search=Gr%C3%BCn", "search=a+b", "search=100%25"])
      expect((await ask(`${stores}?${query}`)).status, query).toBe(200);
  });

  it.each(bodyless.map(({ method, path }) => [method, path]))(
    "name a field that nobody reads: %s %s",
    async (method, path) => {
      const call = (body: unknown) => server.call(method, urlOf(path), { ...tenant, body });
      const { status, body } = await call({ reason: "a", other: 1 });
      expect({ status, error: body.error }).toMatchObject({
        status: 400,
        error: {
          code: "invalid_request",
          errors: [
            { path: "/body/reason", message: "is not a known field" },
            { path: "/body/other", message: "is not a known field" },
          ],
        },
      });
      for (const other of ["[]", '"x"', "1", "false"])
        expect((await call(other)).body.error.errors[0].path, other).toBe("/body");
      // An empty body is no fault: the handler answers, as it does without a body.
      const without = await server.call(method, urlOf(path), tenant);
      for (const nothing of ["{}", "null"]) expect((await call(nothing)).status, nothing).toBe(without.status);
    },
  );

  it("say of a content type what came and what to send", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    for (const [answer, words] of [
      [
        await post("store_id=S9", form),
        /came as "application\/x-www-form-urlencoded"; send Content-Type: application\/json \(curl: -H "Content/,
      ],
      [
        await post("{}", { "content-type": "text/plain" }),
        /came as "text\/plain"; send Content-Type: application\/json/,
      ],
      [await post("{}", { "content-type": "a/b/c" }), /came as "a\/b\/c"; send Content-Type: application\/json/],
      [await post("a=b", form, `${stores}/S1/resume`), /this address takes no body: leave it out/],
      [
        await post("x", { "content-type": "text/plain" }, `/v1/accounts/${aid}/auth/token`),
        /send Content-Type: application\/json or application\/x-www-form-urlencoded/,
      ],
      [await post("{}", { "content-type": `text/${"x".repeat(5000)}` }), /^.{0,200}$/],
      [await post("{}", { "content-encoding": "br" }), /came with Content-Encoding "br"; send it without/],
      [await post("{}", { "content-type": "application/json; charset=latin1" }), /charset "latin1"; send it in UTF-8/],
    ] as const) {
      expect(answer.status).toBe(415);
      expect(answer.body.error.message).toMatch(words);
    }
    const unnamed = await fetch(`${server.url}${stores}`, {
      method: "POST",
      headers: { authorization: `Bearer ${tenant.token}` },
      body: new Uint8Array([123, 125]),
    });
    expect([unnamed.status, ((await unnamed.json()) as never)["error"]["message"]]).toEqual([
      415,
      "A body came without Content-Type; send Content-Type: application/json.",
    ]);
  });

  it("say where JSON is not right, and which field is there twice, before anything is stored", async () => {
    expect(await post('{"store_id": "T1",}')).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_json", errors: [{ path: "/body", line: 1, column: 19 }] } },
    });
    // w3c-ccg/traceability-interop #539, LinuxForHealth/FHIR #1155: the last one won, and what was stored was not what was sent.
    const twice = '{"terminal_id":"x","operation":"open_menu","operation":"end_of_day"}';
    expect(await post(twice, {}, operations)).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_request", errors: [{ path: "/body/operation", line: 1, column: 44 }] } },
    });
    expect(await post('{"store_id":"T2","address":{"country":"NO","country":"SE"}}')).toMatchObject({
      status: 400,
      body: { error: { errors: [{ path: "/body/address/country" }] } },
    });
    for (const [text, path] of [
      ['{"store_id":"T3","__proto__":{"x":1}}', "/body/__proto__"],
      ['{"store_id":"T3","constructor":{"prototype":{"x":1}}}', "/body/constructor/prototype"],
    ]) {
      expect(await post(text)).toMatchObject({
        status: 400,
        body: { error: { code: "invalid_request", errors: [{ path, message: "is a name that no field may have" }] } },
      });
    }
    for (const id of ["T1", "T2", "T3"]) expect((await ask(`${stores}/${id}`)).status).toBe(404);
  });

  it("show no regular expression", async () => {
    for (const [path, body] of [
      [stores, { store_id: "a/b" }],
      [stores, { phone_number: "123" }],
      [`/v1/accounts/${aid}/terminals`, { device_serial_number: "a b", store_id: "S1" }],
      [`/v1/accounts/${aid}/auth/clients`, { name: "x", client_id: "system" }],
      [`/v1/accounts/${aid}/releases`, { version: "a b", sha256: "x", signature: "y", key_id: "z" }],
    ] as const) {
      const answer = await post(body, {}, path);
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).not.toMatch(/\\\\[pdws]|\^|\[A-Z|pattern|NOT/);
    }
  });
});

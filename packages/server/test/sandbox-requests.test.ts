import { basic } from "@tillkeeper/stage/accounts/tokens";
import { send } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startSandbox } from "./support/sandbox.ts";

interface Logged {
  request_id: string;
  at: string;
  method: string;
  path: string;
  status: number;
  code?: string;
  client_id: string;
  duration_ms: number;
}
interface Page {
  requests: Logged[];
  starting_after?: string;
}

describe("the log of a sandbox's requests", async () => {
  const server = await startSandbox();
  afterAll(() => server.stop());
  const { account_id: account, client_id: id, client_secret: secret } = server.sandbox ?? {};
  const tokens = `/v1/accounts/${account}/auth/token`;
  const stores = `/v1/accounts/${account}/stores`;
  const grant = { grant_type: "client_credentials", audience: `${server.httpUrl}/v1/accounts/${account}` };
  let token = "";
  beforeAll(async () => {
    const { body } = await send<{ access_token: string }>(server.httpUrl, "POST", tokens, {
      headers: { authorization: basic(id ?? "", secret ?? "") },
      body: grant,
    });
    token = body.access_token;
  });
  const call = <T>(method: string, path: string, body?: unknown) =>
    send<T>(server.httpUrl, method, path, { token, ...(body !== undefined && { body }) });
  const read = async (query = "") => (await call<Page>("GET", `/v1/sandbox/requests${query}`)).body;
  /** Waits: a request is noted after its answer has been sent. */
  const newest = (path: string) =>
    vi.waitUntil(async () => {
      const [first] = (await read("?limit=1")).requests;
      return first?.path === path && first;
    });

  it("shows each request with its end, newest first, and not its own reading", async () => {
    await call("GET", `${stores}/nowhere`);
    expect(await newest(`${stores}/nowhere`)).toEqual({
      request_id: expect.stringMatching(/^[\da-f-]{36}$/),
      at: expect.any(String),
      method: "GET",
      path: `${stores}/nowhere`,
      status: 404,
      code: expect.stringMatching(/not_found$/),
      client_id: id,
      duration_ms: expect.any(Number),
    });
    const answer = await fetch(`${server.httpUrl}${stores}?limit=1`, { headers: { authorization: `Bearer ${token}` } });
    const logged = await newest(`${stores}?limit=1`);
    expect(logged).toMatchObject({ status: 200, request_id: answer.headers.get("request-id") });
    expect(logged).not.toHaveProperty("code");
    await read();
    expect((await read()).requests.map(({ path }) => path)).not.toContainEqual(expect.stringContaining("requests"));
  });

  it("filters by status, class, method and path, and pages", async () => {
    await call("POST", stores, { store_name: 5 });
    await newest(stores);
    expect((await read("?status=4xx&limit=1")).requests).toMatchObject([{ status: 400, code: "invalid_request" }]);
    expect((await read("?status=404")).requests.every(({ status }) => status === 404)).toBe(true);
    expect((await read("?method=POST&path=auth/token")).requests.at(-1)).toMatchObject({ path: tokens, status: 200 });
    expect((await call("GET", "/v1/sandbox/requests?status=6xx")).status).toBe(400);
    const seen: string[] = [];
    for (let page = await read("?limit=1"); ; page = await read(`?limit=1&starting_after=${page.starting_after}`)) {
      seen.push(...page.requests.map(({ request_id: shown }) => shown));
      if (page.starting_after === undefined) break;
    }
    expect(seen).toEqual((await read("?limit=100")).requests.map(({ request_id: shown }) => shown));
    expect(seen.length).toBeGreaterThan(3);
  });

  it("shows no secret, wherever a caller puts one, and cuts long paths", async () => {
    const refused = (who: string, by: string) =>
      send(server.httpUrl, "POST", tokens, { headers: { authorization: basic(who, by) }, body: grant });
    expect((await refused(id ?? "", "a-wrong-secret-of-somebody")).status).toBe(401);
    await refused(secret ?? "", "x");
    await call("GET", `${stores}?secret=${secret}`);
    await call("GET", `${stores}?search=${"x".repeat(2_000)}`);
    await vi.waitUntil(async () => (await read("?path=search")).requests.length > 0);
    const { requests } = await read("?limit=100");
    expect(requests.filter(({ path, status }) => path === tokens && status === 401)).toMatchObject([
      { client_id: "***", code: "invalid_client" },
      { client_id: id, code: "invalid_client" },
    ]);
    const shown = JSON.stringify(requests);
    for (const hidden of [secret, token, "a-wrong-secret-of-somebody"]) expect(shown).not.toContain(hidden);
    expect(shown).toContain(`${stores}?secret=***`);
    expect(Math.max(...requests.map(({ path }) => path.length))).toBe(512);
  });

  it("has no log of an account that only a refused request names", async () => {
    const stranger = "T99999999";
    await send(server.httpUrl, "POST", `/v1/accounts/${stranger}/auth/token`, {
      headers: { authorization: basic("nobody", "x") },
      body: grant,
    });
    expect(JSON.stringify(await read("?limit=100"))).not.toContain(stranger);
  });
});

it("has no controls on a server that is no sandbox, with a token or without, whatever the method", async () => {
  const { server, tenant } = await world();
  const nowhere = await send<{ error: object }>(server.url, "GET", "/v1/sandbox/nothing-like-it");
  for (const path of ["clock", "reset", "snapshot", "requests", "terminals/T12345678-T0001", "terminals/x/purchases"])
    for (const method of ["GET", "POST", "PUT", "DELETE"])
      for (const token of [undefined, tenant.token]) {
        const answer = await send(server.url, method, `/v1/sandbox/${path}`, token === undefined ? {} : { token });
        expect(answer, `${method} ${path}`).toMatchObject({ status: 404, body: nowhere.body });
      }
});

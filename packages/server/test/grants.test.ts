import { ClientGrant, ClientGrantList } from "@tillkeeper/contract/http/client-grants";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { world } from "@tillkeeper/stage/world";
import { Value } from "typebox/value";
import { beforeAll, describe, expect, it } from "vitest";

const operator = "P112";
const merchant = "P11112222";
const stranger = "P99998888";
const audienceOf = (accountId: string) => `https://api.dintero.com/v1/accounts/${accountId}`;
const clientsOf = (accountId: string) => `/v1/accounts/${accountId}/auth/clients`;
const grantsOf = (accountId: string) => `/v1/accounts/${accountId}/auth/client-grants`;

describe("client grants", async () => {
  const { server, tenant: owner } = await world({ own: {}, aid: operator });
  beforeAll(async () => {
    await server.account(stranger);
    await server.account(merchant);
    await server.db.sql
      .updateTable("accounts")
      .set({ operator_account_id: operator })
      .where("account_id", "=", merchant)
      .execute();
  });

  const send = (method: string, path: string, body?: unknown, token = owner.token) =>
    server.call(method, path, { token, body });
  const newClient = async (accountId = operator, token = owner.token) =>
    (await send("POST", clientsOf(accountId), {}, token)).body;
  const getToken = (accountId: string, client: { client_id: string; client_secret: string }, audience: string) =>
    server.call("POST", `/v1/accounts/${accountId}/auth/token`, {
      headers: { authorization: basic(client.client_id, client.client_secret) },
      body: { grant_type: "client_credentials", audience },
    });

  it("carry a partner from its own account into a merchant's, where it makes a client that works there", async () => {
    // The partner's client: a token for its own account, and a grant for the merchant's account.
    const partner = await newClient();
    const wanted = {
      client_id: partner.id,
      audience: audienceOf(merchant),
      scope: ["admin:accounts", "admin:checkout"],
      type: "client_credentials",
    };
    const grant = await send("POST", grantsOf(operator), wanted);
    expect(grant).toMatchObject({ status: 201, body: { ...wanted, created_by: owner.clientId } });
    expect(Value.Check(ClientGrant, grant.body)).toBe(true);

    // A token for the merchant's account opens that account only.
    const inside = (await getToken(operator, partner, audienceOf(merchant))).body.access_token;
    expect((await send("GET", clientsOf(operator), undefined, inside)).status).toBe(404);
    const store = await send("POST", `/v1/accounts/${merchant}/stores`, { store_id: "S312" }, inside);
    expect(store).toMatchObject({ status: 201, body: { created_by: partner.client_id } });

    // A client of the merchant's own, with fewer scopes than the partner's.
    const till = await newClient(merchant, inside);
    expect(till.created_by).toBe(partner.client_id);
    const scope = ["read:accounts", "write:checkout:/admin/terminals"];
    const given = await send(
      "POST",
      grantsOf(merchant),
      { client_id: till.id, audience: audienceOf(merchant), scope },
      inside,
    );
    expect(given).toMatchObject({ status: 201, body: { scope, type: "client_credentials" } });
    const token = (await getToken(merchant, till, audienceOf(merchant))).body.access_token;
    const stores = await send("GET", `/v1/accounts/${merchant}/stores`, undefined, token);
    expect(stores.body.stores).toMatchObject([{ store_id: "S312" }]);
  });

  it("open the own account and operated ones alone, and tell nothing of others", async () => {
    const client = await newClient();
    const scope = ["read:accounts"];
    const refused = async (audience: string) =>
      send("POST", grantsOf(operator), { client_id: client.id, audience, scope });
    const foreign = await refused(audienceOf(stranger));
    expect(foreign).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_audience", errors: [{ path: "/body/audience" }] } },
    });
    for (const audience of [audienceOf("P00000001"), "https://evil.example/v1/accounts/P112", "P112"])
      expect((await refused(audience)).body).toEqual(foreign.body);
    // A merchant is not its operator's operator.
    const merchants = await server.account(merchant, { clientId: "merchants-own" });
    const inner = await newClient(merchant, merchants.token);
    const upwards = { client_id: inner.id, audience: audienceOf(operator), scope };
    expect((await send("POST", grantsOf(merchant), upwards, merchants.token)).status).toBe(400);
  });

  it("accept every host form of an audience, once per account", async () => {
    const client = await newClient();
    const forms = [
      audienceOf(operator),
      `https://${operator}@api.dintero.com/v1/accounts/${operator}`,
      `https://checkout.dintero.com/v1/accounts/${operator}`,
      `${server.url}/v1/accounts/${operator}`,
    ];
    for (const audience of forms) {
      const made = await send("POST", grantsOf(operator), { client_id: client.id, audience, scope: ["read:accounts"] });
      expect(made).toMatchObject({ status: 201, body: { audience } });
      const again = await send("POST", grantsOf(operator), {
        client_id: client.id,
        audience: forms[0],
        scope: ["read:accounts"],
      });
      expect(again).toMatchObject({ status: 409, body: { error: { code: "client_grant_exists" } } });
      expect((await getToken(operator, client, forms[1] as string)).status).toBe(200);
      expect((await send("DELETE", `${grantsOf(operator)}/${made.body.id}`)).status).toBe(200);
    }
  });

  it("give away no more than the caller has", async () => {
    const manager = await newClient();
    const own = { client_id: manager.id, audience: audienceOf(operator) };
    await send("POST", grantsOf(operator), { ...own, scope: ["admin:accounts", "read:checkout"] });
    const { access_token } = (await getToken(operator, manager, own.audience)).body;
    const client = await newClient();
    const give = (scope: string[], token = access_token) =>
      send("POST", grantsOf(operator), { client_id: client.id, audience: own.audience, scope }, token);
    expect(await give(["read:accounts", "admin:checkout", "write:checkout"])).toMatchObject({
      status: 403,
      body: {
        error: { code: "scope_not_held", errors: [{ path: "/body/scope/1" }, { path: "/body/scope/2" }] },
      },
    });
    const given = await give(["write:accounts", "read:checkout"]);
    expect(given.status).toBe(201);
    const change = (scope: string[], token = access_token) =>
      send("PATCH", `${grantsOf(operator)}/${given.body.id}`, { scope }, token);
    expect((await change(["write:accounts", "admin:checkout"])).status).toBe(403);
    expect((await change(["write:accounts", "admin:checkout"], owner.token)).status).toBe(200);
    // Existing scopes may stay when others are added, even if the caller could not have given them.
    const wider = await change(["write:accounts", "admin:checkout", "read:checkout"]);
    expect(wider).toMatchObject({
      status: 200,
      body: { scope: ["write:accounts", "admin:checkout", "read:checkout"] },
    });
  });

  it("are taken away by no caller that could not have given them", async () => {
    const manager = await newClient();
    const own = { client_id: manager.id, audience: audienceOf(operator) };
    await send("POST", grantsOf(operator), { ...own, scope: ["admin:accounts", "read:checkout"] });
    const { access_token } = (await getToken(operator, manager, own.audience)).body;
    const strong = await newClient();
    const given = await send("POST", grantsOf(operator), {
      ...own,
      client_id: strong.id,
      scope: ["write:accounts", "admin:checkout"],
    });
    const grant = `${grantsOf(operator)}/${given.body.id}`;
    const client = `${clientsOf(operator)}/${strong.id}`;
    const attempts: [string, string, object?][] = [
      ["PATCH", grant, { scope: ["admin:checkout"] }],
      ["PATCH", grant, { scope: ["write:accounts"] }],
      ["DELETE", grant],
      ["DELETE", client],
      ["DELETE", `${client}/secrets/${strong.secrets[0].id}`],
    ];
    for (const [method, path, body] of attempts) {
      const refused = await send(method, path, body, access_token);
      expect(refused, `${method} ${path}`).toMatchObject({ status: 403, body: { error: { code: "scope_not_held" } } });
    }
    expect((await send("GET", grant)).body.scope).toEqual(["write:accounts", "admin:checkout"]);
    expect((await getToken(operator, strong, own.audience)).status).toBe(200);
    // The manager may remove the scopes that it covers.
    expect((await send("PATCH", grant, { scope: ["write:accounts"] })).status).toBe(200);
    expect((await send("DELETE", client, undefined, access_token)).status).toBe(200);
  });

  it("refuse what is not valid, naming the place", async () => {
    const client = await newClient();
    const foreign = await server.account("P77776666");
    const theirs = await newClient(foreign.aid, foreign.token);
    const valid = { client_id: client.id, audience: audienceOf(operator), scope: ["read:accounts"] };
    const cases: [object, string][] = [
      [{ ...valid, scope: [] }, "/body/scope"],
      [{ ...valid, scope: ["read:accounts", "fly moon"] }, "/body/scope/1"],
      [{ ...valid, scope: ['fly:"moon"'] }, "/body/scope/0"],
      [{ ...valid, scope: ["read:accounts", "read:accounts"] }, "/body/scope"],
      [{ ...valid, type: "implicit" }, "/body/type"],
      [{ ...valid, client_id: client.client_id.slice(1) }, "/body/client_id"],
      [{ ...valid, client_id: theirs.id }, "/body/client_id"],
      [{ ...valid, client_id: "00000000-0000-4000-8000-000000000000" }, "/body/client_id"],
      [{ ...valid, extra: 1 }, "/body/extra"],
      [{ audience: valid.audience, scope: valid.scope }, "/body/client_id"],
    ];
    for (const [body, path] of cases) {
      const answer = await send("POST", grantsOf(operator), body);
      expect(answer, JSON.stringify(body)).toMatchObject({ status: 400, body: { error: { errors: [{ path }] } } });
    }
  });

  it("are listed newest first, by audience and by client", async () => {
    const account = await server.account("P55554444");
    const at = grantsOf(account.aid);
    const made: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const client = await newClient(account.aid, account.token);
      const body = { client_id: client.id, audience: audienceOf(account.aid), scope: ["read:accounts"] };
      made.push((await send("POST", at, body, account.token)).body.id);
    }
    const list = (query = "") => send("GET", `${at}${query}`, undefined, account.token);
    const first = await list("?limit=3");
    expect(Value.Check(ClientGrantList, first.body)).toBe(true);
    expect(first.body.client_grants.map((grant: ClientGrant) => grant.id)).toEqual(made.toReversed());
    const rest = await list(`?starting_after=${first.body.starting_after}`);
    expect(rest.body.client_grants).toHaveLength(1);
    expect(rest.body).not.toHaveProperty("starting_after");
    const one = first.body.client_grants[0];
    expect((await list(`?client_id=${one.client_id}`)).body.client_grants).toEqual([one]);
    expect((await send("GET", `${at}/${one.id}`, undefined, account.token)).body).toEqual(one);
    const own = encodeURIComponent(`https://${account.aid}@checkout.dintero.com/v1/accounts/${account.aid}`);
    expect((await list(`?audience=${own}`)).body.client_grants).toHaveLength(4);
    const others = encodeURIComponent(audienceOf(operator));
    expect((await list(`?audience=${others}`)).body.client_grants).toEqual([]);
    expect((await list("?audience=nonsense")).status).toBe(400);
  });

  it("of another account look as if they did not exist", async () => {
    const other = await server.account("P33334444");
    const client = await newClient(other.aid, other.token);
    const body = { client_id: client.id, audience: audienceOf(other.aid), scope: ["read:accounts"] };
    const { id } = (await send("POST", grantsOf(other.aid), body, other.token)).body;
    for (const [method, change] of [["GET"], ["PATCH", { scope: ["read:accounts"] }], ["DELETE"]] as const) {
      const answer = await send(method, `${grantsOf(operator)}/${id}`, change);
      expect(answer).toMatchObject({ status: 404, body: { error: { code: "client_grant_not_found" } } });
      const missing = await send(method, `${grantsOf(operator)}/00000000-0000-4000-8000-000000000000`, change);
      expect(missing.body).toEqual(answer.body);
    }
    expect((await send("GET", `${grantsOf(other.aid)}/${id}`, undefined, other.token)).status).toBe(200);
    expect((await send("GET", `${grantsOf(operator)}?client_id=${client.id}`)).body.client_grants).toEqual([]);
  });

  it("leave a trace in the audit log", async () => {
    const client = await newClient();
    const body = { client_id: client.id, audience: audienceOf(operator), scope: ["read:accounts", "write:accounts"] };
    const { id } = (await send("POST", grantsOf(operator), body)).body;
    await send("PATCH", `${grantsOf(operator)}/${id}`, { scope: ["read:accounts"] });
    await send("DELETE", `${grantsOf(operator)}/${id}`);
    const entries = await server.db.sql
      .selectFrom("audit_log")
      .select(["action", "entry"])
      .where("account_id", "=", operator)
      .where("subject_id", "=", id)
      .orderBy("seq")
      .execute();
    expect(entries.map((entry) => [entry.action, JSON.parse(entry.entry).after?.scope])).toEqual([
      ["client_grant.create", ["read:accounts", "write:accounts"]],
      ["client_grant.update", ["read:accounts"]],
      ["client_grant.delete", undefined],
    ]);
  });
});

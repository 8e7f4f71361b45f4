import { ClientGrant } from "@tillkeeper/contract/http/client-grants";
import { ClientCreated } from "@tillkeeper/contract/http/clients";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { world } from "@tillkeeper/stage/world";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";

/** What the public reference shows of clients and grants, and what this server decides where the reference is silent. */
describe("clients and grants of the public reference", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const clients = `/v1/accounts/${aid}/auth/clients`;
  const grants = `/v1/accounts/${aid}/auth/client-grants`;
  const audience = `https://api.dintero.com/v1/accounts/${aid}`;
  const other = await server.account();

  const send = (method: string, path: string, body?: unknown, token = tenant.token) =>
    server.call(method, path, { token, body });
  const create = async (): Promise<ClientCreated> => (await send("POST", clients, {})).body;
  const getToken = (clientId: string, secret: string) =>
    server.call("POST", `/v1/accounts/${aid}/auth/token`, {
      headers: { authorization: basic(clientId, secret) },
      body: { grant_type: "client_credentials", audience },
    });
  const grant = (client: { id: string }, fields: object) =>
    send("POST", grants, { client_id: client.id, audience, ...fields });
  const auditOf = async (id: string) => {
    const { body } = await send("GET", `/v1/accounts/${aid}/audit?subject_id=${id}`);
    return body.entries as { action: string; before?: unknown; after?: unknown }[];
  };

  // docs.dintero.com, management-auth-api/clients/aid_auths_clients_id_rotate_post: answers the client with its secret.
  it("rotate-secret: the new secret works at once, the old one for another day, and tokens go on", async () => {
    const client = await create();
    await grant(client, { scope: ["read:accounts"] });
    const token = (await getToken(client.client_id, client.client_secret)).body.access_token;
    const rotated = await send("POST", `${clients}/${client.id}/rotate-secret`);
    expect(rotated).toMatchObject({ status: 200, body: { id: client.id, client_id: client.client_id } });
    expect(Value.Check(ClientCreated, rotated.body)).toBe(true);
    const [newest, oldest] = rotated.body.secrets;
    expect(newest).toMatchObject({ last_four: rotated.body.client_secret.slice(-4) });
    expect(newest).not.toHaveProperty("expires_at");
    const dayAhead = Date.parse(oldest.expires_at) - server.clock.realNow().getTime();
    expect(Math.round(dayAhead / 3_600_000)).toBe(24);

    for (const secret of [client.client_secret, rotated.body.client_secret])
      expect((await getToken(client.client_id, secret)).status).toBe(200);
    await server.db.sql
      .updateTable("client_secrets")
      .set({ expires_at: new Date(server.clock.realNow().getTime() - 1) })
      .where("secret_id", "=", oldest.id)
      .execute();
    expect((await getToken(client.client_id, client.client_secret)).status).toBe(401);
    expect((await getToken(client.client_id, rotated.body.client_secret)).status).toBe(200);
    expect((await send("GET", `${clients}/${client.id}`)).body.secrets).toEqual([newest]);
    expect((await send("GET", `/v1/accounts/${aid}/stores`, undefined, token)).status).toBe(200);
    expect((await auditOf(client.id)).map((entry) => entry.action)).toContain("client_secret.rotate");
    expect(JSON.stringify(await auditOf(client.id))).not.toContain(rotated.body.client_secret);
  });

  it("rotate-secret: a second rotation does not prolong what the first one ends", async () => {
    const client = await create();
    const first = (await send("POST", `${clients}/${client.id}/rotate-secret`)).body;
    const second = (await send("POST", `${clients}/${client.id}/rotate-secret`)).body;
    expect(second.secrets).toHaveLength(3);
    expect(second.secrets.at(-1)).toEqual(first.secrets.at(-1));
    for (let count = 3; count < 5; count += 1) await send("POST", `${clients}/${client.id}/rotate-secret`);
    expect(await send("POST", `${clients}/${client.id}/rotate-secret`)).toMatchObject({
      status: 409,
      body: { error: { code: "too_many_secrets" } },
    });
  });

  it("rotate-secret and PATCH are for whoever may have the client's power, in its own account", async () => {
    const strong = await create();
    await grant(strong, { scope: ["admin:checkout"] });
    const manager = await create();
    await grant(manager, { scope: ["admin:accounts"] });
    const weaker = (await getToken(manager.client_id, manager.client_secret)).body.access_token;
    expect(await send("POST", `${clients}/${strong.id}/rotate-secret`, undefined, weaker)).toMatchObject({
      status: 403,
      body: { error: { code: "scope_not_held" } },
    });
    for (const [method, path, body] of [
      ["POST", `/v1/accounts/${other.aid}/auth/clients/${strong.id}/rotate-secret`],
      ["PATCH", `/v1/accounts/${other.aid}/auth/clients/${strong.id}`, { name: "Mine" }],
    ] as const)
      expect(await send(method, path, body, other.token)).toMatchObject({
        status: 404,
        body: { error: { code: "client_not_found" } },
      });
    expect((await getToken(strong.client_id, strong.client_secret)).status).toBe(200);
  });

  it("rotate-secret leaves the account an administrator whose secret does not end by itself", async () => {
    const lone = await server.account();
    const at = `/v1/accounts/${lone.aid}/auth/clients`;
    const list = await send("GET", at, undefined, lone.token);
    const [self] = list.body.clients;
    const rotated = await send("POST", `${at}/${self.id}/rotate-secret`, undefined, lone.token);
    const [newest] = rotated.body.secrets;
    expect(await send("DELETE", `${at}/${self.id}/secrets/${newest.id}`, undefined, lone.token)).toMatchObject({
      status: 409,
      body: { error: { code: "last_admin_client" } },
    });
  });

  // docs.dintero.com, management-auth-api/clients/aid_auths_clients_id_patch: the body has name and description.
  it("PATCH changes the fields that it names and no others", async () => {
    const made = await send("POST", clients, {
      name: "Till",
      description: "In the shop",
      callbacks: ["https://a.example/"],
    });
    const path = `${clients}/${made.body.id}`;
    const renamed = await send("PATCH", path, { name: "Till 2" });
    expect(renamed).toMatchObject({
      status: 200,
      body: { name: "Till 2", description: "In the shop", callbacks: ["https://a.example/"] },
    });
    expect((await send("PATCH", path, { description: "Upstairs" })).body).toMatchObject({
      name: "Till 2",
      description: "Upstairs",
    });
    expect((await send("PATCH", path, {})).status).toBe(200);
    expect((await auditOf(made.body.id)).map((entry) => entry.action)).toEqual([
      "client.update",
      "client.update",
      "client.create",
    ]);
    expect(await send("PATCH", path, { client_id: "other" })).toMatchObject({
      status: 400,
      body: { error: { errors: [{ path: "/body/client_id" }] } },
    });
  });

  // docs.dintero.com, management-auth-api/grants/aid_auths_client_grants_id_delete: answers the deleted grant.
  it("DELETE answers what it deleted: a grant, a client, a secret", async () => {
    const client = await create();
    const given = await grant(client, { scope: ["read:accounts"] });
    const ended = await send("DELETE", `${grants}/${given.body.id}`);
    expect(ended).toMatchObject({
      status: 200,
      body: { ...given.body, updated_at: expect.any(String), deleted_by: tenant.clientId },
    });
    expect(Value.Check(ClientGrant, ended.body)).toBe(true);
    expect(ended.body.deleted_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const second = (await send("POST", `${clients}/${client.id}/secrets`)).body;
    expect(await send("DELETE", `${clients}/${client.id}/secrets/${second.id}`)).toMatchObject({
      status: 200,
      body: { id: second.id, last_four: second.client_secret.slice(-4) },
    });
    const gone = await send("DELETE", `${clients}/${client.id}`);
    expect(gone).toMatchObject({
      status: 200,
      body: { id: client.id, status: "DELETED", deleted_by: tenant.clientId, secrets: [] },
    });
    expect((await send("GET", `${clients}/${client.id}`)).body).toEqual(gone.body);
  });

  // docs.dintero.com, docs/partners/manage-merchants-via-api: the example of a grant has this scope.
  it("take the partner guide's scope as it is printed, show it, and give nothing for it", async () => {
    const client = await create();
    const made = await grant(client, { scope: ["checkout:admin"], type: "client_credentials" });
    expect(made).toMatchObject({
      status: 201,
      body: { scope: ["checkout:admin"], scope_without_effect: ["checkout:admin"], type: "client_credentials" },
    });
    expect(await getToken(client.client_id, client.client_secret)).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_scope" } },
    });
  });

  // docs.dintero.com, management-auth-api/grants/aid_auths_client_grants_post: the sample's scopes and type.
  it("keep foreign scopes in their order beside real ones, of which alone tokens are made", async () => {
    const client = await create();
    const scope = ["receipts:write", "admin:checkout", "admin:receipts", "read:accounts"];
    const made = await grant(client, { scope, type: "any" });
    expect(made).toMatchObject({
      status: 201,
      body: { scope, scope_without_effect: ["receipts:write", "admin:receipts"], type: "any" },
    });
    expect((await getToken(client.client_id, client.client_secret)).body.scope).toBe("admin:checkout read:accounts");
    const path = `${grants}/${made.body.id}`;
    expect((await send("GET", path)).body).toEqual(made.body);
    const changed = await send("PATCH", path, { scope: ["read:accounts", "receipts:write"] });
    expect(changed.body).toMatchObject({
      scope: ["read:accounts", "receipts:write"],
      scope_without_effect: ["receipts:write"],
    });
    const [update] = await auditOf(made.body.id);
    expect(update).toMatchObject({
      action: "client_grant.update",
      after: { scope: ["read:accounts", "receipts:write"] },
    });
  });

  it("a scope that the server comes to know later is not given by what was kept before", async () => {
    const client = await create();
    const made = (await grant(client, { scope: ["read:accounts", "admin:receipts"] })).body;
    // As a later version finds it, to which this kept scope is one of its own.
    await server.db.sql
      .updateTable("client_grants")
      .set({ asked_scopes: ["read:accounts", "admin:checkout"] })
      .where("id", "=", made.id)
      .execute();
    const manager = await create();
    await grant(manager, { scope: ["admin:accounts"] });
    const weaker = (await getToken(manager.client_id, manager.client_secret)).body.access_token;
    expect((await getToken(client.client_id, client.client_secret)).body.scope).toBe("read:accounts");
    expect((await send("GET", `${grants}/${made.id}`)).body.scope_without_effect).toEqual(["admin:checkout"]);
    // Setting the same list again gives the scope, so the caller needs the right to give it.
    const again = { scope: ["read:accounts", "admin:checkout"] };
    expect(await send("PATCH", `${grants}/${made.id}`, again, weaker)).toMatchObject({
      status: 403,
      body: { error: { code: "scope_not_held", errors: [{ path: "/body/scope/1" }] } },
    });
    expect((await send("PATCH", `${grants}/${made.id}`, again)).body).not.toHaveProperty("scope_without_effect");
    expect((await getToken(client.client_id, client.client_secret)).body.scope).toBe("read:accounts admin:checkout");
  });

  it("kept scopes do not count as held: neither to give scopes on, nor as an administrator", async () => {
    const client = await create();
    await grant(client, { scope: ["admin:accounts", "admin:receipts"] });
    const { access_token } = (await getToken(client.client_id, client.client_secret)).body;
    const third = await create();
    const body = { client_id: third.id, audience, scope: ["admin:receipts", "admin:checkout"] };
    expect(await send("POST", grants, body, access_token)).toMatchObject({
      status: 403,
      body: { error: { errors: [{ path: "/body/scope/1" }] } },
    });
  });

  it.each(["authorization_code", "password"])(
    "a grant for %s is kept and shown, and opens nothing here",
    async (type) => {
      const client = await create();
      const oidc = { issuer: "https://login.example", claims: ["email"] };
      const made = await grant(client, { scope: ["admin:accounts", "admin:checkout"], type, oidc });
      expect(made).toMatchObject({ status: 201, body: { type, oidc } });
      expect((await send("GET", `${grants}/${made.body.id}`)).body).toEqual(made.body);
      expect(await getToken(client.client_id, client.client_secret)).toMatchObject({
        status: 403,
        body: { error: { code: "audience_not_granted" } },
      });
    },
  );

  it("a grant that opens nothing makes no administrator", async () => {
    const lone = await server.account();
    const at = (rest: string) => `/v1/accounts/${lone.aid}/auth/${rest}`;
    const [self] = (await send("GET", at("clients"), undefined, lone.token)).body.clients;
    const second = (await send("POST", at("clients"), {}, lone.token)).body;
    const body = { client_id: second.id, audience: `https://api.dintero.com/v1/accounts/${lone.aid}` };
    const scope = ["admin:accounts", "admin:checkout"];
    await send("POST", at("client-grants"), { ...body, scope, type: "password" }, lone.token);
    expect(await send("DELETE", at(`clients/${self.id}`), undefined, lone.token)).toMatchObject({
      status: 409,
      body: { error: { code: "last_admin_client" } },
    });
  });
});

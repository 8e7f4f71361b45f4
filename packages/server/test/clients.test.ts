import { Client, ClientCreated, ClientList, ClientSecretCreated } from "@tillkeeper/contract/http/clients";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";

describe("API clients", async () => {
  const { server, tenant, aid } = await world();
  const path = `/v1/accounts/${aid}/auth/clients`;
  const audience = `https://api.dintero.com/v1/accounts/${aid}`;
  const other = await server.account();

  const send = (method: string, to: string, body?: unknown, token = tenant.token) =>
    server.call(method, to, { token, body });
  const create = async (body: object = {}): Promise<ClientCreated> => (await send("POST", path, body)).body;
  const getToken = (clientId: string, secret: string) =>
    server.call("POST", `/v1/accounts/${aid}/auth/token`, {
      headers: { authorization: basic(clientId, secret) },
      body: { grant_type: "client_credentials", audience },
    });
  const grant = (client: Client, scope = ["read:accounts"]) =>
    send("POST", `/v1/accounts/${aid}/auth/client-grants`, { client_id: client.id, audience, scope });

  it("are created from nothing at all, or from everything that is documented", async () => {
    const bare = await send("POST", path, {});
    expect(bare.status).toBe(201);
    expect(Value.Check(ClientCreated, bare.body)).toBe(true);
    expect(bare.body.client_id).toBe(bare.body.id);
    const full = {
      name: "Back office",
      description: "Closes the day",
      client_id: "back.office@example.com",
      callbacks: ["https://example.com/callback"],
    };
    const made = await send("POST", path, full);
    expect(made).toMatchObject({
      status: 201,
      body: { ...full, status: "ACTIVE", created_by: tenant.clientId, updated_by: tenant.clientId },
    });
    expect(made.body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("show a secret once, then nothing of it but its last four characters", async () => {
    const { client_secret, ...client } = await create({ name: "Once" });
    expect(client_secret).toMatch(/^[\w-]{43}$/);
    expect(client.secrets).toMatchObject([{ last_four: client_secret.slice(-4) }]);
    const shown = await send("GET", `${path}/${client.id}`);
    expect(shown).toMatchObject({ status: 200, body: client });
    expect(Value.Check(Client, shown.body)).toBe(true);
    const list = await send("GET", path);
    expect(Value.Check(ClientList, list.body)).toBe(true);
    for (const answer of [shown, list]) expect(JSON.stringify(answer.body)).not.toContain(client_secret);
    const stored = await server.db.sql.selectFrom("client_secrets").selectAll().where("account_id", "=", aid).execute();
    expect(JSON.stringify(stored)).not.toContain(client_secret);
    expect(stored.every((row) => row.secret_hash.startsWith("sha256$"))).toBe(true);
  });

  it("get no token before they hold a grant", async () => {
    const client = await create();
    expect(await getToken(client.client_id, client.client_secret)).toMatchObject({
      status: 403,
      body: { error: { code: "audience_not_granted" } },
    });
    expect((await grant(client)).status).toBe(201);
    expect(await getToken(client.client_id, client.client_secret)).toMatchObject({
      status: 200,
      body: { scope: "read:accounts" },
    });
  });

  it("replace a secret without an outage: several are valid until they are deleted", async () => {
    const client = await create();
    await grant(client);
    const second = await send("POST", `${path}/${client.id}/secrets`);
    expect(second.status).toBe(201);
    expect(Value.Check(ClientSecretCreated, second.body)).toBe(true);
    for (const secret of [client.client_secret, second.body.client_secret])
      expect((await getToken(client.client_id, secret)).status).toBe(200);
    const first = client.secrets[0]?.id;
    expect((await send("DELETE", `${path}/${client.id}/secrets/${first}`)).status).toBe(200);
    expect((await getToken(client.client_id, client.client_secret)).status).toBe(401);
    expect((await getToken(client.client_id, second.body.client_secret)).status).toBe(200);
    expect(await send("DELETE", `${path}/${client.id}/secrets/${first}`)).toMatchObject({
      status: 404,
      body: { error: { code: "client_secret_not_found" } },
    });
    for (let count = 1; count < 5; count += 1) await send("POST", `${path}/${client.id}/secrets`);
    expect(await send("POST", `${path}/${client.id}/secrets`)).toMatchObject({
      status: 409,
      body: { error: { code: "too_many_secrets" } },
    });
  });

  it("cannot pose as the server or as a terminal", async () => {
    for (const client_id of ["system", "device", `${other.aid}-T0001`, "P12345678-T00012"]) {
      const answer = await server.call("POST", path, { ...tenant, body: { client_id } });
      expect(answer, client_id).toMatchObject({
        status: 400,
        body: { error: { errors: [{ path: "/body/client_id" }] } },
      });
    }
  });

  it("give no secret to a caller whose scopes do not cover the client's", async () => {
    const manager = await create();
    await grant(manager, ["admin:accounts"]);
    const { access_token } = (await getToken(manager.client_id, manager.client_secret)).body;
    const strong = await create();
    await grant(strong, ["write:checkout:/admin/terminals"]);
    expect(await send("POST", `${path}/${strong.id}/secrets`, undefined, access_token)).toMatchObject({
      status: 403,
      body: { error: { code: "scope_not_held" } },
    });
    const weak = await create();
    await grant(weak, ["read:accounts"]);
    expect((await send("POST", `${path}/${weak.id}/secrets`, undefined, access_token)).status).toBe(201);
  });

  it("change name, description and callbacks, and nothing else", async () => {
    const { client_secret: _, ...client } = await create({ name: "Old", description: "Old" });
    const changed = await send("PUT", `${path}/${client.id}`, { name: "New" });
    expect(changed).toMatchObject({ status: 200, body: { id: client.id, name: "New", callbacks: [] } });
    expect(changed.body).not.toHaveProperty("description");
    expect((await send("PUT", `${path}/${client.id}`, { client_id: "other" })).status).toBe(400);
  });

  it("keep their client id for themselves within the account, for ever", async () => {
    const twin = await send("POST", path, { client_id: other.clientId });
    expect(twin).toMatchObject({ status: 201, body: { client_id: other.clientId } });
    // Each account accepts only its own client.
    expect((await getToken(other.clientId, other.secret)).status).toBe(401);
    expect((await grant(twin.body)).status).toBe(201);
    expect((await getToken(other.clientId, twin.body.client_secret)).status).toBe(200);
    await send("DELETE", `${path}/${twin.body.id}`);
    expect((await server.call("GET", `/v1/accounts/${other.aid}/auth/clients`, other)).status).toBe(200);
    expect(await send("POST", path, { client_id: other.clientId })).toMatchObject({
      status: 409,
      body: { error: { code: "client_id_taken" } },
    });
    const gone = await create({ client_id: "gone" });
    await send("DELETE", `${path}/${gone.id}`);
    expect((await send("POST", path, { client_id: "gone" })).status).toBe(409);
    for (const client_id of ["", "a b", "a:b", "é", "x".repeat(65), 7])
      expect((await send("POST", path, { client_id })).status, String(client_id)).toBe(400);
  });

  it("are listed newest first, page by page, by status and by what is searched for", async () => {
    const listed = await server.account();
    const at = `/v1/accounts/${listed.aid}/auth/clients`;
    const made: string[] = [];
    for (const name of ["Kiosk 1", "Kiosk 2", "100%", "Kiosk_3", "Last"])
      made.push((await send("POST", at, { name }, listed.token)).body.id);
    const list = (query: string) => send("GET", `${at}?${query}`, undefined, listed.token);
    const names = async (query: string) =>
      (await list(query)).body.clients.map((client: Client) => client.name ?? client.client_id);

    const pages: string[] = [];
    for (let after = ""; ; ) {
      const { body } = await list(`limit=2${after}`);
      pages.push(...body.clients.map((client: Client) => client.id));
      if (!body.starting_after) break;
      after = `&starting_after=${body.starting_after}`;
    }
    expect(pages.slice(0, 5)).toEqual(made.toReversed());
    expect(pages).toHaveLength(6);

    expect(await names("search=kIOSK")).toEqual(["Kiosk_3", "Kiosk 2", "Kiosk 1"]);
    expect(await names("search=%25")).toEqual(["100%"]);
    expect(await names("search=_")).toEqual(["Kiosk_3"]);
    await send("DELETE", `${at}/${made[4]}`, undefined, listed.token);
    expect(await names("search=last")).toEqual([]);
    expect(await names("status=DELETED")).toEqual(["Last"]);
    expect(await names("search=last&include_deleted=true")).toEqual(["Last"]);
    expect(await names("status=ACTIVE&status=DELETED&limit=1")).toEqual(["Last"]);
    for (const query of ["status=GONE", "limit=0", "starting_after=x", "color=red"])
      expect((await list(query)).status, query).toBe(400);
  });

  it("end for good when they are deleted: credentials, secrets, grants", async () => {
    const client = await create();
    await grant(client);
    expect((await send("DELETE", `${path}/${client.id}`)).status).toBe(200);
    expect((await getToken(client.client_id, client.client_secret)).status).toBe(401);
    expect((await send("GET", `${path}/${client.id}`)).body).toMatchObject({ status: "DELETED", secrets: [] });
    const grants = await send("GET", `/v1/accounts/${aid}/auth/client-grants?client_id=${client.id}`);
    expect(grants.body.client_grants).toEqual([]);
    const calls = [
      await send("DELETE", `${path}/${client.id}`),
      await send("PUT", `${path}/${client.id}`, {}),
      await send("POST", `${path}/${client.id}/secrets`),
    ];
    for (const answer of calls)
      expect(answer).toMatchObject({ status: 404, body: { error: { code: "client_not_found" } } });
    expect((await grant(client)).status).toBe(400);
  });

  it("of another account look as if they did not exist", async () => {
    const foreign: ClientCreated = (await send("POST", `/v1/accounts/${other.aid}/auth/clients`, {}, other.token)).body;
    const nobody = "00000000-0000-4000-8000-000000000000";
    const secret = foreign.secrets[0]?.id;
    for (const [method, below, body] of [
      ["GET", ""],
      ["PUT", "", {}],
      ["DELETE", ""],
      ["POST", "/secrets"],
      ["DELETE", `/secrets/${secret}`],
    ] as const) {
      const answer = await send(method, `${path}/${foreign.id}${below}`, body);
      const missing = await send(method, `${path}/${nobody}${below}`, body);
      expect(answer).toMatchObject({ status: 404, body: missing.body });
      const theirs = await send(method, `/v1/accounts/${other.aid}/auth/clients/${foreign.id}${below}`, body);
      expect(theirs).toMatchObject({ status: 404, body: { error: { code: "account_not_found" } } });
    }
    expect((await send("GET", path)).body.clients.some((client: Client) => client.id === foreign.id)).toBe(false);
  });

  it("are managed with admin:accounts, and read with read:accounts as well", async () => {
    const reader = await server.account(undefined, { scopes: ["read:accounts"] });
    const writer = await server.account(undefined, { scopes: ["write:accounts"] });
    const at = (tenantOf: Tenant) => `/v1/accounts/${tenantOf.aid}/auth/clients`;
    expect((await send("GET", at(reader), undefined, reader.token)).status).toBe(200);
    for (const who of [reader, writer])
      expect(await send("POST", at(who), {}, who.token)).toMatchObject({
        status: 403,
        body: { error: { code: "insufficient_scope" } },
      });
  });

  it("leave a trace in the audit log, without any secret", async () => {
    const client = await create({ name: "Traced" });
    const second = await send("POST", `${path}/${client.id}/secrets`);
    await send("DELETE", `${path}/${client.id}/secrets/${second.body.id}`);
    await send("PUT", `${path}/${client.id}`, { name: "Traced twice" });
    await send("DELETE", `${path}/${client.id}`);
    const entries = await server.db.sql
      .selectFrom("audit_log")
      .select(["action", "actor", "entry"])
      .where("account_id", "=", aid)
      .where("subject_id", "=", client.id)
      .orderBy("seq")
      .execute();
    expect(entries.map((entry) => entry.action)).toEqual([
      "client.create",
      "client_secret.create",
      "client_secret.delete",
      "client.update",
      "client.delete",
    ]);
    const text = entries.map((entry) => entry.entry).join("\n");
    for (const secret of [client.client_secret, second.body.client_secret]) expect(text).not.toContain(secret);
    expect(text).not.toContain("sha256$");
    expect(JSON.parse(entries[3]?.entry ?? "")).toMatchObject({
      actor: tenant.clientId,
      before: { name: "Traced" },
      after: { name: "Traced twice" },
    });
  });
});

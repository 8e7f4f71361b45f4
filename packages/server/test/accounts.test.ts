import { AccountCreated } from "@tillkeeper/contract/http/accounts";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { ownServer } from "@tillkeeper/stage/world";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";

const bootstrapToken = "bootstrap-token-of-the-tests-0000";

describe("creating accounts over HTTP", async () => {
  const server = await ownServer({ config: { bootstrapToken } });

  const create = (body: unknown, token: string | undefined = bootstrapToken) =>
    server.call("POST", "/v1/accounts", { body, token });

  it("makes an account with a first client that can do everything in it", async () => {
    const made = await create({ name: "Shop" });
    expect(made.status).toBe(201);
    expect(made.headers.get("cache-control")).toBe("no-store");
    expect(Value.Check(AccountCreated, made.body)).toBe(true);
    const { account_id, client } = made.body;
    expect(account_id).toMatch(/^P\d{8}$/);
    const { body } = await server.call("POST", `/v1/accounts/${account_id}/auth/token`, {
      headers: { authorization: basic(client.client_id, client.client_secret) },
      body: { grant_type: "client_credentials", audience: `${server.url}/v1/accounts/${account_id}` },
    });
    const store = await server.call("POST", `/v1/accounts/${account_id}/stores`, {
      token: body.access_token,
      body: { store_id: "S312" },
    });
    expect(store).toMatchObject({ status: 201, body: { created_by: client.client_id } });
  });

  it("makes operators and accounts that they own", async () => {
    expect((await create({ name: "Partner", account_id: "P112" })).status).toBe(201);
    const owned = await create({ name: "Shop", account_id: "P12345678", operator_account_id: "P112" });
    expect(owned).toMatchObject({ status: 201, body: { account_id: "P12345678", operator_account_id: "P112" } });
    expect(await create({ name: "Shop", account_id: "P12345678" })).toMatchObject({
      status: 409,
      body: { error: { code: "account_id_taken", errors: [{ path: "/body/account_id" }] } },
    });
    for (const operator_account_id of ["P999", "P55555555"])
      expect(await create({ name: "Shop", account_id: "P55555555", operator_account_id })).toMatchObject({
        status: 400,
        body: { error: { errors: [{ path: "/body/operator_account_id" }] } },
      });
    for (const body of [{}, { name: "" }, { name: "x", account_id: "X1" }, { name: "x", admin: true }])
      expect((await create(body)).status, JSON.stringify(body)).toBe(400);
  });

  it("is for whoever has the bootstrap token, and says so before it looks at the body", async () => {
    const tenant = await server.account("T12345678");
    for (const token of ["x", `${bootstrapToken}x`, bootstrapToken.slice(1), tenant.token]) {
      const answer = await create("{", token);
      expect(answer, token).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
      expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    }
    const none = await server.call("POST", "/v1/accounts", { body: { name: "x" } });
    expect(none).toMatchObject({ status: 401, body: { error: { code: "missing_token" } } });
    expect((await server.call("GET", "/v1/accounts", { token: bootstrapToken })).status).toBe(404);
    expect((await server.call("GET", "/v1/accounts/T12345678/stores", { token: bootstrapToken })).status).toBe(401);
  });

  it("leaves a trace in the new account's audit log, without the secret", async () => {
    const { account_id, client } = (await create({ name: "Traced" })).body;
    const entries = await server.db.sql
      .selectFrom("audit_log")
      .selectAll()
      .where("account_id", "=", account_id)
      .execute();
    expect(entries).toMatchObject([
      { action: "account.create", actor: "tillkeeper:bootstrap", subject_id: account_id },
    ]);
    expect(entries[0]?.entry).not.toContain(client.client_secret);
    expect(client.created_by).toBe("tillkeeper:bootstrap");
  });

  it("does not exist on a server without a bootstrap token", async () => {
    const closed = await startTestServer({ database: server.database });
    try {
      const answer = await closed.call("POST", "/v1/accounts", { body: { name: "x" }, token: bootstrapToken });
      const nowhere = await closed.call("POST", "/v1/nowhere", { body: { name: "x" }, token: bootstrapToken });
      expect(answer).toMatchObject({ status: 404, body: nowhere.body });
    } finally {
      await closed.stop();
    }
  });
});

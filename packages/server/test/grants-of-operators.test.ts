import { randomUUID } from "node:crypto";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { world } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { inTenant } from "../src/db/tenants/tenant.ts";

const operator = "P112";
const merchant = "P11112222";
const sibling = "P11113333";
const audienceOf = (account: string) => `https://api.dintero.com/v1/accounts/${account}`;
const at = (account: string, rest: string) => `/v1/accounts/${account}/auth/${rest}`;
const admin = ["admin:accounts", "admin:checkout"];

describe("what an operator holds in an account", async () => {
  const { server, tenant: owner } = await world({ own: {}, aid: operator });
  const merchants = await server.account(merchant);
  const siblings = await server.account(sibling);
  await server.db.sql
    .updateTable("accounts")
    .set({ operator_account_id: operator })
    .where("account_id", "in", [merchant, sibling])
    .execute();

  const send = (method: string, path: string, body?: unknown, token = owner.token) =>
    server.call(method, path, { token, body });
  const newClient = async (body: object = {}) => (await send("POST", at(operator, "clients"), body)).body;
  const grantInto = async (client: { id: string }, account: string, scope = admin) =>
    send("POST", at(operator, "client-grants"), { client_id: client.id, audience: audienceOf(account), scope });
  const tokenFor = async (client: { client_id: string; client_secret: string }, account: string): Promise<string> => {
    const { body } = await server.call("POST", at(operator, "token"), {
      headers: { authorization: basic(client.client_id, client.client_secret) },
      body: { grant_type: "client_credentials", audience: audienceOf(account) },
    });
    return body.access_token;
  };
  const logOf = async (account: string, subject: string) => {
    const rows = await server.db.sql
      .selectFrom("audit_log")
      .select(["action", "actor", "entry"])
      .where("account_id", "=", account)
      .where("subject_id", "=", subject)
      .orderBy("seq")
      .execute();
    return rows.map(({ action, actor, entry }) => ({ action, actor, scope: JSON.parse(entry).after?.scope }));
  };

  it("is listed there, marked as the operator's, and ended there", async () => {
    const partner = await newClient();
    const { body: grant } = await grantInto(partner, merchant);
    expect(grant).toMatchObject({ client_account_id: operator });
    const list = await send("GET", at(merchant, "client-grants"), undefined, merchants.token);
    const seen = list.body.client_grants.find((entry: { id: string }) => entry.id === grant.id);
    expect(seen).toEqual(grant);
    expect(list.body.client_grants.map((entry: { client_account_id: string }) => entry.client_account_id)).toEqual(
      expect.arrayContaining([merchant, operator]),
    );
    const one = at(merchant, `client-grants/${grant.id}`);
    expect((await send("GET", one, undefined, merchants.token)).body).toEqual(grant);
    expect(await send("PATCH", one, { scope: ["read:accounts"] }, merchants.token)).toMatchObject({
      status: 403,
      body: { error: { code: "not_own_grant" } },
    });

    const inside = await tokenFor(partner, merchant);
    expect((await send("POST", `/v1/accounts/${merchant}/stores`, { store_id: "S1" }, inside)).status).toBe(201);
    expect((await send("DELETE", one, undefined, merchants.token)).status).toBe(200);
    // At once for requests that give power away.
    expect((await send("POST", at(merchant, "clients"), {}, inside)).status).toBe(401);
    expect(await tokenFor(partner, merchant)).toBeUndefined();
    for (const [account, token] of [
      [merchant, merchants.token],
      [operator, owner.token],
    ] as const)
      expect((await send("GET", at(account, `client-grants/${grant.id}`), undefined, token)).status).toBe(404);
    // The grant may be given again.
    expect((await grantInto(partner, merchant)).status).toBe(201);
  });

  it("stands in both logs: made, changed and ended, by whichever side", async () => {
    const partner = await newClient();
    const { body: grant } = await grantInto(partner, merchant);
    await send("PATCH", at(operator, `client-grants/${grant.id}`), { scope: ["admin:accounts"] });
    await send("DELETE", at(merchant, `client-grants/${grant.id}`), undefined, merchants.token);
    const changes = [
      { action: "client_grant.create", scope: admin },
      { action: "client_grant.update", scope: ["admin:accounts"] },
      { action: "client_grant.delete", scope: undefined },
    ];
    const mine = [owner.clientId, owner.clientId, `${merchant}/${merchants.clientId}`];
    const theirs = [`${operator}/${owner.clientId}`, `${operator}/${owner.clientId}`, merchants.clientId];
    expect(await logOf(operator, grant.id)).toEqual(changes.map((change, n) => ({ ...change, actor: mine[n] })));
    expect(await logOf(merchant, grant.id)).toEqual(changes.map((change, n) => ({ ...change, actor: theirs[n] })));

    // The logs also show the end of a grant by the end of its client.
    const { body: other } = await grantInto(partner, sibling);
    await send("DELETE", at(operator, `clients/${partner.id}`));
    expect((await logOf(sibling, other.id)).map(({ action, actor }) => [action, actor])).toEqual([
      ["client_grant.create", `${operator}/${owner.clientId}`],
      ["client_grant.delete", `${operator}/${owner.clientId}`],
    ]);
    expect(await logOf(sibling, grant.id)).toEqual([]);
  });

  it("is nobody else's to see or end, and takes the cover of its scopes", async () => {
    const partner = await newClient();
    const { body: grant } = await grantInto(partner, merchant);
    for (const method of ["GET", "DELETE"])
      expect((await send(method, at(sibling, `client-grants/${grant.id}`), undefined, siblings.token)).status).toBe(
        404,
      );
    const weak = (await send("POST", at(merchant, "clients"), {}, merchants.token)).body;
    const held = { client_id: weak.id, audience: audienceOf(merchant), scope: ["admin:accounts"] };
    await send("POST", at(merchant, "client-grants"), held, merchants.token);
    const { body } = await server.call("POST", at(merchant, "token"), {
      headers: { authorization: basic(weak.client_id, weak.client_secret) },
      body: { grant_type: "client_credentials", audience: audienceOf(merchant) },
    });
    expect(await send("DELETE", at(merchant, `client-grants/${grant.id}`), undefined, body.access_token)).toMatchObject(
      {
        status: 403,
        body: { error: { code: "scope_not_held" } },
      },
    );
  });

  it("is not counted among the account's own administrators, so that the operator may leave", async () => {
    const partner = await newClient();
    const { body: grant } = await grantInto(partner, merchant);
    const { body } = await send(
      "GET",
      at(merchant, `clients?search=${merchants.clientId}`),
      undefined,
      merchants.token,
    );
    expect(
      await send("DELETE", at(merchant, `clients/${body.clients[0].id}`), undefined, merchants.token),
    ).toMatchObject({ status: 409, body: { error: { code: "last_admin_client" } } });
    expect((await send("DELETE", at(operator, `client-grants/${grant.id}`))).status).toBe(200);
  });

  it("has no name that a client of the account has, in either order", async () => {
    const taken = { status: 409, body: { error: { code: "client_id_taken", errors: [{ path: "/body/client_id" }] } } };
    await send("POST", at(merchant, "clients"), { client_id: "till" }, merchants.token);
    const till = await newClient({ client_id: "till" });
    expect(await grantInto(till, merchant)).toMatchObject(taken);
    expect((await grantInto(till, sibling)).status).toBe(201);

    const office = await newClient({ client_id: "office" });
    const { body: grant } = await grantInto(office, merchant);
    const add = () => send("POST", at(merchant, "clients"), { client_id: "office" }, merchants.token);
    expect(await add()).toMatchObject(taken);
    // Rows that the client made in the account still name it.
    await send("DELETE", at(operator, `client-grants/${grant.id}`));
    expect(await add()).toMatchObject(taken);

    for (let round = 0; round < 5; round += 1) {
      const client_id = `race-${round}`;
      const client = await newClient({ client_id });
      const both = await Promise.all([
        grantInto(client, merchant),
        send("POST", at(merchant, "clients"), { client_id }, merchants.token),
      ]);
      expect(both.map(({ status }) => status).toSorted((one, two) => one - two)).toEqual([201, 409]);
    }
  });

  it("survives both sides ending and changing it at the same moment, with both logs whole", {
    tags: "replicas",
  }, async () => {
    for (let round = 0; round < 5; round += 1) {
      const partner = await newClient();
      const { body: grant } = await grantInto(partner, merchant);
      const answers = await Promise.all([
        send("DELETE", at(merchant, `client-grants/${grant.id}`), undefined, merchants.token),
        send("PATCH", at(operator, `client-grants/${grant.id}`), { scope: ["read:accounts"] }),
        send("DELETE", at(operator, `clients/${partner.id}`)),
        grantInto(partner, sibling),
        send("POST", at(merchant, "clients"), {}, merchants.token),
      ]);
      for (const { status } of answers) expect([200, 201, 204, 400, 404]).toContain(status);
      const deletions = (await logOf(merchant, grant.id)).filter(({ action }) => action === "client_grant.delete");
      expect(deletions).toHaveLength(1);
    }
  });

  it("is open to the tenant's transaction for reading and ending, and for nothing more", async () => {
    const partner = await newClient();
    const { body: grant } = await grantInto(partner, merchant);
    // Also when the policies bind the database user as it is.
    const bound = { ...server.db, bypassesRowSecurity: true };
    const run = (account: string, statement: string) =>
      inTenant(bound, account, async (tx) => (await sql.raw(statement).execute(tx)).numAffectedRows ?? 0n);
    const change = (account: string, set: string) =>
      run(account, `update client_grants set ${set} where id = '${grant.id}'`);
    const refusal = /row-level security|can only end|permission denied/;
    expect(await change(sibling, "removed_at = now()")).toBe(0n);
    for (const set of [
      "scopes = '{admin:accounts}'",
      `account_id = '${merchant}'`,
      "removed_at = now(), scopes = '{}'",
      `removed_at = now(), audience_account_id = '${sibling}'`,
      "removed_at = now(), client_id = 'x'",
    ])
      await expect(change(merchant, set), set).rejects.toThrow(refusal);
    const deleted = run(merchant, `delete from client_grants where id = '${grant.id}'`);
    expect(await deleted.catch((error: Error) => refusal.test(error.message) && 0n)).toBe(0n);
    expect(await change(merchant, "removed_at = now(), narrowed_at = now()")).toBe(1n);
    await expect(change(merchant, "removed_at = null"), "revive").rejects.toThrow(refusal);
  });

  it("cannot be made by a tenant's transaction in an account that the tenant is not operator of", async () => {
    const { rows } = await server.db.pool.query("select id from clients where account_id = $1", [merchant]);
    const give = (audience_account_id: string, account_id = merchant) =>
      inTenant(server.db, account_id, async (tx) => {
        const grant = { account_id, audience_account_id, client_ref: rows[0].id, client_id: "forger", audience: null };
        const made = { created_at: new Date(), created_by: "forger", updated_at: new Date(), updated_by: "forger" };
        const open = { id: randomUUID(), scopes: admin, removed_at: null, narrowed_at: null };
        await tx
          .insertInto("client_grants")
          .values({ ...grant, ...made, ...open })
          .execute();
        throw new Error("made");
      });
    for (const account of [sibling, operator, "P99999999"]) {
      await expect(give(account), account).rejects.toThrow("row-level security");
    }
    // `forger` is no client, which shows only when the policy passes.
    await expect(give(merchant)).rejects.toThrow("foreign key");
    const asked = (own: string, account: string) =>
      inTenant(server.db, own, async (tx) => {
        const answer = await sql<{ yes: boolean }>`select tillkeeper_reaches(${operator}, ${account}) as yes`.execute(
          tx,
        );
        return answer.rows[0]?.yes;
      });
    expect([await asked(operator, merchant), await asked(sibling, merchant)]).toEqual([true, false]);
  });
});

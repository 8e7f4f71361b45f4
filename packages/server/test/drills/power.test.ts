import { basic } from "@tillkeeper/stage/accounts/tokens";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { newKeyPair } from "../support/releases.ts";

const admin = ["admin:accounts", "admin:checkout", "admin:hooks"];

interface Working {
  client: { id: string; client_id: string; client_secret: string };
  grant: { id: string };
  token: string;
}

describe("what gives power away", async () => {
  const { server, tenant, aid } = await world({ live: true, own: {} });
  const audience = `https://api.dintero.com/v1/accounts/${aid}`;
  const clients = `/v1/accounts/${aid}/auth/clients`;
  const grants = `/v1/accounts/${aid}/auth/client-grants`;
  const terminals = `/v1/accounts/${aid}/terminals`;
  let terminalId: string;
  let serial = 0;
  beforeAll(async () => {
    await send("POST", `/v1/accounts/${aid}/stores`, { store_id: "S1" });
    terminalId = (await register(tenant.token)).body.terminal_id;
  });

  const send = (method: string, path: string, body?: unknown, token = tenant.token) =>
    server.call(method, path, { token, body });
  const nextSerial = () => `POWER-${(serial += 1)}`;
  const register = (token: string) =>
    send("POST", terminals, { device_serial_number: nextSerial(), store_id: "S1" }, token);
  const tokenOf = async (client: Working["client"]): Promise<string> => {
    const { body } = await server.call("POST", `/v1/accounts/${aid}/auth/token`, {
      headers: { authorization: basic(client.client_id, client.client_secret) },
      body: { grant_type: "client_credentials", audience },
    });
    return body.access_token;
  };
  const working = async (scope = admin): Promise<Working> => {
    const client = (await send("POST", clients, {})).body;
    const grant = (await send("POST", grants, { client_id: client.id, audience, scope })).body;
    return { client, grant, token: await tokenOf(client) };
  };

  /** One request for each marked row, all of which an administrator may send. */
  const everything = async (token: string): Promise<[string, { status: number; body: unknown }][]> => {
    const spare = await working(["read:accounts"]);
    const keyed = { name: "Releases", public_key: newKeyPair().publicKey };
    const key = (await send("POST", `/v1/accounts/${aid}/release-keys`, keyed)).body;
    const going = (await register(tenant.token)).body.terminal_id;
    const { body: shown } = await send("GET", `${clients}/${spare.client.id}`);
    const other = (await send("POST", clients, {})).body;
    const requests: [string, string, unknown?][] = [
      ["POST", clients, {}],
      ["PUT", `${clients}/${spare.client.id}`, { name: "Other" }],
      ["PATCH", `${clients}/${spare.client.id}`, { description: "Another" }],
      ["POST", `${clients}/${spare.client.id}/secrets`],
      ["POST", `${clients}/${spare.client.id}/rotate-secret`],
      ["DELETE", `${clients}/${spare.client.id}/secrets/${shown.secrets[0].id}`],
      ["POST", grants, { client_id: other.id, audience, scope: ["read:accounts"] }],
      ["PATCH", `${grants}/${spare.grant.id}`, { scope: ["read:accounts", "read:checkout"] }],
      ["DELETE", `${grants}/${spare.grant.id}`],
      ["DELETE", `${clients}/${spare.client.id}`],
      ["POST", terminals, { device_serial_number: nextSerial(), store_id: "S1" }],
      ["POST", `${terminals}/${terminalId}/credentials`],
      ["POST", `${terminals}/${terminalId}/pairing-codes`, {}],
      ["POST", `${terminals}/${terminalId}/device`, { device_serial_number: nextSerial() }],
      ["DELETE", `${terminals}/${going}`],
      ["POST", `/v1/accounts/${aid}/release-keys`, { name: "Next", public_key: newKeyPair().publicKey }],
      ["DELETE", `/v1/accounts/${aid}/release-keys/${key.key_id}`],
    ];
    const answers: [string, { status: number; body: unknown }][] = [];
    for (const [method, path, body] of requests) {
      answers.push([`${method} ${path}`, await send(method, path, body, token)]);
    }
    return answers;
  };

  it("is done by a client whose grant is live", async () => {
    const { token } = await working();
    for (const [request, { status }] of await everything(token)) expect([200, 201, 204], request).toContain(status);
  });

  /** Changes a grant without a trace in the list of narrowed grants, as in the seconds before servers read it. */
  const unnoticed = (id: string, change: { removed_at: Date } | { scopes: string[] }) =>
    server.db.sql.updateTable("client_grants").set(change).where("id", "=", id).execute();

  it("is refused to a client that was removed, while its token still reads", async () => {
    const { grant, token } = await working();
    // A token that the server has verified is not looked up again.
    expect((await send("GET", clients, undefined, token)).status).toBe(200);
    await unnoticed(grant.id, { removed_at: new Date() });
    for (const [request, answer] of await everything(token)) {
      expect(answer, request).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
    }
    expect((await send("GET", clients, undefined, token)).status).toBe(200);
  });

  it("is refused where the grant was narrowed, for what it has lost", async () => {
    const { grant, token } = await working();
    await unnoticed(grant.id, { scopes: ["admin:accounts"] });
    const successor = (await send("POST", clients, {}, token)).body;
    const give = (scope: string[]) => send("POST", grants, { client_id: successor.id, audience, scope }, token);
    expect(await give(admin)).toMatchObject({ status: 403, body: { error: { code: "scope_not_held" } } });
    expect((await give(["admin:accounts"])).status).toBe(201);
    await unnoticed(grant.id, { scopes: ["read:accounts"] });
    for (const [request, answer] of await everything(token)) {
      expect(answer, request).toMatchObject({ status: 403, body: { error: { code: "insufficient_scope" } } });
    }
    expect((await send("GET", clients, undefined, token)).status).toBe(200);
  });

  it("is refused right after the client was deleted over the API", async () => {
    const { client, token } = await working();
    expect((await send("DELETE", `${clients}/${client.id}`)).status).toBe(200);
    expect((await send("POST", clients, {}, token)).status).toBe(401);
    expect((await server.call("GET", `${clients}?search=${client.client_id}`, tenant)).body.clients).toEqual([]);
  });

  it("is not given by a token that asked for less than its grant has", async () => {
    const { client } = await working();
    const { body } = await server.call("POST", `/v1/accounts/${aid}/auth/token`, {
      headers: { authorization: basic(client.client_id, client.client_secret) },
      body: { grant_type: "client_credentials", audience, scope: "admin:accounts" },
    });
    const other = (await send("POST", clients, {})).body;
    const give = { client_id: other.id, audience, scope: ["admin:checkout"] };
    expect((await send("POST", grants, give, body.access_token)).status).toBe(403);
  });

  it("comes before its giver's end, and is seen by it, or is refused: never in between", {
    tags: "replicas",
  }, async () => {
    for (let round = 0; round < 6; round += 1) {
      const { client, token } = await working();
      const heirs = Array.from({ length: 8 }, (_, n) =>
        send("POST", clients, { client_id: `heir-${round}-${n}` }, token),
      );
      const [ended, ...made] = await Promise.all([send("DELETE", `${clients}/${client.id}`), ...heirs]);
      expect(ended.status).toBe(200);
      for (const { status } of made) expect([201, 401]).toContain(status);
      const entries = await server.db.sql
        .selectFrom("audit_log")
        .select(["seq", "action", "actor", "subject_id"])
        .where("account_id", "=", aid)
        .orderBy("seq")
        .execute();
      const end = entries.findIndex((entry) => entry.action === "client.delete" && entry.subject_id === client.id);
      const late = entries.slice(end).filter((entry) => entry.actor === client.client_id);
      expect(late).toEqual([]);
      // The client that was created can be removed.
      for (const { status, body } of made) {
        if (status === 201) expect((await send("DELETE", `${clients}/${body.id}`)).status).toBe(200);
      }
    }
  });

  it("waits for an end that is under way, and is refused by it", async () => {
    const { client, grant, token } = await working();
    let heir: Promise<{ status: number; body: unknown }> | undefined;
    await server.db.sql.transaction().execute(async (tx) => {
      await tx.updateTable("client_grants").set({ removed_at: new Date() }).where("id", "=", grant.id).execute();
      heir = send("POST", clients, { client_id: `heir-of-${client.client_id}` }, token);
      await lockedBehind(server, tx);
    });
    expect(await heir).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
  });
});

/** Resolves when another session waits for a lock of this transaction. */
async function lockedBehind(
  server: TestServer,
  tx: Parameters<Parameters<ReturnType<TestServer["db"]["sql"]["transaction"]>["execute"]>[0]>[0],
): Promise<void> {
  const { rows } = await tx.executeQuery<{ pid: number }>(
    server.db.sql.selectNoFrom((eb) => eb.fn<number>("pg_backend_pid").as("pid")).compile(),
  );
  const isWaitedFor = async () => {
    const { rows: waiting } = await server.db.pool.query(
      "select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))",
      [rows[0]?.pid],
    );
    return waiting.length > 0;
  };
  await vi.waitUntil(isWaitedFor, { timeout: 50_000, interval: 20 });
}

describe("the last client that may do everything in an account", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const at = (account: string, rest: string) => `/v1/accounts/${account}/auth/${rest}`;
  const furnish = async (account: string) => {
    const first = await server.account(account);
    const send = (method: string, rest: string, body?: unknown, token = first.token) =>
      server.call(method, at(account, rest), { token, body });
    const self = (await send("GET", `clients?search=${first.clientId}`)).body.clients[0];
    const grant = (await send("GET", `client-grants?client_id=${self.id}`)).body.client_grants[0];
    const second = async (scope = admin) => {
      const client = (await send("POST", "clients", {})).body;
      const own = `https://api.dintero.com/v1/accounts/${account}`;
      const held = (await send("POST", "client-grants", { client_id: client.id, audience: own, scope })).body;
      const { body } = await server.call("POST", at(account, "token"), {
        headers: { authorization: basic(client.client_id, client.client_secret) },
        body: { grant_type: "client_credentials", audience: own },
      });
      return { client, grant: held, token: body.access_token as string };
    };
    return { send, self, grant, second };
  };
  const refused = { status: 409, body: { error: { code: "last_admin_client" } } };

  it("stays, whatever is tried to be rid of it", async () => {
    const { send, self, grant, second } = await furnish("P20000001");
    await second(["admin:accounts"]);
    await second(["admin:checkout"]);
    const attempts = [
      await send("PATCH", `client-grants/${grant.id}`, { scope: ["admin:accounts"] }),
      await send("PATCH", `client-grants/${grant.id}`, { scope: ["admin:checkout"] }),
      await send("DELETE", `client-grants/${grant.id}`),
      await send("DELETE", `clients/${self.id}`),
      await send("DELETE", `clients/${self.id}/secrets/${self.secrets[0].id}`),
    ];
    for (const answer of attempts) expect(answer).toMatchObject(refused);
    expect(attempts[0]?.body.error.message).toContain("Make another one first");
    expect((await send("GET", `client-grants/${grant.id}`)).body.scope).toEqual(admin);
    // One of two secrets may be deleted.
    await send("POST", `clients/${self.id}/secrets`);
    expect((await send("DELETE", `clients/${self.id}/secrets/${self.secrets[0].id}`)).status).toBe(200);
  });

  it("may go once there is another with a secret of its own", async () => {
    const { send, self, second } = await furnish("P20000002");
    const other = await second();
    const { body } = await send("GET", `clients/${other.client.id}`);
    await send("DELETE", `clients/${other.client.id}/secrets/${body.secrets[0].id}`);
    expect(await send("DELETE", `clients/${self.id}`)).toMatchObject(refused);
    await send("POST", `clients/${other.client.id}/secrets`);
    expect((await send("DELETE", `clients/${self.id}`)).status).toBe(200);
  });

  it("is one of two that remove each other at the same moment", { tags: "replicas" }, async () => {
    const { second } = await furnish("P20000003");
    const { self } = await furnish("P20000004");
    expect(self.client_id).toBe("client-of-P20000004");
    for (let round = 0; round < 5; round += 1) {
      const account = `P3000000${round}`;
      const both = await furnish(account);
      const other = await both.second();
      const answers = await Promise.all([
        both.send("DELETE", `clients/${other.client.id}`),
        both.send("DELETE", `clients/${both.self.id}`, undefined, other.token),
      ]);
      // The second administrator found itself removed.
      expect(answers.map(({ status }) => status).toSorted((one, two) => one - two)).toEqual([200, 401]);
    }
    expect((await second()).token).toBeTruthy();
  });

  it("is guarded while the other clients of the account go on giving", async () => {
    const { send, second } = await furnish("P20000005");
    const [loser, giver] = [await second(["read:accounts"]), await second()];
    let ending: Promise<{ status: number }> | undefined;
    await server.db.sql.transaction().execute(async (tx) => {
      await tx.selectFrom("clients").select("id").where("id", "=", loser.client.id).forUpdate().execute();
      ending = send("DELETE", `clients/${loser.client.id}`);
      await lockedBehind(server, tx);
      expect((await send("POST", "clients", {}, giver.token)).status).toBe(201);
    });
    expect((await ending)?.status).toBe(200);
  });

  it("is one of two that lose a secret, a scope or a grant at the same moment", { tags: "replicas" }, async () => {
    const ways: ((of: {
      client: { id: string; secrets: { id: string }[] };
      grant: { id: string };
    }) => [string, string, object?])[] = [
      ({ client }) => ["DELETE", `clients/${client.id}/secrets/${client.secrets[0]?.id}`],
      ({ grant }) => ["PATCH", `client-grants/${grant.id}`, { scope: ["admin:accounts"] }],
      ({ grant }) => ["DELETE", `client-grants/${grant.id}`],
      ({ client }) => ["DELETE", `clients/${client.id}`],
    ];
    for (const [number, way] of ways.entries()) {
      const both = await furnish(`P4000000${number}`);
      const other = await both.second();
      const first = { client: both.self, grant: both.grant };
      // A third client ends both. It covers them, but without a secret it is no administrator once they are gone.
      const third = await both.second();
      const { body } = await both.send("GET", `clients/${third.client.id}`);
      await both.send("DELETE", `clients/${third.client.id}/secrets/${body.secrets[0].id}`);
      const answers = await Promise.all(
        [first, other].map((of) => {
          const [method, rest, change] = way(of);
          return both.send(method, rest, change, third.token);
        }),
      );
      const statuses = answers.map(({ status }) => status).toSorted((one, two) => one - two);
      expect(statuses, String(number)).toEqual([200, 409]);
    }
  });
});

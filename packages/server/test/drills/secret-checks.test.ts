// @module-tag nightly: counts the work of each check.

import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { world } from "@tillkeeper/stage/world";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createClient } from "../../src/access/auth/clients.ts";
import { hashChosen } from "../../src/access/auth/secrets/chosen-secrets.ts";
import { newSecret } from "../../src/access/auth/secrets/secrets.ts";

const aid = "T12345678";
const audience = `https://api.dintero.com/v1/accounts/${aid}`;
const chosen = "chosen-by-a-person";

describe("checking a secret", async () => {
  // Each test names the address of its requests.
  const { server, tenant } = await world({ own: { config: { trustedProxies: ["127.0.0.0/8"] } }, aid });
  beforeAll(() => chosenClient("chosen"));
  afterEach(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });

  const getToken = (clientId: string, secret: string, from = "192.0.2.100") =>
    server.call("POST", `/v1/accounts/${aid}/auth/token`, {
      headers: { authorization: basic(clientId, secret), "x-forwarded-for": from },
      body: { grant_type: "client_credentials", audience },
    });

  /** Creates a client of the account with a secret that a person chose. */
  async function chosenClient(clientId: string): Promise<void> {
    const secret = await hashChosen(chosen);
    const client = { accountId: aid, clientId, name: clientId, secret, scopes: ["read:accounts"] as const };
    await server.db.sql.transaction().execute((tx) => createClient(tx, server.clock, client));
  }

  /** Records what a check does: its calls of the platform's cryptography, and its statements. */
  async function watched() {
    const work: string[] = [];
    for (const name of ["createHash", "createHmac", "scrypt", "scryptSync"] as const) {
      const real = crypto[name] as (...args: unknown[]) => unknown;
      vi.spyOn(crypto, name).mockImplementation((...args: unknown[]) => {
        work.push(name);
        return real(...args) as never;
      });
    }
    syncBuiltinESMExports();
    // Imported again, so that it uses the spies.
    vi.resetModules();
    const { isValidClientSecret } = await import("../../src/access/auth/check-secret.ts");
    const sql = server.db.sql.withPlugin({
      transformQuery: ({ node }) => {
        work.push(node.kind);
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    return async (clientId: string, secret: string, accountId = aid) => {
      work.length = 0;
      const known = await isValidClientSecret(
        { ...server.db, sql },
        { accountId, clientId, secret, from: "192.0.2.1" },
      );
      return { known, work: [...work] };
    };
  }

  it("is the same work for a right secret, a wrong one, a client without secrets, one of another account, and none", async () => {
    await server.account("T87654321");
    await server.db.sql.transaction().execute(async (tx) => {
      const bare = { accountId: aid, clientId: "bare", name: "Bare", secret: newSecret(), scopes: [] };
      await createClient(tx, server.clock, bare);
      await tx.deleteFrom("client_secrets").where("client_id", "=", "bare").execute();
    });
    const check = await watched();
    const work = ["createHash", "SelectQueryNode"];
    expect(await check(tenant.clientId, tenant.secret)).toEqual({ known: true, work });
    for (const secret of [newSecret(), "short", "", "sha256$x", "scrypt$1$1$1$x$x", "x".repeat(255)]) {
      for (const clientId of [tenant.clientId, "bare", "client-of-T87654321", "nobody", ""])
        expect(await check(clientId, secret), `${clientId}: ${secret}`).toEqual({ known: false, work });
      expect(await check(tenant.clientId, tenant.secret, "T00000000")).toEqual({ known: false, work });
    }
  });

  it("is slow for a chosen secret alone, and for the right one only once", async () => {
    const check = await watched();
    const slow = ["createHash", "SelectQueryNode", "createHmac", "scrypt"];
    expect(await check("chosen", "wrong")).toEqual({ known: false, work: slow });
    expect(await check("chosen", chosen)).toEqual({ known: true, work: slow });
    expect(await check("chosen", chosen)).toEqual({ known: true, work: slow.slice(0, -1) });
    expect(await check("chosen", "wrong")).toEqual({ known: false, work: slow });
  });

  it("finds one of many secrets by one statement, also after hundreds that were revoked", async () => {
    const { client_id: clientId, id } = (
      await server.call("POST", `/v1/accounts/${aid}/auth/clients`, { ...tenant, body: {} })
    ).body;
    for (let round = 0; round < 40; round += 1) {
      const at = `/v1/accounts/${aid}/auth/clients/${id}/secrets`;
      const { body } = await server.call("POST", at, tenant);
      await server.call("DELETE", `${at}/${body.id}`, tenant);
    }
    const { body: last } = await server.call("POST", `/v1/accounts/${aid}/auth/clients/${id}/secrets`, tenant);
    const check = await watched();
    expect(await check(clientId, last.client_secret)).toEqual({ known: true, work: ["createHash", "SelectQueryNode"] });
  });

  it("takes no digest for the secret, nor the digest of another client's", async () => {
    const other = await server.account(aid, { clientId: "other" });
    const { secret_hash: stored } = await server.db.sql
      .selectFrom("client_secrets")
      .select("secret_hash")
      .where("client_id", "=", other.clientId)
      .executeTakeFirstOrThrow();
    expect((await getToken(other.clientId, stored)).status).toBe(401);
    await server.db.sql
      .updateTable("client_secrets")
      .set({ secret_hash: stored })
      .where("client_id", "=", tenant.clientId)
      .execute();
    expect((await getToken(tenant.clientId, other.secret)).status).toBe(401);
  });

  describe.each(["running", "just restarted"])("while strangers flood a server that is %s", (state) => {
    const strangers = Array.from({ length: 6 }, (_, number) => `198.51.100.${number + 1}`);
    /** Enough requests at once to use up each stranger's share. */
    const flood = (clientId: string) =>
      strangers.flatMap((from) => Array.from({ length: 30 }, () => getToken(clientId, newSecret(), from)));

    it("gives a client with a chosen secret its turn, and says to the strangers when theirs are used up", async () => {
      if (state === "just restarted") await server.restart();
      // The process, which outlives the server here, caches secrets that matched.
      const clientId = `chosen-while-${state.replace(" ", "-")}`;
      await chosenClient(clientId);
      const flooding = flood(clientId);
      const fresh = await server.account(aid, { clientId: `fresh-while-${state.replace(" ", "-")}` });
      const served = await Promise.all([getToken(clientId, chosen), getToken(fresh.clientId, fresh.secret)]);
      expect(served.map(({ status }) => status)).toEqual([200, 200]);
      const answers = await Promise.all(flooding);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
      for (const answer of answers.filter(({ status }) => status === 429)) {
        expect(answer).toMatchObject({ body: { error: { code: "too_many_requests" } } });
        expect(answer.headers.get("retry-after")).toBe("2");
      }
    });

    it("holds nobody up at clients with made secrets, and at unknown ones", async () => {
      if (state === "just restarted") await server.restart();
      const fresh = await server.account(aid, { clientId: `fresh-beside-${state.replace(" ", "-")}` });
      const answers = await Promise.all([...flood(fresh.clientId), ...flood("nobody")]);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      expect((await getToken(fresh.clientId, fresh.secret, strangers[0])).status).toBe(200);
    });
  });
});

import { basic } from "@tillkeeper/stage/accounts/tokens";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { filesOf } from "@tillkeeper/stage/postgres/database";
import { send } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { ownServer } from "@tillkeeper/stage/world";
import { describe, expect, inject, it } from "vitest";
import { startServer } from "../src/main.ts";
import { createLogger } from "../src/platform/log/log.ts";

describe("the client of a sandbox", async () => {
  const maker = await ownServer();
  const dataDir = folderOfTests("test-sandbox");

  const start = (sandboxClient: { id: string; secret: string } | undefined, sandboxAccountId?: string) =>
    startServer({
      config: {
        ...testConfig,
        audienceHosts: [...testConfig.audienceHosts],
        dataDir,
        keyFile: inject("keyFile"),
        databaseUrl: maker.database.url,
        files: filesOf(maker.database.url),
        sandboxClient,
        sandboxAccountId,
      },
      log: createLogger("silent"),
      sandbox: true,
    });

  /** Statuses of token requests with these secrets, at a sandbox started with the first of them. */
  async function answersTo(...secrets: [string, ...string[]]): Promise<number[]> {
    const server = await start({ id: "ci", secret: secrets[0] });
    try {
      const accountId = server.sandbox?.account_id;
      const ask = (secret: string) =>
        send(server.httpUrl, "POST", `/v1/accounts/${accountId}/auth/token`, {
          headers: { authorization: basic("ci", secret) },
          body: { grant_type: "client_credentials", audience: `${server.httpUrl}/v1/accounts/${accountId}` },
        });
      expect(server.sandbox).toMatchObject({ client_id: "ci", client_secret: secrets[0] });
      const statuses: number[] = [];
      for (const secret of secrets) statuses.push((await ask(secret)).status);
      return statuses;
    } finally {
      await server.stop();
    }
  }

  // Fixtures hold terminal ids, so those must not be new with each data folder.
  it("is one of the account that was asked for, whose terminals have the ids that follow from that", async () => {
    const opened = async (accountId?: string) => {
      const server = await start({ id: "fixture", secret: "0123456789abcdef" }, accountId);
      await server.stop();
      return server.sandbox;
    };
    const any = await opened();
    const asked = await opened("T10000001");
    expect(any?.account_id).not.toBe("T10000001");
    expect(asked).toMatchObject({ account_id: "T10000001", client_id: "fixture" });
    expect(asked?.terminalIds).toEqual([1, 2, 3, 4, 5].map((number) => `T10000001-T000${number}`));
    // Without the setting it goes on where it was.
    expect(await opened()).toEqual(expect.objectContaining({ account_id: "T10000001" }));
    expect(await opened(any?.account_id)).toMatchObject({ account_id: any?.account_id, terminalIds: any?.terminalIds });
  });

  it("is another one after it was deleted, and a fixed one is asked for anew", async () => {
    const deleted = (id: string) =>
      maker.db.sql.updateTable("clients").set({ revoked_at: new Date() }).where("client_id", "=", id).execute();
    const first = await start(undefined);
    await first.stop();
    await deleted(first.sandbox?.client_id ?? "");
    const second = await start(undefined);
    try {
      const { account_id, client_id = "", client_secret = "" } = second.sandbox ?? {};
      expect(client_id).not.toBe(first.sandbox?.client_id);
      const audience = `${second.httpUrl}/v1/accounts/${account_id}`;
      const { status } = await send(second.httpUrl, "POST", `/v1/accounts/${account_id}/auth/token`, {
        headers: { authorization: basic(client_id, client_secret) },
        body: { grant_type: "client_credentials", audience },
      });
      expect(status).toBe(200);
    } finally {
      await second.stop();
    }
    const fixed = { id: "gone", secret: "the-secret-of-gone" };
    await (await start(fixed)).stop();
    await deleted(fixed.id);
    await expect(start(fixed)).rejects.toThrow("name another one in TILLKEEPER_SANDBOX_CLIENT_ID");
  });

  it("that is fixed has the secret of its setting, and only that, also when the setting changes", async () => {
    expect(await answersTo("the-first-secret-of-ci", "another-secret-of-ci")).toEqual([200, 401]);
    expect(await answersTo("the-first-secret-of-ci")).toEqual([200]);
    expect(await answersTo("the-second-secret-of-ci", "the-first-secret-of-ci")).toEqual([200, 401]);
    // It has the length and characters of a generated secret, but is a chosen one.
    const long = `${"ci-".repeat(14)}A`;
    expect(await answersTo(long, "the-second-secret-of-ci")).toEqual([200, 401]);
    expect(await answersTo(long)).toEqual([200]);
    const stored = await maker.db.sql
      .selectFrom("client_secrets")
      .select(["secret_hash", "last_four", "revoked_at"])
      .where("client_id", "=", "ci")
      .orderBy("created_at")
      .execute();
    expect(stored.every(({ secret_hash, last_four }) => secret_hash.startsWith("scrypt$") && last_four === null)).toBe(
      true,
    );
    expect(stored.map(({ revoked_at }) => revoked_at === null)).toEqual([false, false, true]);
  });
});

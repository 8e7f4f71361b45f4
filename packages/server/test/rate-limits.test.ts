import { basic } from "@tillkeeper/stage/accounts/tokens";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { readConfig } from "../src/config/config.ts";
import { createRateLimit, networkOf } from "../src/platform/http/limits/rate-limit.ts";

describe("a rate limit", () => {
  it("lets two seconds' worth through at once, then as many per second as it says", () => {
    let now = 1_000;
    const limit = createRateLimit(30, () => now);
    const through = () => {
      let count = 0;
      while (limit.take("a") === 0) count += 1;
      return count;
    };
    expect(through()).toBe(60);
    expect(limit.take("b")).toBe(0);
    now += 1_000;
    expect(through()).toBe(30);
    now += 500;
    expect(through()).toBe(15);
    now += 60_000;
    expect(through()).toBe(60);
  });

  it("says how long to wait, in whole seconds", () => {
    const limit = createRateLimit(1, () => 0);
    expect([limit.take("a"), limit.take("a"), limit.take("a")]).toEqual([0, 0, 1]);
  });

  it("takes a turn back that should not count", () => {
    const limit = createRateLimit(1, () => 0);
    limit.giveBack("a");
    expect([limit.take("a"), limit.take("a"), limit.take("a")]).toEqual([0, 0, 1]);
    limit.giveBack("a");
    expect([limit.take("a"), limit.take("a")]).toEqual([0, 1]);
  });

  it("takes a subscriber's IPv6 network as one address", () => {
    expect(networkOf("192.0.2.1")).toBe("192.0.2.1");
    expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2");
    expect(networkOf("2001:db8::9")).toBe("2001:db8:0:0");
    expect(networkOf("::1")).toBe("0:0:0:0");
  });
});

describe("the settings", () => {
  it("hold nobody back on loopback, and a hundred requests per second and client elsewhere", () => {
    const limitOf = (env: Record<string, string>) => readConfig(env).rateLimit?.perClient;
    for (const host of ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
      expect(limitOf({ TILLKEEPER_HTTP_HOST: host }), host).toBeUndefined();
    expect(limitOf({})).toBeUndefined();
    expect(limitOf({ TILLKEEPER_HTTP_HOST: "0.0.0.0" })).toBe(100);
    expect(limitOf({ TILLKEEPER_HTTP_HOST: "0.0.0.0", TILLKEEPER_RATE_LIMIT: "0" })).toBeUndefined();
    expect(limitOf({ TILLKEEPER_RATE_LIMIT: "250" })).toBe(250);
    for (const text of ["-1", "1.5", "many"])
      expect(() => limitOf({ TILLKEEPER_RATE_LIMIT: text }), text).toThrow("TILLKEEPER_RATE_LIMIT");
  });

  it("name the proxies whose word counts", () => {
    const read = (text: string) => readConfig({ TILLKEEPER_TRUSTED_PROXIES: text }).trustedProxies;
    expect(readConfig({}).trustedProxies).toEqual([]);
    expect(read("10.0.0.0/8, ::1,192.0.2.7")).toEqual(["10.0.0.0/8", "::1", "192.0.2.7"]);
    for (const text of ["proxy.example", "10.0.0.0/33", "10.0.0.0/8/8", "::1/129", "10.0.0.0/", "true"])
      expect(() => read(text), text).toThrow("TILLKEEPER_TRUSTED_PROXIES");
  });

  it("refuse a short bootstrap token without repeating it", () => {
    const read = (token: string) => () => readConfig({ TILLKEEPER_BOOTSTRAP_TOKEN: token });
    expect(read("x".repeat(31))).toThrow(/^(?!.*xxxx)[^]*TILLKEEPER_BOOTSTRAP_TOKEN/);
    expect(read(`${"x".repeat(40)} y`)).toThrow("TILLKEEPER_BOOTSTRAP_TOKEN");
    expect(read("x".repeat(32))().bootstrapToken).toBe("x".repeat(32));
  });
});

describe("a server with rate limits", async () => {
  const { server, tenant, aid } = await world({ own: { config: { rateLimit: { perClient: 2, perAddress: 5 } } } });

  const statuses = (answers: { status: number }[]) =>
    answers.map((answer) => answer.status).toSorted((left, right) => left - right);

  it("holds a client back that asks too often, in the documented shape, and nobody else", {
    tags: "replicas",
  }, async () => {
    const other = await server.account("T87654321");
    const list = (who: Tenant) => server.call("GET", `/v1/accounts/${who.aid}/stores`, { token: who.token });
    const answers = await Promise.all(Array.from({ length: 40 }, () => list(tenant)));
    expect(statuses(answers).slice(0, 4)).toEqual([200, 200, 200, 200]);
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused.length).toBeGreaterThan(5);
    for (const answer of refused) {
      expect(answer.headers.get("retry-after")).toBe("1");
      expect(answer.body).toMatchObject({ error: { code: "too_many_requests", errors: [] } });
    }
    expect((await list(other)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await list(tenant)).status).toBe(200);
  });

  it("holds an address back that asks for too many tokens, right ones or wrong ones", async () => {
    const ask = (secret: string) =>
      server.call("POST", `/v1/accounts/${aid}/auth/token`, {
        headers: { authorization: basic(tenant.clientId, secret) },
        body: { grant_type: "client_credentials", audience: `${server.url}/v1/accounts/${aid}` },
      });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => ask(n % 2 ? tenant.secret : "wrong")));
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused.length).toBeGreaterThan(10);
    for (const answer of refused) {
      expect(answer.headers.get("retry-after")).toMatch(/^[1-9]$/);
      expect(answer.body).toMatchObject({ error: { code: "too_many_requests" } });
    }
    expect((await server.call("GET", "/.well-known/jwks.json")).status).toBe(200);
  });

  it("holds a network back that shows forged tokens, but not the clients it has seen there, nor other networks", async () => {
    const config = { rateLimit: { perClient: 1_000, perAddress: 5 }, trustedProxies: ["127.0.0.0/8"] };
    // A server that issues tokens without a limit.
    const giver = await startTestServer();
    const behind = await startTestServer({ config, database: giver.database });
    try {
      const who = await giver.account(aid);
      const unseen = (await giver.account("T87654321")).token;
      const list = (token: string, from: string, account = aid) =>
        behind.call("GET", `/v1/accounts/${account}/stores`, { token, headers: { "x-forwarded-for": from } });
      expect((await list(who.token, "192.0.2.1")).status).toBe(200);
      const forged = (n: number) => `${who.token.slice(0, -8)}${String(n).padStart(8, "A")}`;
      const answers = await Promise.all(Array.from({ length: 300 }, (_, n) => list(forged(n), "192.0.2.1")));
      const count = (status: number) => answers.filter((answer) => answer.status === status).length;
      expect(count(401)).toBeGreaterThanOrEqual(10);
      expect(count(429)).toBeGreaterThan(0);
      expect(count(401) + count(429)).toBe(300);
      for (const answer of answers.filter(({ status }) => status === 429)) {
        expect(answer.body).toMatchObject({ error: { code: "too_many_requests" } });
        expect(answer.headers.get("retry-after")).toMatch(/^[1-9]$/);
      }
      expect((await list(who.token, "192.0.2.1")).status).toBe(200);
      expect((await list(unseen, "192.0.2.2", "T87654321")).status).toBe(200);
      // Valid tokens do not count, however many a network sends.
      const tokens = await Promise.all(
        Array.from({ length: 30 }, (_, n) => giver.account("T87654323", { clientId: `till-${n}` })),
      );
      for (const { token } of tokens) expect((await list(token, "192.0.2.3", "T87654323")).status).toBe(200);
    } finally {
      await behind.stop();
      await giver.stop();
    }
  });

  it("counts who stands behind a trusted proxy one by one, and believes nobody else", async () => {
    const config = { rateLimit: { perClient: 100, perAddress: 5, devicesPerAddress: 5 } };
    const behind = await startTestServer({ config: { ...config, trustedProxies: ["127.0.0.0/8"] } });
    const open = await startTestServer({ config });
    const nonces = async (at: TestServer) => {
      const ask = (n: number) =>
        at.call("POST", "/v1/device/nonce", { headers: { "x-forwarded-for": `192.0.2.${n + 1}` } });
      return statuses(await Promise.all(Array.from({ length: 80 }, (_, n) => ask(n))));
    };
    try {
      expect(new Set(await nonces(behind))).toEqual(new Set([200]));
      expect((await nonces(open)).filter((status) => status === 429).length).toBeGreaterThan(10);
    } finally {
      await Promise.all([behind.stop(), open.stop()]);
    }
  });

  it("is not what a server without the setting is", async () => {
    const free = await startTestServer({ database: server.database });
    try {
      const path = `/v1/accounts/${aid}/stores`;
      const answers = await Promise.all(
        Array.from({ length: 60 }, () => free.call("GET", path, { token: tenant.token })),
      );
      expect(new Set(answers.map((answer) => answer.status))).not.toContain(429);
    } finally {
      await free.stop();
    }
  });
});

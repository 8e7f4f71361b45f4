import { connect, createServer, type Server } from "node:net";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { filesOf } from "@tillkeeper/stage/postgres/database";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { testConfig } from "@tillkeeper/stage/servers/topology";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { startServer } from "../src/main.ts";
import { createLogger } from "../src/platform/log/log.ts";

const log = createLogger("silent");

function configOf(databaseUrl: string, name: string) {
  return {
    ...testConfig,
    audienceHosts: [...testConfig.audienceHosts],
    dataDir: folderOfTests(name),
    keyFile: inject("keyFile"),
    databaseUrl,
    files: filesOf(databaseUrl),
  };
}

async function health(url: string, path: string) {
  const answer = await fetch(`${url}/health/${path}`, { headers: { connection: "close" } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** Opens a port that leads to the socket of a database. */
async function gate(port: number, socket: string): Promise<Server> {
  const server = createServer((caller) => {
    const onward = connect(socket);
    caller.pipe(onward).pipe(caller);
    for (const [one, other] of [
      [caller, onward],
      [onward, caller],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

describe("under an orchestrator", () => {
  it("a server that is told to stop is not ready at once, and answers until its time is over", async () => {
    const shared = await startTestServer();
    onTestFinished(() => shared.stop());
    const server = await startServer({ config: { ...configOf(shared.database.url, "drained"), drainSeconds: 2 }, log });
    expect(await health(server.httpUrl, "startup")).toEqual({ status: 200, body: { status: "started" } });
    expect(await health(server.httpUrl, "ready")).toMatchObject({ status: 200, body: { status: "ready" } });
    const began = performance.now();
    const stopped = server.stop();
    const ready = await health(server.httpUrl, "ready");
    expect(ready).toMatchObject({ status: 503, body: { status: "not_ready", database: "up", stopping: true } });
    expect(ready.body).not.toHaveProperty("degraded");
    expect((await health(server.httpUrl, "live")).status).toBe(200);
    const [tenant, still] = [await shared.account(), await fetch(`${server.httpUrl}/v1/admin/terminals/operations`)];
    expect(tenant.token).toBeDefined();
    expect(still.status).toBe(401);
    await stopped;
    expect(performance.now() - began).toBeGreaterThanOrEqual(2_000);
    await expect(fetch(`${server.httpUrl}/health/live`)).rejects.toThrow();
  });

  it("a start waits for its database as long as its patience lasts", async () => {
    const shared = await startTestServer();
    onTestFinished(() => shared.stop());
    const own = new URL(shared.database.url);
    const port = await freePort();
    const through = new URL(own);
    through.hostname = "127.0.0.1";
    through.port = String(port);
    through.search = "";
    const config = configOf(through.href, "patient");
    await expect(startServer({ config, log })).rejects.toThrow(/DATABASE_URL.*cannot be reached/);
    const starting = startServer({ config: { ...config, startPatienceSeconds: 300 }, log });
    const open = await gate(port, `${own.searchParams.get("host")}/.s.PGSQL.${own.port}`);
    const server = await starting;
    expect((await health(server.httpUrl, "ready")).status).toBe(200);
    await server.stop();
    await new Promise((resolve) => open.close(resolve));
  });

  it("a start does not wait for a database that refuses it", async () => {
    const shared = await startTestServer();
    onTestFinished(() => shared.stop());
    const missing = new URL(shared.database.url);
    missing.pathname = "/there_is_no_such_database";
    const config = { ...configOf(missing.href, "refused"), startPatienceSeconds: 300 };
    await expect(startServer({ config, log })).rejects.toThrow(/DATABASE_URL/);
  });
});

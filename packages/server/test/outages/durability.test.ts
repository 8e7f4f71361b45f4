import { chmodSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { registerDevice } from "@tillkeeper/stage/devices/device";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { type Serving, serve } from "@tillkeeper/stage/servers/serving";
import { send, type Tenant } from "@tillkeeper/stage/servers/test-server";
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { readSystemCalls, straceTo } from "../support/system-calls.ts";

const bootstrapToken = "bootstrap-token-of-the-tests-0000";
const requests = 10;

/**
 * Reads the system calls of a server and its database. Returns for each `201` whether the write-ahead log was written
 * and then synced to the disk, after the request and before the answer.
 */
function syncedBeforeAnswer(trace: string): boolean[] {
  const calls = readSystemCalls(trace);
  const asked = calls.filter((call) => call.name === "read" && /<TCP.*"POST \/v1\//.test(call.arguments));
  const answered = calls.filter((call) => call.name.startsWith("write") && call.arguments.includes('"HTTP/1.1 201 '));
  expect(answered).toHaveLength(asked.length);
  const isOnLog = (call: { arguments: string }) => call.arguments.includes("/pg_wal/");
  return asked.map((request, index) => {
    const answer = answered[index];
    if (!answer || answer.began < request.ended) throw new Error("an answer before its request");
    const written = calls.filter((call) => call.name === "pwrite64" && isOnLog(call) && call.began > request.ended);
    return calls.some(
      (call) =>
        call.name === "fdatasync" &&
        isOnLog(call) &&
        call.ended < answer.began &&
        written.some((write) => write.ended < call.began),
    );
  });
}

describe("a 201", () => {
  const folder = folderOfTests("durability");
  let server: Serving;
  let tenant: Tenant;
  const terminalIds: string[] = [];

  const call = (method: string, path: string, request: Parameters<typeof send>[3] = {}) =>
    // oxlint-disable-next-line typescript/no-explicit-any -- answers of every shape
    send<any>(server.url, method, path, request);

  beforeAll(async () => {
    // A server that root starts runs its database as another user, who needs to enter this folder.
    chmodSync(folder, 0o755);
    server = await serve({ folder, env: { TILLKEEPER_BOOTSTRAP_TOKEN: bootstrapToken, TMPDIR: tmpdir() } });
    const made = await call("POST", "/v1/accounts", { token: bootstrapToken, body: { name: "Shop" } });
    const { account_id: aid, client } = made.body;
    const { client_id: clientId, client_secret: secret } = client;
    tenant = { aid, clientId, secret, token: await getToken(aid, clientId, secret) };
    for (let number = 0; number < 2 * requests; number += 1) {
      const device = await registerDevice(
        { call, mqttUrl: server.mqttUrl },
        tenant,
        `38000000${String(number).padStart(4, "0")}`,
      );
      await device.hello();
      await device.next("welcome");
      await device.leave();
      terminalIds.push(device.terminalId);
    }
    await server.stop();
  });

  async function getToken(aid: string, clientId: string, secret: string): Promise<string> {
    const audience = `https://api.dintero.com/v1/accounts/${aid}`;
    const headers = { authorization: basic(clientId, secret) };
    const body = { grant_type: "client_credentials", audience };
    return (await call("POST", `/v1/accounts/${aid}/auth/token`, { headers, body })).body.access_token;
  }

  /** Runs one statement in the server's own database, as its superuser. */
  async function inDatabase(text: string): Promise<Record<string, unknown>[]> {
    const cluster = join(server.data, "postgres");
    const host = readFileSync(join(cluster, "postmaster.pid"), "utf8").split("\n")[4];
    const password = readFileSync(join(cluster, "tillkeeper.password"), "utf8").trim();
    const client = new pg.Client({ host: host as string, user: "tillkeeper", password, database: "tillkeeper" });
    await client.connect();
    const { rows } = await client.query(text);
    await client.end();
    return rows;
  }

  /** Creates ten stores and ten operations in turn. Returns for each 201 whether the log was on the disk. */
  async function ask(name: string): Promise<boolean[]> {
    const trace = join(folder, `${name}.strace`);
    await server.start(straceTo(trace));
    for (let number = 0; number < requests; number += 1) {
      const store = await call("POST", `/v1/accounts/${tenant.aid}/stores`, {
        token: tenant.token,
        body: { store_id: `${name}-${number}` },
      });
      expect(store.status).toBe(201);
      const body = { terminal_id: terminalIds.pop(), operation: "check_update" };
      const sent = await call("POST", "/v1/admin/terminals/operations", { token: tenant.token, body });
      expect(sent.status).toBe(201);
    }
    await server.stop();
    return syncedBeforeAnswer(trace);
  }

  it("follows a write-ahead log that is on the disk, with the settings as they come", async () => {
    await server.start();
    for (const name of ["fsync", "synchronous_commit", "full_page_writes"]) {
      expect(await inDatabase(`show ${name}`)).toEqual([{ [name]: "on" }]);
    }
    await server.stop();
    const onDisk = await ask("on");
    expect(onDisk).toHaveLength(2 * requests);
    expect(onDisk).not.toContain(false);
  });

  it("does not, where synchronous_commit is off: what says so above can also say no", async () => {
    await server.start();
    await inDatabase("alter database tillkeeper set synchronous_commit = off");
    await server.stop();
    const onDisk = await ask("off");
    expect(onDisk).toHaveLength(2 * requests);
    // PostgreSQL still writes the log at intervals, which may coincide with a request by chance.
    expect(onDisk.filter((was) => was).length).toBeLessThan(requests);
  });
});

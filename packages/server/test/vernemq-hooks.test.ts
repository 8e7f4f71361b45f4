import { fileURLToPath } from "node:url";
import { Program } from "@tillkeeper/stage/processes/program";
import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IssuedCredential } from "./support/hostile.ts";

const secret = "a-broker-secret-of-the-tests-0000000000";
const program = fileURLToPath(new URL("../../../deploy/brokers/vernemq/hooks.mjs", import.meta.url));
const ok = { result: "ok" };
const refused = { result: { error: "not_allowed" } };

/** Requests as VerneMQ would send them; VerneMQ itself is not here. */
describe("deploy/brokers/vernemq/hooks.mjs", async () => {
  const mqtt = { port: { number: 0, configured: true }, outsideUrl: undefined, brokerSecret: secret };
  const { server, tenant } = await world({ own: { config: { mqtt } } });
  let hooks: Program;
  let credential: IssuedCredential;
  let url = "";

  beforeAll(async () => {
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
    const body = { device_serial_number: "630000000002", store_id: "S312" };
    const terminals = `/v1/accounts/${tenant.aid}/terminals`;
    const { terminal_id } = (await server.call("POST", terminals, { ...tenant, body })).body;
    credential = (await server.call("POST", `${terminals}/${terminal_id}/credentials`, tenant)).body;
    const env = { TILLKEEPER_URL: server.url, TILLKEEPER_BROKER_SECRET: secret, PORT: "0" };
    hooks = new Program([process.execPath, program], { env, stdio: ["ignore", "pipe", "inherit"] });
    const [port] = await hooks.prints(/\d+$/m);
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    await hooks?.end("SIGTERM");
  });

  async function ask(hook: string, question: unknown) {
    const headers = { "content-type": "application/json", "vernemq-hook": hook };
    const body = typeof question === "string" ? question : JSON.stringify(question);
    return (await fetch(url, { method: "POST", headers, body })).json();
  }

  it.each(["", "_m5"])("lets in whose credential holds, and by its own client id alone (hooks%s)", async (end) => {
    const { username, password } = credential;
    const login = { peer_addr: "127.0.0.1", username, password, mountpoint: "", client_id: username };
    expect(await ask(`auth_on_register${end}`, login)).toEqual(ok);
    expect(await ask(`auth_on_register${end}`, { ...login, password: "wrong" })).toEqual(refused);
    expect(await ask(`auth_on_register${end}`, { ...login, client_id: "other" })).toEqual(refused);
    expect(await ask(`auth_on_register${end}`, { ...login, username: null, password: null })).toEqual(refused);
  });

  it.each(["", "_m5"])("lets a device say and hear what is its own (hooks%s)", async (end) => {
    const { username } = credential;
    const [own, foreign] = [`tillkeeper/v1/${username}`, `tillkeeper/v1/${tenant.aid}-T0001-D1`];
    const says = (topic: string) => ask(`auth_on_publish${end}`, { username, client_id: username, qos: 1, topic });
    const hears = (...topics: string[]) =>
      ask(`auth_on_subscribe${end}`, { username, topics: topics.map((topic) => ({ topic, qos: 1 })) });
    expect(await says(`${own}/hello`)).toEqual(ok);
    expect(await says(`${own}/command`)).toEqual(refused);
    expect(await says(`${foreign}/hello`)).toEqual(refused);
    expect(await hears(`${own}/#`)).toEqual(ok);
    expect(await hears(`${own}/#`, `${foreign}/#`)).toEqual(refused);
    expect(await hears("#")).toEqual(refused);
  });

  it("refuses what it does not understand, and goes on", async () => {
    expect(await ask("on_deliver", { username: credential.username })).toEqual(refused);
    expect(await ask("auth_on_publish", "no JSON")).toEqual(refused);
    expect(await ask("auth_on_subscribe", { username: credential.username })).toEqual(refused);
    const topics = [{ topic: `tillkeeper/v1/${credential.username}/#`, qos: 1 }];
    expect(await ask("auth_on_subscribe", { username: credential.username, topics })).toEqual(ok);
  });
});

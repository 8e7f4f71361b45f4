import { topic } from "@tillkeeper/contract/mqtt/topics";
import { brokerKinds } from "@tillkeeper/stage/brokers/brokers";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { connectAsync } from "mqtt";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { PresentDevice, watcher } from "../support/presence.ts";

/** Registers a terminal and issues its credential, with its login for the broker. */
async function credentialOf(server: TestServer, tenant: Tenant, serial: string) {
  const terminals = `/v1/accounts/${tenant.aid}/terminals`;
  const body = { device_serial_number: serial, store_id: "S312" };
  await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  const { terminal_id } = (await server.call("POST", terminals, { ...tenant, body })).body;
  return (await server.call("POST", `${terminals}/${terminal_id}/credentials`, tenant)).body;
}

describe.each(["mosquitto", "rabbitmq"] as const)("a terminal that floods %s", (kind) => {
  it("is sent away, and those of other tenants are heard on", async () => {
    const broker = await brokerKinds[kind]();
    onTestFinished(() => broker.stop());
    const port = await freePort();
    const http = { host: "127.0.0.1", port: { number: port, configured: true } };
    // RabbitMQ asks the server about each connection, so the server has to start first. The other brokers have to
    // start before the server.
    const asks = kind === "rabbitmq";
    if (!asks) await broker.start("");
    const server = await startTestServer({ config: { mqtt: broker.mqtt, http } });
    onTestFinished(() => server.stop());
    if (asks) await broker.start(server.url);
    const [one, other] = [await server.account(), await server.account()];
    const link = async () => (await server.call("GET", "/health/ready")).body.broker;
    await vi.waitUntil(async () => (await link()) === "up", { interval: 100 });

    const good = await credentialOf(server, one, "GOOD-1");
    const url = new URL(broker.ownUrl);
    const at = { url: `mqtt://${url.host}`, clientId: good.client_id as string };
    const device = await PresentDevice.connect(server, { address: good.address, password: good.password }, at);
    onTestFinished(() => device.leave());
    await device.greet();

    const bad = await credentialOf(server, other, "BAD-1");
    const { username, password, client_id: clientId } = bad;
    const flooding = await connectAsync(at.url, { username, password, clientId, reconnectPeriod: 0 }, false);
    onTestFinished(() => flooding.endAsync(true));
    flooding.on("error", () => undefined);
    const sent_at = new Date().toISOString();
    const hello = JSON.stringify({ protocol: 1, agent: "x", sent_at, session: "x", operations: [] });
    const say = () => {
      for (let count = 0; count < 100; count += 1) flooding.publish(topic(bad.address, "hello"), hello, { qos: 0 });
      return !flooding.connected;
    };
    await vi.waitUntil(say, { interval: 5 });

    const see = watcher(server, one);
    const before = (await see.presence(good.terminal_id)).last_heard_at ?? "";
    const heard = async () => {
      await device.beat();
      return ((await see.presence(good.terminal_id)).last_heard_at ?? "") > before;
    };
    await vi.waitUntil(heard, { interval: 500 });
    expect(device.client.connected).toBe(true);
    expect(await see.changes(good.terminal_id)).toEqual(["online connected"]);
  });
});

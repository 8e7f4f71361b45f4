import { Agent } from "@tillkeeper/agent/agent";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import { type Mosquitto, startMosquitto } from "@tillkeeper/stage/brokers/mosquitto";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PresentDevice, register, watcher } from "../support/presence.ts";

describe("presence over an outside broker, at two servers", () => {
  let mosquitto: Mosquitto;
  let server: TestServer;
  let other: TestServer;
  let tenant: Tenant;
  let see: ReturnType<typeof watcher>;
  let agents: Agent[] = [];
  beforeAll(async () => {
    mosquitto = await startMosquitto();
    const config = { mqtt: { port: { number: 0, configured: true }, outsideUrl: mosquitto.url } };
    server = await startTestServer({ config });
    other = await startTestServer({ config, database: server.database });
    tenant = await server.account();
    see = watcher(server, tenant);
  });
  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await other.stop();
    await server.stop();
    await mosquitto.stop();
  });

  const startAgent = async (serial: string) => {
    const { terminalId, address, password } = await register(server, tenant, serial);
    const agent = new Agent({
      agentName: "outside/1",
      credential: { url: mosquitto.url, address, password },
      handlers: {},
      journal: memoryJournal(undefined),
      telemetry: () => ({ printer: "ok" }),
    });
    agents.push(agent);
    agent.start();
    await see.until(terminalId, "online");
    return { agent, id: terminalId };
  };

  it("knows who is there, how they are, who is lost and who was shut down", async () => {
    const { agent, id } = await startAgent("6400001");
    await vi.waitUntil(async () => (await see.telemetry(id)).telemetry.printer?.value === "ok");
    expect(await see.probe(id)).toMatchObject({ reachable: true });
    await agent.stop();
    await see.until(id, "shut_down");
    const { agent: killed, id: lost } = await startAgent("6400002");
    await killed.kill();
    await see.until(lost, "late");
    expect(await see.probe(lost)).toMatchObject({ reachable: false });
    expect(await see.changes(lost)).toEqual(["online connected", "late link_lost"]);
  });

  it("says of probes that nobody answers whether there is a connection", async () => {
    const device = await PresentDevice.connect(server, await register(server, tenant, "6400003"));
    await device.greet();
    expect(await see.probe(device.terminalId)).toMatchObject({ reachable: false, reason: "no_answer" });
    await device.say("goodbye", { session: device.session });
    await see.until(device.terminalId, "shut_down");
    expect(await see.probe(device.terminalId)).toMatchObject({ reachable: false, reason: "not_connected" });
    await device.leave();
  });

  it("hears nothing of a terminal that is deleted, and does not answer it", async () => {
    const device = await PresentDevice.connect(server, await register(server, tenant, "6400007"));
    const id = device.terminalId;
    const away = new Promise<void>((resolve) => device.client.once("close", () => resolve()));
    await server.call("DELETE", `/v1/accounts/${tenant.aid}/terminals/${id}`, tenant);
    await away;
    // This broker accepts every connection.
    const stray = await PresentDevice.connect(server, { address: device.address, password: "over" });
    const hello = {
      protocol: 1,
      agent: "stray/1",
      sent_at: new Date().toISOString(),
      session: "stray",
      operations: [],
    };
    await stray.say("hello", hello);
    await stray.say("heartbeat", { session: "stray", sent_at: new Date().toISOString() });
    await stray.say("hello", {});
    await stray.next("rejection");
    const present = await PresentDevice.connect(server, await register(server, tenant, "6400008"));
    await present.greet();
    expect(stray.received.map(({ channel }) => channel)).toEqual(["rejection"]);
    const noted = server.db.sql.selectFrom("terminal_presence").select("status").where("terminal_id", "=", id);
    expect(await noted.execute()).toEqual([]);
    for (const each of [stray, present]) await each.leave();
  });

  it("holds an outage of the broker against nobody", async () => {
    const { id } = await startAgent("6400006");
    const path = `/v1/accounts/${tenant.aid}/terminals/${id}/presence`;
    await mosquitto.kill();
    await vi.waitUntil(async () => (await server.call("GET", "/health/ready")).body.broker === "down");
    await vi.waitUntil(async () => (await other.call("GET", "/health/ready")).body.broker === "down");
    // Simulates an outage of ten minutes.
    await server.db.pool.query("update presence_watch set seen_at = seen_at - interval '10 minutes'");
    for (const one of [server, other]) one.clock.advance(600_000);
    expect((await see.get(path)).status).toBe("online");
    const back = server.clock.now();
    await mosquitto.start();
    const query = server.db.sql.selectFrom("terminal_presence").select("connected_at").where("terminal_id", "=", id);
    const cameBack = async () => (await query.executeTakeFirstOrThrow()).connected_at >= back;
    await vi.waitUntil(cameBack, { interval: 50 });
    expect((await see.get(path)).status).toBe("online");
    expect(await see.changes(id)).toEqual(["online connected"]);
    // Until a server has stored that it listens again, the actions of the next tests would count as part of the
    // outage.
    const listens = "select from presence_watch where seen_at > clock_timestamp() - interval '1 minute'";
    await vi.waitUntil(async () => (await server.db.pool.query(listens)).rowCount === 1);
  });

  it("closes the day of a terminal that is deleted only if it is there", async () => {
    const remove = async (id: string) => {
      await server.call("DELETE", `/v1/accounts/${tenant.aid}/terminals/${id}`, { token: tenant.token });
      return (await see.get(`/v1/admin/terminals/operations?terminal_id=${id}`)).length;
    };
    const absent = await PresentDevice.connect(server, await register(server, tenant, "6400004"));
    await absent.greet();
    await absent.say("goodbye", { session: absent.session });
    await see.until(absent.terminalId, "shut_down");
    await absent.leave();
    const present = await PresentDevice.connect(server, await register(server, tenant, "6400005"));
    await present.greet();
    // The status ACTIVE allows an end_of_day on both terminals.
    for (const { terminalId } of [absent, present]) {
      await server.db.pool.query(
        "update terminals set status = 'ACTIVE', status_reason = null where terminal_id = $1",
        [terminalId],
      );
    }
    expect(await remove(absent.terminalId)).toBe(0);
    expect(await remove(present.terminalId)).toBe(1);
    await present.leave();
  });
});

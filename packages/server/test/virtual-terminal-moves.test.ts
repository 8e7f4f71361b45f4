import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { VirtualTerminalSpec } from "../src/gateway/virtual-terminals.ts";
import { connectMqtt, Device } from "./support/device.ts";
import { startTestServer, type Tenant, type TestServer } from "./support/test-server.ts";

const base = "/v1/admin/terminals/operations";

/** Its journal is in the data folder of the server that runs it: docs/adr/0014-pairing-and-device-tokens.md. */
describe("a virtual terminal that is started again while it closes the day", () => {
  let database: TestServer;
  let tenant: Tenant;
  beforeAll(async () => {
    database = await startTestServer();
    tenant = await database.account("T69400001");
    await database.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  });
  afterAll(() => database.stop());

  /** A server that runs virtual terminals, which the test plays by hand. */
  async function startHost() {
    const started: VirtualTerminalSpec[] = [];
    const virtualTerminalHost = { start: (spec: VirtualTerminalSpec) => void started.push(spec), stop: () => {} };
    const server = await startTestServer({ database: database.database, virtualTerminalHost });
    const play = async (terminalId: string, after: number) => {
      const mine = () => started.filter((spec) => spec.terminalId === terminalId)[after];
      const spec = await vi.waitUntil(mine, { timeout: 20_000, interval: 20 });
      const device = new Device(terminalId, await connectMqtt(server, terminalId, spec.password));
      onTestFinished(() => device.leave());
      await device.client.subscribeAsync(`tillkeeper/v1/${terminalId}/+`, { qos: 1 });
      await device.hello();
      await device.next("welcome");
      return device;
    };
    return { server, play };
  }
  const closeDay = async (server: TestServer, terminal_id: string): Promise<{ id: string }> =>
    (await server.call("POST", base, { ...tenant, body: { terminal_id, operation: "end_of_day" } })).body;
  async function register(server: TestServer, number: string): Promise<string> {
    const body = { device_serial_number: `SIMULATED-${tenant.aid}-${number}`, store_id: "S312" };
    return (await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body })).body.terminal_id;
  }

  it("is asked about it at the same server, which has its journal, and not at another", async () => {
    const first = await startHost();
    const id = await register(first.server, "001");
    const device = await first.play(id, 0);
    const operation = await closeDay(first.server, id);
    await device.next("command");
    await first.server.restart();
    const again = await first.play(id, 1);
    const inquiry = await again.next("inquiry");
    expect(inquiry).toMatchObject({ operation_id: operation.id });
    await again.hello([], inquiry);
    expect(await again.next("command")).toMatchObject({ operation_id: operation.id });
    await first.server.stop();

    const second = await startHost();
    const other = await second.play(id, 0);
    for (const attempt of [1, 2, 3, 4, 5, 6]) await other.hello([], { operation_id: operation.id, attempt });
    await other.next("welcome", 6);
    second.server.clock.advance(300_000);
    const get = async () => (await second.server.call("GET", `${base}/${operation.id}`, tenant)).body;
    await expect.poll(get).toMatchObject({ status: "TIMEOUT", reason: "no_answer" });
    const next = await closeDay(second.server, id);
    expect(await other.next("command")).toMatchObject({ operation_id: next.id });
    expect(other.received.some(({ channel }) => channel === "inquiry")).toBe(false);
    await second.server.stop();
  });
});

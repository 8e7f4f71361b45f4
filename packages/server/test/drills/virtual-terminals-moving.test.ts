import { createTestDatabase, type TestDatabase } from "@tillkeeper/stage/postgres/database";
import { startTestServer, type Tenant, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { VirtualTerminalSpec } from "../../src/virtual-terminals/virtual-terminals.ts";
import { closedDay } from "../support/day.ts";
import { PresentDevice } from "../support/presence.ts";

const operations = "/v1/admin/terminals/operations";
const aid = "T71000001";
/** Milliseconds; longer than a server may be silent before another one takes its virtual terminals over. */
const leaseIsOver = 31_000;
const windowMs = 60_000;

/** Runs no virtual terminals: the test connects in their place. */
class Host {
  readonly specs: VirtualTerminalSpec[] = [];
  readonly stopped: string[] = [];

  start(spec: VirtualTerminalSpec) {
    this.specs.push(spec);
  }

  stop(terminalId: string) {
    this.stopped.push(terminalId);
  }

  /** The last spec, once so many were given. */
  told(times = 1): Promise<VirtualTerminalSpec> {
    const latest = () => (this.specs.length < times ? undefined : this.specs.at(-1));
    return vi.waitUntil(latest);
  }
}

/** A device with an empty journal. */
async function connect(server: TestServer, spec: VirtualTerminalSpec): Promise<PresentDevice> {
  const device = await PresentDevice.connect(server, spec);
  await device.greet();
  return device;
}

/** docs/adr/0025-device-addresses.md: at another server a virtual terminal is another device. */
describe("a virtual terminal that moves to another server", () => {
  const hosts = { first: new Host(), second: new Host() };
  let database: TestDatabase;
  let first: TestServer;
  let second: TestServer | undefined;
  let tenant: Tenant;
  let terminalId: string;
  beforeEach(async () => {
    Object.assign(hosts, { first: new Host(), second: new Host() });
    database = await createTestDatabase();
    first = await startTestServer({ database, virtualTerminalHost: hosts.first });
    tenant = await first.account(aid);
    await first.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S1" } });
    const body = { device_serial_number: `SIMULATED-${aid}-001`, store_id: "S1" };
    terminalId = (await first.call("POST", `/v1/accounts/${aid}/terminals`, { ...tenant, body })).body.terminal_id;
  });
  afterEach(async () => {
    await second?.stop();
    second = undefined;
    await database.drop();
  });

  const startSecond = async () => (second = await startTestServer({ database, virtualTerminalHost: hosts.second }));

  async function send(operation: string, at = first): Promise<string> {
    const body = { terminal_id: terminalId, operation, timeout: windowMs / 1000 };
    return (await at.call("POST", operations, { ...tenant, body })).body.id;
  }

  /** Says hello a few more times, as a device on a bad link does; then lets the operation's window end. */
  async function isNotSent(server: TestServer, device: PresentDevice, id: string, reason: string): Promise<void> {
    for (let times = 0; times < 3; times += 1) await device.greet();
    server.clock.advance(windowMs);
    const now = async () => (await server.call("GET", `${operations}/${id}`, tenant)).body;
    await expect.poll(now).toMatchObject({ status: "TIMEOUT", reason });
    expect(device.received.filter(({ channel }) => channel === "command")).toEqual([]);
  }

  it("is not sent the end_of_day there that it may have begun here", async () => {
    const spec = await hosts.first.told();
    const device = await connect(first, spec);
    const id = await send("end_of_day");
    expect(await device.next("command")).toMatchObject({ operation_id: id });
    await device.leave();
    await first.stop();

    const server = await startSecond();
    const moved = await hosts.second.told();
    expect(moved.address).not.toBe(spec.address);
    const elsewhere = await connect(server, moved);
    await isNotSent(server, elsewhere, id, "no_answer");
    await elsewhere.leave();
  });

  it("nor when the first server still runs and was only silent for too long", async () => {
    const device = await connect(first, await hosts.first.told());
    const id = await send("end_of_day");
    expect(await device.next("command")).toMatchObject({ operation_id: id });

    const server = await startSecond();
    expect(hosts.second.specs).toEqual([]);
    server.clock.advance(leaseIsOver);
    const moved = await connect(server, await hosts.second.told());
    await vi.waitUntil(() => hosts.first.stopped.includes(terminalId));
    await isNotSent(server, moved, id, "no_answer");
    await moved.leave();
    await first.stop();
  });

  it("nor one that nobody was sent before, but what may be done twice", async () => {
    await hosts.first.told();
    const id = await send("end_of_day");
    await first.stop();
    const server = await startSecond();
    const moved = await connect(server, await hosts.second.told());
    await isNotSent(server, moved, id, "unreachable");
    const menu = await send("open_menu", server);
    expect(await moved.next("command")).toMatchObject({ operation_id: menu });
    await moved.leave();
  });

  it("is told its last close, wherever it was made", async () => {
    const spec = await hosts.first.told();
    expect(spec.lastClose).toBeUndefined();
    const device = await connect(first, spec);
    const id = await send("end_of_day");
    await device.next("command");
    await device.say("result", closedDay(id, "000041"));
    await device.next("receipt");
    await device.leave();
    await first.stop();
    await startSecond();
    expect((await hosts.second.told()).lastClose).toMatchObject({ outcome: "accepted", batch_id: "000041" });
  });

  it("is sent it again when its own server is only started again: its memory is still there", async () => {
    const spec = await hosts.first.told();
    const device = await connect(first, spec);
    const id = await send("end_of_day");
    await device.next("command");
    await device.leave();
    await first.restart();
    const again = await hosts.first.told(2);
    expect(again.address).toBe(spec.address);
    const back = await connect(first, again);
    expect(await back.next("command")).toMatchObject({ operation_id: id, operation: "end_of_day" });
    await back.leave();
    await first.stop();
  });
});

describe("a virtual terminal that no server runs yet", () => {
  it("is sent the end_of_day that was accepted before: it has its address from its registration", async () => {
    const database = await createTestDatabase();
    const alone = await startTestServer({ database });
    const tenant = await alone.account(aid);
    await alone.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S1" } });
    const call = async (path: string, body: object) => (await alone.call("POST", path, { ...tenant, body })).body;
    const registered = { device_serial_number: `SIMULATED-${aid}-001`, store_id: "S1" };
    const { terminal_id } = await call(`/v1/accounts/${aid}/terminals`, registered);
    const { id } = await call(operations, { terminal_id, operation: "end_of_day", timeout: 60 });
    const host = new Host();
    const server = await startTestServer({ database, virtualTerminalHost: host });
    const device = await connect(server, await host.told());
    await device.greet();
    expect(await device.next("command")).toMatchObject({ operation_id: id, previous_close: null });
    await device.leave();
    await server.stop();
    await alone.stop();
    await database.drop();
  });
});

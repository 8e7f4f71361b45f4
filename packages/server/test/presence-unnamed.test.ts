import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { PresentDevice, type Registered, register, watcher } from "./support/presence.ts";
import { startTestServer, type Tenant, type TestServer } from "./support/test-server.ts";

describe("an agent that names no connection", () => {
  const aid = "T68000001";
  let server: TestServer;
  let tenant: Tenant;
  let see: ReturnType<typeof watcher>;
  let devices: PresentDevice[] = [];
  let serial = 0;
  beforeAll(async () => {
    server = await startTestServer();
    tenant = await server.account(aid);
    see = watcher(server, tenant);
  });
  afterEach(async () => {
    await Promise.all(devices.map((device) => device.leave()));
    devices = [];
  });
  afterAll(() => server.stop());

  const connect = async (registered: Registered) => {
    const device = await PresentDevice.connect(server, registered);
    devices.push(device);
    await device.hello();
    await see.until(registered.terminalId, "online");
    return device;
  };
  const there = async () => connect(await register(server, tenant, `6800${(serial += 1)}`));

  it("is there while it has one", async () => {
    const device = await there();
    const id = device.terminalId;
    // It says nothing any more: its connection speaks for it.
    for (let round = 0; round < 3; round += 1) {
      const { last_heard_at: before = "" } = await see.presence(id);
      server.clock.advance(20_000);
      const heard = async () => (await see.presence(id)).last_heard_at ?? "";
      await vi.waitUntil(async () => (await heard()) >= new Date(Date.parse(before) + 20_000).toISOString(), {
        timeout: 15_000,
      });
      expect((await see.presence(id)).status).toBe("online");
    }
    device.cut();
    await see.until(id, "late");
    expect(await see.changes(id)).toEqual(["online connected", "late link_lost"]);
  });

  it("is not there for ever by a connection that ended while no server was there to see it", async () => {
    const [lost, back] = [await there(), await there()].map(({ terminalId }) => terminalId) as [string, string];
    // Neither names its connection. Both lose it, and one comes back.
    await server.restart();
    const query = server.db.sql.selectFrom("terminal_presence").select("status").where("terminal_id", "=", lost);
    expect(await query.execute()).toEqual([{ status: "online" }]);
    const credential = (
      await server.call("POST", `/v1/accounts/${aid}/terminals/${back}/credentials`, { token: tenant.token })
    ).body;
    await connect({ terminalId: back, ...credential });
    server.clock.advance(20_000);
    expect((await see.presence(lost)).status).toBe("online");
    server.clock.advance(41_000);
    const missed = async () =>
      expect(await see.changes(lost)).toEqual(["online connected", "late silent", "offline silent"]);
    await vi.waitFor(missed);
    await vi.waitUntil(async () => (await see.presence(back)).status === "online");
  });
});

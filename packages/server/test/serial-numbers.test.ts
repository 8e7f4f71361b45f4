import { newNonce, PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";

describe("serial numbers", async () => {
  const { server } = await world();
  const live: Tenant[] = [];
  const sandboxes: Tenant[] = [];
  beforeAll(async () => {
    for (const aid of ["P70000001", "P70000002"]) live.push(await server.account(aid));
    for (const aid of ["T70000001", "T70000002", "T70000003"]) sandboxes.push(await server.account(aid));
    for (const { aid, token } of [...live, ...sandboxes])
      await server.call("POST", `/v1/accounts/${aid}/stores`, { token, body: { store_id: "S312" } });
  });

  const register = (tenant: Tenant | undefined, serial: string) =>
    server.call("POST", `/v1/accounts/${tenant?.aid}/terminals`, {
      token: tenant?.token,
      body: { device_serial_number: serial, store_id: "S312" },
    });
  const taken = { status: 409, body: { error: { code: "serial_number_taken" } } };
  const renewBySerial = async (device: PairingDevice, named = device.serial) => {
    const proof = await device.sign(server, "renewal", { nonce: await newNonce(server), sub: named });
    return server.call("POST", "/v1/device/token", { body: { device_serial_number: named, proof } });
  };

  it("are taken once over all live accounts, in whatever case, without a word about by whom", async () => {
    expect((await register(live[0], "Abc-1")).status).toBe(201);
    for (const serial of ["Abc-1", "ABC-1", "abc-1"])
      for (const tenant of live) {
        const refused = await register(tenant, serial);
        expect(refused).toMatchObject(taken);
        expect(JSON.stringify(refused.body)).not.toContain("P70000001");
      }
    const { body } = await register(live[1], "OTHER-1");
    const swap = await server.call("POST", `/v1/accounts/${live[1]?.aid}/terminals/${body.terminal_id}/device`, {
      token: live[1]?.token,
      body: { device_serial_number: "aBC-1" },
    });
    expect(swap).toMatchObject(taken);
  });

  it("of one device are given once, when two live accounts want it at the same moment", async () => {
    for (let round = 0; round < 5; round += 1) {
      const both = await Promise.all([register(live[0], `RACE-${round}`), register(live[1], `race-${round}`)]);
      expect(both.map(({ status }) => status).toSorted((one, two) => one - two)).toEqual([201, 409]);
    }
  });

  it("are taken by a sandbox account for itself alone", async () => {
    expect((await register(sandboxes[0], "LIVE-SERIAL-1")).status).toBe(201);
    expect(await register(sandboxes[0], "live-serial-1")).toMatchObject(taken);
    expect((await register(sandboxes[1], "live-serial-1")).status).toBe(201);
    expect((await register(live[0], "Live-Serial-1")).status).toBe(201);
  });

  it("find their terminals in whatever case", async () => {
    const { body } = await register(live[0], "Find-Me-1");
    const list = await server.call(
      "GET",
      `/v1/accounts/${live[0]?.aid}/terminals?device_serial_number=FIND-me-1`,
      live[0],
    );
    expect(list.body.terminals.map((terminal: { terminal_id: string }) => terminal.terminal_id)).toEqual([
      body.terminal_id,
    ]);
    expect(list.body.terminals[0].device_serial_number).toBe("Find-Me-1");
    const device = await PairingDevice.make("FIND-ME-1");
    const paired = await device.pair(server, body.pairing.code);
    expect(paired).toMatchObject({ status: 200, body: { terminal_id: body.terminal_id } });
    expect((await renewBySerial(device, "find-me-1")).body.terminal_id).toBe(body.terminal_id);
  });

  it("that several accounts have pair where the code says, and ask for tokens by their own key", async () => {
    const everyone = [...sandboxes, live[0] as Tenant];
    const serial = "TWIN-1";
    const registered = [];
    for (const tenant of everyone) registered.push(await registerForPairing(server, tenant, serial));
    const devices = [];
    // From the last to the first, so that the order has no influence.
    for (const { terminal_id, pairing } of registered.toReversed()) {
      const device = await PairingDevice.make(serial);
      expect(await device.pair(server, pairing.code)).toMatchObject({ status: 200, body: { terminal_id } });
      devices.push({ device, terminal_id });
    }
    for (const { device, terminal_id } of devices) {
      expect(await renewBySerial(device)).toMatchObject({ status: 200, body: { terminal_id } });
    }
    const stranger = await PairingDevice.make(serial);
    expect((await renewBySerial(stranger)).status).toBe(401);
    expect((await stranger.pair(server, registered[0].pairing.code)).status).toBe(401);
  });

  it("that several accounts have do not cost one of them a try when another one's device pairs", async () => {
    const serial = "TWIN-2";
    const [mine, theirs] = [sandboxes[0] as Tenant, sandboxes[1] as Tenant];
    const first = await registerForPairing(server, mine, serial);
    const second = await registerForPairing(server, theirs, serial);
    const triesOf = async ({ aid, token }: Tenant, terminalId: string) => {
      const { body } = await server.call("GET", `/v1/accounts/${aid}/terminals/${terminalId}/pairing-codes`, { token });
      return body.map((code: { status: string; failed_attempts: number }) => [code.status, code.failed_attempts]);
    };
    await (await PairingDevice.make(serial)).pair(server, second.pairing.code);
    expect(await triesOf(mine, first.terminal_id)).toEqual([["open", 0]]);
    expect(await triesOf(theirs, second.terminal_id)).toEqual([["used", 0]]);
    // A code of none of them counts as a wrong try at each open code.
    expect((await (await PairingDevice.make(serial)).pair(server, "0000-0000")).status).toBe(401);
    expect(await triesOf(mine, first.terminal_id)).toEqual([["open", 1]]);
  });
});

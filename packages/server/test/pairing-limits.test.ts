import { PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { describe, expect, it } from "vitest";

describe("devices that come too often", () => {
  it("are told to wait, by address", async () => {
    const server = await startTestServer({
      config: { rateLimit: { perClient: 100, perAddress: 5, devicesPerAddress: 5 } },
    });
    try {
      const answers = await Promise.all(Array.from({ length: 30 }, () => server.call("POST", "/v1/device/nonce")));
      const refused = answers.filter((answer) => answer.status === 429);
      expect(refused.length).toBeGreaterThan(5);
      for (const answer of refused) expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    } finally {
      await server.stop();
    }
  });

  it("get sixty tokens a minute, of which a stranger takes none", async () => {
    const server = await startTestServer();
    try {
      const { terminal_id: id, pairing } = await registerForPairing(server, await server.account(), "TOO-OFTEN");
      const device = await PairingDevice.make("TOO-OFTEN");
      await device.pair(server, pairing.code);
      const stranger = await PairingDevice.make("TOO-OFTEN");
      const statusesOf = async (who: PairingDevice, times: number) =>
        (await Promise.all(Array.from({ length: times }, () => who.renew(server, id)))).map(({ status }) => status);
      expect(new Set(await statusesOf(stranger, 10))).toEqual(new Set([401]));
      const statuses = await statusesOf(device, 64);
      expect(statuses.filter((status) => status === 200)).toHaveLength(60);
      expect(statuses.filter((status) => status === 429)).toHaveLength(4);
    } finally {
      await server.stop();
    }
  });
});

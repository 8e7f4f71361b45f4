import { Agent } from "@tillkeeper/terminal/agent";
import { DeviceCredential } from "@tillkeeper/terminal/device-credential";
import { makeDeviceKeys } from "@tillkeeper/terminal/device-keys";
import { memoryJournal } from "@tillkeeper/terminal/journal";
import { pairDevice } from "@tillkeeper/terminal/pairing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { nats } from "../support/nats.ts";
import { registerForPairing } from "../support/pairing-device.ts";
import { watcher } from "../support/presence.ts";
import { startTestServer, type Tenant, type TestServer } from "../support/test-server.ts";

describe("a broker that ends connections with the token", () => {
  let broker: Awaited<ReturnType<typeof nats>>;
  let server: TestServer;
  let tenant: Tenant;
  beforeAll(async () => {
    broker = await nats();
    await broker.start("");
    server = await startTestServer({ config: { mqtt: broker.mqtt, deviceTokenSeconds: 10 } });
    tenant = await server.account("T66000001");
  });
  afterAll(async () => {
    await server.stop();
    await broker.stop();
  });

  it("makes nobody late who renews it", async () => {
    const see = watcher(server, tenant);
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, "OUTDATED-1");
    const keys = makeDeviceKeys();
    const first = await pairDevice({ server: server.url, keys, serialNumber: "OUTDATED-1", code: pairing.code });
    const kept = await DeviceCredential.open({ server: server.url, keys, terminalId: id, first });
    const agent = new Agent({
      terminalId: id,
      agentName: "outdated/1",
      credential: kept.credential,
      handlers: {},
      journal: memoryJournal(undefined),
    });
    try {
      agent.start();
      const query = server.db.sql.selectFrom("terminal_presence").select("session").where("terminal_id", "=", id);
      const sessions = new Set<string>();
      const connections = async () => {
        const session = (await query.executeTakeFirst())?.session;
        if (session) sessions.add(session);
        return sessions.size;
      };
      // The second and the third only after the first token has run out.
      await vi.waitUntil(async () => (await connections()) === 3, { interval: 50 });
      expect((await see.presence(id)).status).toBe("online");
      expect(await see.changes(id)).toEqual(["online connected"]);
    } finally {
      await agent.stop();
      kept.stop();
    }
  });
});

import { expect, it, vi } from "vitest";
import { freePort } from "../../support/free-port.ts";
import { RoughLink } from "../../support/rough-link.ts";
import { startTestServer } from "../../support/test-server.ts";
import { pairedDevice, type Scene } from "./device.ts";
import { ready, type Stage } from "./stage.ts";

const lifetimeSeconds = 4;

export function linkCases(scene: Scene): void {
  const { stage } = scene;

  it("renews its token, and comes back by the new one when the link breaks", async (context) => {
    const { links, url, end } = await impatientServer(stage());
    context.onTestFinished(end);
    const device = await pairedDevice(scene, context, { server: url });
    const pairedAt = Date.now();
    // Tokens of three generations are over.
    await vi.waitUntil(() => Date.now() > pairedAt + 3 * lifetimeSeconds * 1000, { timeout: 30_000, interval: 50 });
    const connected = device.agent.count({ event: "connected" });
    for (const link of links) link.break();
    await device.agent.until({ event: "connected" }, { times: connected + 1 });
    await stage().perform(device.id, "check_update");
    await stage().perform(device.id, "open_menu");
    expect(device.agent.count({ event: "locked_out" })).toBe(0);
    expect(await device.agent.stop()).toMatchObject({ code: 0 });
  });
}

/** A further server, whose tokens are over soon. Devices reach it and its broker by links that can be broken. */
async function impatientServer({ server, mqtt }: Stage) {
  const http = { host: "127.0.0.1", port: { number: await freePort(), configured: true } };
  const own = { number: await freePort(), configured: true };
  const brokerPort = mqtt.outsideUrl === undefined ? own.number : Number(new URL(mqtt.outsideUrl).port);
  const links = [await RoughLink.to(http.port.number), await RoughLink.to(brokerPort)] as const;
  const [publicUrl, brokerUrl] = [`http://127.0.0.1:${links[0].port}`, `mqtt://127.0.0.1:${links[1].port}`];
  const impatient = await startTestServer({
    database: server.database,
    config: {
      http,
      mqtt: { ...mqtt, port: own, publicUrl: brokerUrl },
      publicUrl,
      deviceTokenSeconds: lifetimeSeconds,
    },
  });
  await ready(impatient);
  const end = async () => {
    await impatient.stop();
    for (const link of links) await link.stop();
  };
  return { links, url: publicUrl, end };
}

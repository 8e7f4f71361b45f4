import { RoughLink } from "@tillkeeper/stage/links/rough-link";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { expect, it, vi } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { pairedDevice, type Scene, SuiteDevice } from "./device.ts";
import { ready, type Stage } from "./stage.ts";

const lifetimeSeconds = 4;
/** Milliseconds within which an agent must fall back to HTTPS. */
const fallbackWithinMs = 60_000;

/** The cases about broken links and the fallback to HTTPS. */
export function linkCases(scene: Scene): void {
  const { stage } = scene;

  it("renews its token, and comes back by the new one when the link breaks", async (context) => {
    const { links, url, end } = await furtherServer(stage(), { deviceTokenSeconds: lifetimeSeconds });
    context.onTestFinished(end);
    const device = await pairedDevice(scene, context, { server: url });
    const pairedAt = Date.now();
    // By now, tokens of three generations have expired.
    await vi.waitUntil(() => Date.now() > pairedAt + 3 * lifetimeSeconds * 1000, { interval: 50 });
    const connected = device.agent.count({ event: "connected" });
    for (const link of links) link.break();
    await device.agent.until({ event: "connected" }, { times: connected + 1 });
    await stage().perform(device.id, "check_update");
    await stage().perform(device.id, "open_menu");
    expect(device.agent.count({ event: "locked_out" })).toBe(0);
    expect(await device.agent.stop()).toMatchObject({ code: 0 });
  });

  it("goes over HTTPS where MQTT does not get through", async (context) => {
    // No broker listens on this port.
    const { url, end } = await furtherServer(stage(), {}, await freePort());
    context.onTestFinished(end);
    const { code, ...who } = await stage().register();
    const device = new SuiteDevice(scene, context, who, { server: url, transport: "auto" });
    device.start(code);
    await device.agent.until({ event: "connected" }, { timeout: fallbackWithinMs });
    await device.online();
    await stage().perform(who.id, "check_update");
    // `stage()` is the server that the device is not connected to: its operation and its probe have to reach the
    // other server.
    await stage().perform(who.id, "open_menu");
    expect(await stage().see.probe(who.id)).toMatchObject({ reachable: true });
    expect(await device.agent.stop()).toMatchObject({ code: 0 });
  });
}

/**
 * Starts another server on the same broker. Devices reach both through links that a test can break. With
 * `brokerPort`, the link for MQTT leads to that port instead.
 */
export async function furtherServer({ server, mqtt }: Stage, config: Partial<Config>, brokerPort?: number) {
  const http = { host: "127.0.0.1", port: { number: await freePort(), configured: true } };
  const own = { number: await freePort(), configured: true };
  const itsPort = mqtt.outsideUrl === undefined ? own.number : Number(new URL(mqtt.outsideUrl).port);
  const links = [await RoughLink.to(http.port.number), await RoughLink.to(brokerPort ?? itsPort)] as const;
  const [publicUrl, brokerUrl] = [`http://127.0.0.1:${links[0].port}`, `mqtt://127.0.0.1:${links[1].port}`];
  const further = await startTestServer({
    database: server.database,
    config: { http, mqtt: { ...mqtt, port: own, publicUrl: brokerUrl }, publicUrl, ...config },
  });
  await ready(further);
  const end = async () => {
    await further.stop();
    for (const link of links) await link.stop();
  };
  return { links, url: publicUrl, end };
}

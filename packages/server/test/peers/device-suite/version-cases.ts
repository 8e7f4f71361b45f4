import { cp } from "node:fs/promises";
import type { RoughLink } from "@tillkeeper/stage/links/rough-link";
import { expect, it, vi } from "vitest";
import { carrierOf, levelOf } from "./carriers.ts";
import { activeDevice, pairedDevice, type Scene, SuiteDevice } from "./device.ts";
import { furtherServer } from "./link-cases.ts";
import type { Stage } from "./stage.ts";

/**
 * The codes for "not authorized", by protocol level. Mosquitto uses the first one for a user name that it does not
 * know.
 */
const refusals = { 4: [4, 5], 5: [0x86, 0x87] };

/** The cases about the negotiated version of MQTT. */
export function versionCases(scene: Scene): void {
  const { stage } = scene;

  it("speaks the newest MQTT that the broker does, and asks but once", async (context) => {
    const { links, url, end } = await furtherServer(stage(), {});
    context.onTestFinished(end);
    const device = await pairedDevice(scene, context, { server: url });
    const level = levelOf(stage().carrier);
    const { told } = carrierOf(stage().carrier);
    const first = told === undefined && level === 4 ? [5, 4] : [level];
    expect(levelsOf(links[1])).toEqual(first);
    expect(acceptance(links[1])).toEqual({ level, code: 0 });
    const connected = device.agent.count({ event: "connected" });
    links[1].break();
    await device.agent.until({ event: "connected" }, { times: connected + 1 });
    expect(levelsOf(links[1])).toEqual([...first, level]);
    await stage().perform(device.id, "check_update");
    await stage().perform(device.id, "open_menu");
    await stage().perform(device.id, "end_of_day");
  });

  it("is told in the version that it speaks that its credential does not hold, and gets a new one", async (context) => {
    context.skip(carrierOf(stage().carrier).byTokenAlone === true, "a token holds there until its end");
    const { links, url, end } = await furtherServer(stage(), {});
    context.onTestFinished(end);
    const device = await pairedDevice(scene, context, { server: url });
    const level = levelOf(stage().carrier);
    const { body } = await stage().call("POST", stage().terminal(device.id, "/pairing-codes"), {});
    const anew = new SuiteDevice(scene, context, device);
    anew.start(body.code);
    await anew.agent.until({ event: "paired", terminal_id: device.id });
    await device.agent.until({ event: "locked_out" });
    // RabbitMQ may also just close the connection.
    if (carrierOf(stage().carrier).newest === 5) expect(refusals[level]).toContain(acceptance(links[1])?.code);
    await anew.online();
    expect(device.agent.count({ event: "connected" })).toBe(1);
  });
}

/** Two devices with one client id: the broker allows one connection with it. */
export function twinCase(scene: Scene): void {
  const { stage } = scene;

  it("is pushed out by another device that has its identity, and back when that has gone", async (context) => {
    const device = await activeDevice(scene, context);
    await device.agent.stop();
    const folder = stage().folder();
    await cp(device.folder, folder, { recursive: true });
    device.start();
    await device.online();
    const twin = new SuiteDevice(scene, context, device, { state: folder });
    twin.start();
    await twin.agent.until({ event: "connected" });
    await device.agent.until({ event: "disconnected" });
    // None of these brokers gives the reason. With the reason (session taken over) the pause is longer:
    // packages/agent/test/mqtt5.test.ts.
    await device.agent.until({ event: "connected" }, { times: 2 });
    await twin.agent.stop();
    await staysOnline(stage(), device);
    expect(await stage().perform(device.id, "open_menu")).toEqual({ opened: true });
  });
}

const levelsOf = (link: RoughLink) => link.openings.map(({ asked }) => connectOf(asked));

/**
 * Reads the protocol level from a CONNECT: it follows the remaining length, which has one or two bytes, and the
 * protocol's name.
 */
function connectOf(bytes: Buffer): number {
  expect(bytes.readUInt8(0)).toBe(0x10);
  return bytes.readUInt8(bytes.indexOf("MQTT") + 4);
}

/** Returns the broker's answer to the last CONNECT, if there is one. */
function acceptance(link: RoughLink): { level: number; code: number } | undefined {
  const { asked, answered } = link.openings.at(-1) ?? {};
  if (!asked || !answered) return undefined;
  expect(answered.readUInt8(0)).toBe(0x20);
  return { level: connectOf(asked), code: answered.readUInt8(3) };
}

async function staysOnline(stage: Stage, { id, agent }: SuiteDevice): Promise<void> {
  await vi.waitUntil(() => agent.events.findLast(({ event }) => /connected/.test(event))?.event === "connected", {
    timeout: 30_000,
  });
  await stage.see.until(id, "online");
}

import { expect, it, vi } from "vitest";
import { pairedDevice, type Scene } from "./device.ts";

/** The cases about presence: connecting, shutting down and power cuts. */
export function presenceCases(scene: Scene): void {
  const { stage } = scene;

  it("is online, and shut down when it is ended, by its own word", async (context) => {
    const device = await pairedDevice(scene, context);
    await vi.waitUntil(async () => (await stage().see.telemetry(device.id)).telemetry.software_version, {
      timeout: 10_000,
    });
    const ended = device.agent.stop();
    await stage().see.until(device.id, "shut_down");
    // The status changes from online to shut_down directly; a lost link would show `late` first.
    expect((await stage().see.changes(device.id)).slice(-2)).toEqual(["online connected", "shut_down goodbye"]);
    expect(await ended).toMatchObject({ code: 0, stderr: "" });
    device.start();
    await device.online();
  });

  it("is missed when it is killed, and back when it is started again", async (context) => {
    const device = await pairedDevice(scene, context);
    await device.agent.kill();
    await vi.waitUntil(async () => ["late", "offline"].includes((await stage().see.presence(device.id)).status), {
      timeout: 20_000,
      interval: 25,
    });
    expect(await stage().see.probe(device.id)).toMatchObject({ reachable: false });
    device.start();
    await device.online();
    expect(device.agent.count({ event: "paired" })).toBe(0);
    await stage().perform(device.id, "check_update");
  });

  it("answers a probe", async (context) => {
    const device = await pairedDevice(scene, context);
    expect(await stage().see.probe(device.id)).toMatchObject({ reachable: true });
  });
}

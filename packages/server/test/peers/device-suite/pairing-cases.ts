import { expect, it } from "vitest";
import { carrierOf } from "./carriers.ts";
import { operations } from "./desk.ts";
import { activeDevice, pairedDevice, type Scene, SuiteDevice } from "./device.ts";

/** The cases about pairing, and about devices that are replaced. */
export function pairingCases(scene: Scene): void {
  const { stage } = scene;
  /**
   * Whether the broker refuses a replaced device. A broker that checks only the token accepts it until the token
   * ends, without access to the next device's topics.
   */
  const isRefused = () => !carrierOf(stage().carrier).byTokenAlone;

  it("pairs by serial number and code, and is made ACTIVE by check_update", async (context) => {
    const { code, ...who } = await stage().register();
    expect(await stage().statusOf(who.id)).toBe("PENDING");
    const device = new SuiteDevice(scene, context, who);
    device.start(code);
    await device.agent.until({ event: "paired", terminal_id: who.id });
    await device.online();
    expect(await stage().statusOf(who.id)).toBe("ACTION_REQUIRED");
    await stage().perform(who.id, "check_update");
    expect(await stage().statusOf(who.id)).toBe("ACTIVE");
  });

  it("says why it does not pair, and ends", async (context) => {
    const { code, ...who } = await stage().register();
    const device = new SuiteDevice(scene, context, who);
    const { code: exit, signal, stdout, stderr } = await device.start("0000-0000").ended;
    expect({ signal, stdout }).toEqual({ signal: null, stdout: "" });
    expect(exit).toBeGreaterThan(0);
    expect(stderr).toMatch(/pair/i);
    // One message for people, and no stack trace.
    expect(stderr).not.toMatch(/Traceback|^ {4}at /m);
    expect(await stage().statusOf(who.id)).toBe("PENDING");
    // The first attempt failed because of the code only: with the right code the same device pairs.
    device.start(code);
    await device.agent.until({ event: "paired", terminal_id: who.id });
  });

  it("is locked out when other hardware takes its place, which goes on with the history", async (context) => {
    const old = await activeDevice(scene, context);
    const serial = `${old.serial}-NEW`;
    const answer = await stage().call("POST", stage().terminal(old.id, "/device"), { device_serial_number: serial });
    expect(answer.status).toBe(200);
    await old.agent.until({ event: "disconnected" });
    if (isRefused()) await old.agent.until({ event: "locked_out" });

    const fresh = new SuiteDevice(scene, context, { id: old.id, serial });
    fresh.start(answer.body.pairing.code);
    await fresh.agent.until({ event: "paired", terminal_id: old.id });
    await fresh.online();
    await stage().perform(old.id, "check_update");
    await stage().perform(old.id, "open_menu");
    const { body: history } = await stage().call("GET", `${operations}?terminal_id=${old.id}`);
    expect(history.map(({ operation }: { operation: string }) => operation)).toEqual([
      "open_menu",
      "check_update",
      "check_update",
    ]);
    if (isRefused()) expect(old.agent.count({ event: "connected" })).toBe(1);
    expect(old.agent.count({ event: "operation", state: "COMPLETED" })).toBe(1);
  });

  it("is locked out when its terminal is paired anew", async (context) => {
    const former = await pairedDevice(scene, context);
    const { status, body } = await stage().call("POST", stage().terminal(former.id, "/pairing-codes"), {});
    expect(status).toBe(201);
    const anew = new SuiteDevice(scene, context, former);
    anew.start(body.code);
    await anew.agent.until({ event: "paired", terminal_id: former.id });
    await former.agent.until({ event: isRefused() ? "locked_out" : "disconnected" });
    await anew.online();
    await stage().perform(former.id, "check_update");
    expect(former.agent.count({ event: "operation" })).toBe(0);
    // The former keys are refused, also after a restart of the program.
    const { code } = await former.agent.stop();
    expect(code).toBe(0);
    // The program reports that and ends, or waits for a new pairing.
    const again = former.start();
    await Promise.race([again.ended, again.until({ event: "locked_out" })]);
    expect(again.count({ event: "connected" })).toBe(0);
    expect((await again.kill()).stderr).toMatch(again.count({ event: "locked_out" }) > 0 ? /^/ : /pair/i);
  });
}

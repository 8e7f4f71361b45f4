import { randomUUID } from "node:crypto";
import { world } from "@tillkeeper/stage/world";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PresentDevice, type Registered, register, watcher } from "./support/presence.ts";

describe("a probe", async () => {
  /** The other has a broker of its own. */
  const { server, other, tenant, aid } = await world({ own: {}, other: {} });
  const see = watcher(server, tenant);
  let devices: PresentDevice[] = [];
  let serial = 0;
  afterEach(async () => {
    await Promise.all(devices.map((device) => device.leave()));
    devices = [];
  });

  const fresh = () => register(server, tenant, `6200${(serial += 1)}`);
  const connect = async (registered: Registered, at = server) => {
    const device = await PresentDevice.connect(at, registered);
    devices.push(device);
    await device.greet();
    return device;
  };
  const answering = (device: PresentDevice) => {
    device.client.on("message", (name, payload) => {
      if (!name.endsWith("/probe")) return;
      const { probe_id } = JSON.parse(payload.toString());
      void device.say("probe_answer", { probe_id });
    });
    return device;
  };

  it("is answered by a terminal that is there", { tags: "replicas" }, async () => {
    const { terminalId: id } = answering(await connect(await fresh()));
    expect(await see.probe(id)).toEqual({
      reachable: true,
      round_trip_ms: expect.any(Number),
      presence: expect.objectContaining({ terminal_id: id, status: "online" }),
    });
  });

  it("tells that there was no answer, or no connection", async () => {
    const silent = await connect(await fresh());
    const absent = await fresh();
    const gone = await connect(await fresh());
    gone.cut();
    await see.until(gone.terminalId, "late");
    const [a, b, c] = await Promise.all(
      [silent.terminalId, absent.terminalId, gone.terminalId].map((id) => see.probe(id)),
    );
    expect(a).toMatchObject({ reachable: false, reason: "no_answer", presence: { status: "online" } });
    expect(b).toMatchObject({ reachable: false, reason: "not_connected", presence: { status: "never" } });
    expect(c).toMatchObject({ reachable: false, reason: "not_connected", presence: { status: "late" } });
  });

  it("reaches a terminal at another server", async () => {
    const { terminalId: id } = answering(await connect(await fresh(), other));
    expect(await see.probe(id)).toMatchObject({ reachable: true, presence: { status: "online" } });
  });

  it("is one at a time: whoever asks meanwhile shares the outcome", { tags: "replicas" }, async () => {
    const silent = await connect(await fresh());
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => see.probe(silent.terminalId)));
    expect(new Set(outcomes.map(({ reason }) => reason))).toEqual(new Set(["no_answer"]));
    expect(silent.received.filter(({ channel }) => channel === "probe")).toHaveLength(1);
    const lively = answering(await connect(await fresh()));
    const others = await Promise.all(Array.from({ length: 20 }, () => see.probe(lively.terminalId)));
    expect(others.every(({ reachable }) => reachable)).toBe(true);
    expect(lively.received.filter(({ channel }) => channel === "probe")).toHaveLength(1);
  });

  it("can be answered by the terminal that was asked, and by no other", async () => {
    const silent = await connect(await fresh());
    const liar = await connect(await fresh());
    const asked = see.probe(silent.terminalId);
    const { probe_id } = await silent.next("probe");
    await liar.say("probe_answer", { probe_id });
    await liar.say("probe_answer", { probe_id: randomUUID() });
    expect(await asked).toMatchObject({ reachable: false, reason: "no_answer" });
    // A late answer does not count.
    await silent.say("probe_answer", { probe_id });
    await vi.waitUntil(async () => (await see.presence(silent.terminalId)).status === "online");
  });

  it("finds no terminal of another account, and none that is deleted", async () => {
    const { terminalId: id } = await fresh();
    const stranger = await server.account("T62000002");
    const foreign = await server.call("POST", `/v1/accounts/T62000002/terminals/${id}/probe`, {
      token: stranger.token,
    });
    expect(foreign).toMatchObject({ status: 404, body: { error: { code: "terminal_not_found" } } });
    await server.call("DELETE", `/v1/accounts/${aid}/terminals/${id}`, { token: tenant.token });
    const deleted = await server.call("POST", `/v1/accounts/${aid}/terminals/${id}/probe`, { token: tenant.token });
    expect(deleted).toMatchObject({ status: 404, body: { error: { code: "terminal_not_found" } } });
  });
});

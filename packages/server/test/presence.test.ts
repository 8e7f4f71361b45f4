import { topic } from "@tillkeeper/contract/mqtt/topics";
import { world } from "@tillkeeper/stage/world";
import { connectAsync, type IClientOptions } from "mqtt";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PresentDevice, type Registered, register, watcher } from "./support/presence.ts";

type Will = NonNullable<IClientOptions["will"]>;

describe("presence", async () => {
  const { server, tenant, aid } = await world({ own: { config: { tokenLifetimeSeconds: 604_800 } } });
  let devices: PresentDevice[] = [];
  let serial = 0;
  const see = watcher(server, tenant);
  afterEach(async () => {
    await Promise.all(devices.map((device) => device.leave()));
    devices = [];
  });

  const connect = async (registered: Registered, options = {}) => {
    const device = await PresentDevice.connect(server, registered, options);
    devices.push(device);
    return device;
  };
  const fresh = () => register(server, tenant, `6000${(serial += 1)}`);
  const there = async () => {
    const registered = await fresh();
    const device = await connect(registered);
    await device.greet();
    return { registered, device, id: registered.terminalId };
  };
  const seesChanges = (id: string, expected: string[]) =>
    vi.waitFor(async () => expect(await see.changes(id)).toEqual(expected));

  it("is never, then online, late and offline by time alone, and online again with the next heartbeat", {
    tags: "replicas",
  }, async () => {
    const registered = await fresh();
    const id = registered.terminalId;
    expect(await see.presence(id)).toEqual({ terminal_id: id, status: "never", since: expect.any(String) });
    const device = await connect(registered);
    await device.greet();
    const welcome = await device.next("welcome");
    expect(welcome["heartbeat_seconds"]).toBe(30);
    const online = await see.presence(id);
    expect(online).toMatchObject({ status: "online", since: online.last_heard_at });
    expect(Date.parse(online.next_expected_at ?? "") - Date.parse(online.last_heard_at ?? "")).toBe(30_000);
    server.clock.advance(33_000);
    expect((await see.presence(id)).status).toBe("online");
    server.clock.advance(3_000);
    const late = await see.presence(id);
    expect(late).toMatchObject({ status: "late", last_heard_at: online.last_heard_at });
    expect(Date.parse(late.since) - Date.parse(online.since)).toBe(35_000);
    server.clock.advance(25_000);
    expect((await see.presence(id)).status).toBe("offline");
    // A change by time alone is recorded, with the time at which it happened.
    await seesChanges(id, ["online connected", "late silent", "offline silent"]);
    await device.beat({ round_trip_ms: 42 });
    expect(await see.until(id, "online")).toMatchObject({ round_trip_ms: 42 });
    await seesChanges(id, ["online connected", "late silent", "offline silent", "online heard_again"]);
  });

  it("writes late and offline down, each once, as they come", { tags: "replicas" }, async () => {
    const { id } = await there();
    server.clock.advance(36_000);
    await seesChanges(id, ["online connected", "late silent"]);
    server.clock.advance(25_000);
    await seesChanges(id, ["online connected", "late silent", "offline silent"]);
    const { changes } = await see.get(`/v1/accounts/${aid}/terminals/${id}/presence/changes`);
    const [offline, late, online] = changes.map(({ at }: { at: string }) => Date.parse(at));
    expect([late - online, offline - online]).toEqual([35_000, 60_000]);
  });

  it("stays online by any message", async () => {
    const { device, id } = await there();
    server.clock.advance(34_000);
    await device.say("delivered", {
      operation_id: "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
      received_at: new Date().toISOString(),
    });
    const before = (await see.presence(id)).last_heard_at;
    await vi.waitUntil(async () => (await see.presence(id)).last_heard_at !== before);
    server.clock.advance(30_000);
    expect((await see.presence(id)).status).toBe("online");
  });

  it("stays online by messages that are rejected", async () => {
    const { device, id } = await there();
    const telemetry = { software_version: "2.0 beta" };
    server.clock.advance(34_000);
    const before = (await see.presence(id)).last_heard_at;
    await device.say("heartbeat", { session: "a", sent_at: new Date().toISOString(), telemetry });
    expect(await device.next("rejection")).toMatchObject({ errors: [{ path: "/telemetry/software_version" }] });
    await vi.waitUntil(async () => (await see.presence(id)).last_heard_at !== before);
    server.clock.advance(30_000);
    expect((await see.presence(id)).status).toBe("online");
  });

  it("does not stay online by a farewell that is rejected", async () => {
    const { device, id } = await there();
    server.clock.advance(34_000);
    for (const channel of ["goodbye", "gone"] as const) await device.say(channel, { session: "" });
    await device.next("rejection", 1);
    server.clock.advance(3_000);
    expect((await see.presence(id)).status).toBe("late");
  });

  it("is late at once when the link is lost, offline twenty seconds later, and online when it is back", {
    tags: "replicas",
  }, async () => {
    const { device, registered, id } = await there();
    device.cut();
    const late = await see.until(id, "late");
    expect(late).not.toHaveProperty("next_expected_at");
    server.clock.advance(20_000);
    expect((await see.presence(id)).status).toBe("offline");
    await seesChanges(id, ["online connected", "late link_lost", "offline link_lost"]);
    await (await connect(registered)).greet();
    expect((await see.presence(id)).status).toBe("online");
    expect((await see.changes(id)).at(-1)).toBe("online connected");
  });

  it("is shut down within a second of a goodbye, and for as long as it says nothing", async () => {
    const { device, id } = await there();
    await device.say("goodbye", { session: device.session });
    await device.client.endAsync();
    await see.until(id, "shut_down");
    server.clock.advance(86_400_000);
    expect((await see.presence(id)).status).toBe("shut_down");
    expect(await see.changes(id)).toEqual(["online connected", "shut_down goodbye"]);
  });

  it("hears no will of a connection that says DISCONNECT, or that a newer one takes the place of", async () => {
    const { registered, id } = await there();
    const second = await connect(registered);
    await second.greet();
    const third = await connect(registered);
    await third.greet();
    await third.client.endAsync();
    const { device: other, id: otherId } = await there();
    other.cut();
    await see.until(otherId, "late");
    expect((await see.presence(id)).status).toBe("online");
    expect(await see.changes(id)).toEqual(["online connected"]);
  });

  it("makes no history of names of connections", async () => {
    const { device, id } = await there();
    const hello = { protocol: 1, agent: "test 1", sent_at: new Date().toISOString(), operations: [] };
    const names = Array.from({ length: 200 }, (_, number) => `name-${number}`);
    await Promise.all(names.map((session) => device.say("hello", { ...hello, session })));
    const welcomes = () => device.received.filter(({ channel }) => channel === "welcome").length;
    await vi.waitUntil(() => welcomes() === names.length + 1);
    const query = server.db.sql.selectFrom("terminal_presence").select("session").where("terminal_id", "=", id);
    await device.say("goodbye", await query.executeTakeFirstOrThrow());
    await see.until(id, "shut_down");
    expect(await see.changes(id)).toEqual(["online connected", "shut_down goodbye"]);
  });

  it("makes little history of one that comes and goes all the time, and tells how that ended", async () => {
    const { device, id } = await there();
    await device.say("goodbye", { session: device.session });
    const hello = { protocol: 1, agent: "test 1", sent_at: new Date().toISOString(), operations: [] };
    for (let round = 0; round < 60; round += 1) {
      const session = `round-${round}`;
      await device.say("hello", { ...hello, session });
      await device.say("goodbye", { session });
    }
    const welcomes = () => device.received.filter(({ channel }) => channel === "welcome").length;
    await vi.waitUntil(() => welcomes() === 61);
    await see.until(id, "shut_down");
    const ten = Array.from({ length: 5 }, () => ["online connected", "shut_down goodbye"]).flat();
    expect(await see.changes(id)).toEqual(ten);
    const { since } = await see.presence(id);
    const { changes } = await see.get(`/v1/accounts/${aid}/terminals/${id}/presence/changes?limit=1`);
    expect(changes[0].at).toBe(since);
    const { rows } = await server.db.pool.query("select 1 from presence_changes where terminal_id = $1", [id]);
    expect(rows).toHaveLength(10);
    server.clock.advance(60_000);
    await device.say("hello", { ...hello, session: "later" });
    await seesChanges(id, [...ten, "online connected"]);
  });

  it("lets nobody leave any other will", async () => {
    const { device: victim, id: victimId } = await there();
    const registered = await fresh();
    const { address, password } = registered;
    const session = JSON.stringify({ session: victim.session });
    const wills: [string, string, Partial<Will>][] = [
      [topic(victim.address, "gone"), session, {}],
      [topic(address, "result"), session, {}],
      [topic(address, "gone"), JSON.stringify({ session: victim.session, padding: "x".repeat(2_000) }), {}],
      [topic(address, "gone"), session, { qos: 2 }],
      ["anything", session, { retain: true }],
    ];
    for (const [to, payload, more] of wills) {
      const will = { topic: to, payload: Buffer.from(payload), qos: 1, retain: false, ...more } as const;
      const options = {
        username: address,
        password,
        clientId: address,
        reconnectPeriod: 0,
        protocolVersion: 4,
        will,
      } as const;
      const client = await connectAsync(server.mqttUrl, options, false);
      client.stream.destroy();
    }
    const last = await connect(registered);
    await last.greet();
    expect(last.received.filter(({ channel }) => channel === "rejection")).toEqual([]);
    expect((await see.presence(victimId)).status).toBe("online");
    expect(await see.changes(victimId)).toEqual(["online connected"]);
  });

  it("is not changed by what is said of an older connection", { tags: "replicas" }, async () => {
    const { device, registered, id } = await there();
    const newer = await connect(registered, { clientId: `${registered.address}:newer` });
    await newer.greet();
    await device.say("goodbye", { session: device.session });
    await device.beat({ round_trip_ms: 7 });
    device.cut();
    // A later message is handled later.
    await newer.beat({ round_trip_ms: 99 });
    await vi.waitUntil(async () => (await see.presence(id)).round_trip_ms === 99);
    expect(await see.presence(id)).toMatchObject({ status: "online" });
    expect(await see.changes(id)).toEqual(["online connected"]);
  });

  it("holds nothing against terminals that nobody could hear", { tags: "replicas" }, async () => {
    const { id } = await there();
    const { device: lost, id: lostId } = await there();
    lost.cut();
    await see.until(lostId, "late");
    // As if no server had run for ten minutes.
    await server.restart(() => {
      server.clock.advance(600_000);
      void server.db.pool.query("update presence_watch set seen_at = seen_at - interval '10 minutes'");
    });
    expect((await see.presence(id)).status).toBe("online");
    expect((await see.presence(lostId)).status).toBe("late");
    server.clock.advance(15_000);
    expect((await see.presence(id)).status).toBe("online");
    expect((await see.presence(lostId)).status).toBe("late");
    server.clock.advance(46_000);
    expect((await see.presence(id)).status).toBe("offline");
    expect((await see.presence(lostId)).status).toBe("offline");
  });

  it("rejects what it does not understand, naming the place, and goes on", async () => {
    const { device, id } = await there();
    const bad: [string, object, string][] = [
      ["heartbeat", {}, ""],
      ["heartbeat", { session: "a b", sent_at: new Date().toISOString() }, "/session"],
      ["heartbeat", { session: "a", sent_at: "now" }, "/sent_at"],
      ["heartbeat", { session: "a", sent_at: new Date().toISOString(), round_trip_ms: -1 }, "/round_trip_ms"],
      ["heartbeat", { session: "a", sent_at: new Date().toISOString(), fault: { code: "No" } }, "/fault/code"],
      [
        "heartbeat",
        { session: "a", sent_at: new Date().toISOString(), telemetry: { battery: { percent: 101 } } },
        "/telemetry/battery/percent",
      ],
      [
        "heartbeat",
        { session: "a", sent_at: new Date().toISOString(), telemetry: { software_version: "x\0y" } },
        "/telemetry/software_version",
      ],
      ["goodbye", { session: "" }, "/session"],
      ["gone", { session: 7 }, "/session"],
      ["probe_answer", { probe_id: "x" }, "/probe_id"],
    ];
    for (const [index, [channel, message, path]] of bad.entries()) {
      await device.say(channel as "heartbeat", message);
      const rejection = await device.next("rejection", index);
      expect(rejection).toMatchObject({ channel });
      expect((rejection["errors"] as { path: string }[]).map((error) => error.path)).toContain(path);
    }
    expect((await see.presence(id)).status).toBe("online");
    expect((await see.telemetry(id)).telemetry).toEqual({});
  });

  it("makes the terminal ERROR while the device reports a fault, shows it, and what mends it (D11)", {
    tags: "replicas",
  }, async () => {
    const { device, id } = await there();
    await device.beat({ fault: { code: "tamper_detected", message: "Case opened" } });
    await vi.waitUntil(async () => (await see.terminal(id)).status === "ERROR");
    expect((await see.presence(id)).fault).toEqual({
      code: "tamper_detected",
      message: "Case opened",
      at: expect.any(String),
    });
    await device.beat();
    await vi.waitUntil(async () => (await see.presence(id)).fault?.ended_at);
    expect((await see.presence(id)).fault?.code).toBe("tamper_detected");
    expect((await see.terminal(id)).status).toBe("ERROR");
    const sent = await server.call("POST", "/v1/admin/terminals/operations", {
      token: tenant.token,
      body: { terminal_id: id, operation: "check_update" },
    });
    await device.next("command");
    await device.say("result", {
      operation_id: sent.body.id,
      operation: "check_update",
      status: "COMPLETED",
      finished_at: new Date().toISOString(),
      result: { current_version: "1", latest_version: "1", update_available: false, configuration_version: "1" },
    });
    await device.next("receipt");
    expect((await see.terminal(id)).status).toBe("ACTIVE");
  });
});

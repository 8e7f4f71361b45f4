import { connect as connectTcp } from "node:net";
import { activeDevice, connectMqtt, type Device, enterAs } from "@tillkeeper/stage/devices/device";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const base = "/v1/admin/terminals/operations";

describe("a terminal and its credential", async () => {
  const { server, tenant } = await world({ own: {} });
  let a: Device & { password: string };
  let b: Device & { password: string };
  beforeAll(async () => {
    a = await activeDevice(server, tenant, "700000000001");
    b = await activeDevice(server, tenant, "700000000002");
  });
  afterAll(async () => {
    await Promise.all([a.leave(), b.leave()]);
  });
  const openMenu = (device: Device) =>
    server.call("POST", base, { ...tenant, body: { terminal_id: device.terminalId, operation: "open_menu" } });
  const get = async (id: string) => (await server.call("GET", `${base}/${id}`, tenant)).body;

  it("cannot read what is sent to another terminal, by no filter", async () => {
    const spy = await connectMqtt(server, a.address, a.password, `${a.address}:spy`);
    const heard: string[] = [];
    spy.on("message", (topic) => heard.push(topic));
    for (const filter of [
      `tillkeeper/v1/${b.address}/command`,
      `tillkeeper/v1/${b.address}/#`,
      "tillkeeper/v1/+/command",
      "tillkeeper/v1/#",
      "tillkeeper/#",
      "#",
      "+/+/+/+",
      "$SYS/#",
      `$share/x/tillkeeper/v1/${b.address}/command`,
      `tillkeeper/v1/${a.address}`,
      `tillkeeper/v1/${a.terminalId}/command`,
      `tillkeeper/v1/${a.terminalId}-D1/command`,
    ]) {
      const granted = await spy.subscribeAsync(filter, { qos: 1 }).catch(() => []);
      expect(
        granted.every((entry) => entry.qos > 2),
        filter,
      ).toBe(true);
    }
    const sent = await openMenu(b);
    await b.next("command");
    await b.openedMenu(sent.body.id);
    await b.next("receipt");
    expect(heard).toEqual([]);
    await spy.endAsync(true);
  });

  it("cannot answer for another terminal: on its topics the connection ends, on its own the operation is unknown", async () => {
    const sent = await openMenu(b);
    await b.next("command", 1);
    const forged = {
      operation_id: sent.body.id,
      operation: "open_menu",
      status: "FAILED",
      finished_at: new Date().toISOString(),
    };
    for (const channel of ["result", "started", "hello", "command", "receipt", "welcome", "else"]) {
      const forger = await connectMqtt(server, a.address, a.password, `${a.address}:forger`);
      const closed = new Promise<void>((resolve) => forger.once("close", () => resolve()));
      forger.on("error", () => undefined);
      forger.publish(`tillkeeper/v1/${b.address}/${channel}`, JSON.stringify(forged), { qos: 1 });
      await closed;
      await forger.endAsync(true);
    }
    await a.say("result", forged);
    expect(await a.next("receipt")).toMatchObject({ operation_id: sent.body.id, status: "UNKNOWN" });
    await a.say("started", { operation_id: sent.body.id, started_at: new Date().toISOString() });
    expect(await get(sent.body.id)).toMatchObject({ status: "PENDING" });
    await b.openedMenu(sent.body.id);
    await b.next("receipt", 1);
    expect(await get(sent.body.id)).toMatchObject({ status: "COMPLETED", updated_by: b.terminalId });
  });

  it("cannot take another terminal's client id, nor leave a message behind for it as a will", async () => {
    await expect(connectMqtt(server, a.address, a.password, b.address)).rejects.toThrow();
    await expect(connectMqtt(server, a.address, a.password, "anything")).rejects.toThrow();
    expect(b.client.connected).toBe(true);
    const before = b.received.length;
    const will = {
      topic: `tillkeeper/v1/${b.address}/command`,
      payload: Buffer.from("{}"),
      qos: 1 as const,
      retain: true,
    };
    const options = {
      username: a.address,
      password: a.password,
      clientId: `${a.address}:will`,
      will,
      reconnectPeriod: 0,
    };
    const dying = await connectAsync(server.mqttUrl, options, false);
    dying.stream.destroy();
    await dying.endAsync(true);
    const late = await connectMqtt(server, b.address, b.password, `${b.address}:late`);
    const retained: string[] = [];
    late.on("message", (topic) => retained.push(topic));
    await late.subscribeAsync(`tillkeeper/v1/${b.address}/#`, { qos: 1 });
    await b.hello();
    await vi.waitUntil(() => b.received.length > before);
    expect(b.received.slice(before).map((entry) => entry.channel)).toEqual(["welcome"]);
    expect(retained.every((topic) => topic.endsWith("/welcome"))).toBe(true);
    await late.endAsync(true);
  });

  it("is refused with a wrong, foreign, replaced or missing credential, and sent away when it is replaced", async () => {
    for (const [username, password] of [
      [a.address, "wrong"],
      [a.address, b.password],
      [a.terminalId, a.password],
      [`${a.terminalId}-D1`, a.password],
      [`${tenant.aid}-T9999-D1`, a.password],
      ["", ""],
      [tenant.aid, a.password],
      ["' or 1=1 --", "x"],
      [`${a.address}\0`, a.password],
    ] as const) {
      await expect(connectMqtt(server, username, password), username).rejects.toThrow();
    }
    const gone = new Promise<void>((resolve) => a.client.once("close", () => resolve()));
    const path = `/v1/accounts/${tenant.aid}/terminals/${a.terminalId}/credentials`;
    const { address, password } = (await server.call("POST", path, tenant)).body;
    await gone;
    for (const [username, other] of [
      [a.address, a.password],
      [a.address, password],
      [address, a.password],
    ] as const) {
      await expect(connectMqtt(server, username, other), username).rejects.toThrow();
    }
    await (await connectMqtt(server, address, password)).endAsync(true);
  });

  it("stays connected with a replaced credential neither when it connects just then, nor at another server", async () => {
    const path = `/v1/accounts/${tenant.aid}/terminals/${b.terminalId}/credentials`;
    const elsewhere = await startTestServer({ database: server.database });
    let { address, password } = b;
    const old = [await connectMqtt(elsewhere, address, password, `${address}:elsewhere`)];
    for (let round = 0; round < 10; round += 1) {
      const joining = [1, 2, 3].map((number) =>
        connectMqtt(server, address, password, `${address}:${number}`).catch(() => undefined),
      );
      const replaced = server.call("POST", path, tenant);
      old.push(...(await Promise.all(joining)).filter((client) => client !== undefined));
      ({ address, password } = (await replaced).body);
    }
    await vi.waitUntil(() => old.every((client) => !client.connected), { interval: 10 });
    expect(old.length).toBeGreaterThan(1);
    await elsewhere.stop();
    b = await enterAs(server, { address, password });
  });

  it("gets a rejection that names the place for every message that is not understood", async () => {
    const at = new Date().toISOString();
    const id = "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c";
    const bad: [Parameters<Device["say"]>[0], string | object, string][] = [
      ["result", "{", ""],
      ["result", "\xff\xfe", ""],
      ["result", "null", ""],
      ["result", { operation_id: "x", operation: "open_menu", status: "FAILED", finished_at: at }, "/operation_id"],
      ["result", { operation_id: id, operation: "reboot", status: "FAILED", finished_at: at }, "/operation"],
      ["result", { operation_id: id, operation: "open_menu", status: "PENDING", finished_at: at }, "/status"],
      [
        "result",
        { operation_id: id, operation: "open_menu", status: "COMPLETED", finished_at: at, result: { opened: "yes" } },
        "/result/opened",
      ],
      [
        "result",
        {
          operation_id: id,
          operation: "send_logs",
          status: "COMPLETED",
          finished_at: at,
          result: { log_id: "a\0b", size: 1, sha256: "0".repeat(64) },
        },
        "/result/log_id",
      ],
      ["started", { operation_id: id }, ""],
      ["hello", { protocol: 2, agent: "x", sent_at: at, session: "x", operations: [] }, "/protocol"],
      ["hello", { protocol: 1, agent: "x", sent_at: at, operations: [] }, ""],
    ];
    for (const [channel, message, place] of bad) {
      const before = b.received.filter((entry) => entry.channel === "rejection").length;
      const payload = typeof message === "string" ? Buffer.from(message, "latin1") : JSON.stringify(message);
      await b.client.publishAsync(`tillkeeper/v1/${b.address}/${channel}`, payload, { qos: 1 });
      const rejection = await b.next("rejection", before);
      expect(rejection["channel"]).toBe(channel);
      expect((rejection["errors"] as { path: string }[]).map((error) => error.path)).toContain(place);
    }
  });

  it("is told what is wrong with a result that names another operation than its command", async () => {
    const { body } = await server.call("POST", "/v1/admin/terminals/operations", {
      ...tenant,
      body: { terminal_id: b.terminalId, operation: "open_menu" },
    });
    const before = b.received.filter((entry) => entry.channel === "rejection").length;
    const failed = {
      operation_id: body.id,
      status: "FAILED",
      finished_at: new Date().toISOString(),
      reason: "refused",
    };
    await b.say("result", { ...failed, operation: "end_of_day" });
    expect(await b.next("rejection", before)).toEqual({
      channel: "result",
      operation_id: body.id,
      errors: [{ path: "/operation", message: expect.stringContaining("command") }],
    });
    const receipts = b.received.filter((entry) => entry.channel === "receipt").length;
    await b.say("result", { ...failed, operation: "open_menu" });
    expect(await b.next("receipt", receipts)).toMatchObject({ operation_id: body.id, status: "FAILED" });
  });

  it("leaves no card number behind in what is shown, nor in the database", async () => {
    const { body } = await server.call("POST", "/v1/admin/terminals/operations", {
      ...tenant,
      body: { terminal_id: b.terminalId, operation: "open_menu" },
    });
    const receipts = b.received.filter((entry) => entry.channel === "receipt").length;
    await b.say("result", {
      operation_id: body.id,
      operation: "open_menu",
      status: "FAILED",
      finished_at: new Date().toISOString(),
      reason: "device_error",
      error: { code: "declined", message: "declined card 4111111111111111 track ;4111111111111111=2912?" },
    });
    await b.next("receipt", receipts);
    const path = `/v1/admin/terminals/operations/${body.id}`;
    expect((await server.call("GET", path, tenant)).body).toMatchObject({
      error: { code: "declined", message: "declined card 411111******1111 track ;411111******1111=2912?" },
    });
    const rows = await server.db.sql.selectFrom("operations").selectAll().where("id", "=", body.id).execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain("4111111111111111");
  });

  it("is cut off when it announces a packet larger than the limit, before anyone has said who they are", async () => {
    const socket = connectTcp(Number(new URL(server.mqttUrl).port), "127.0.0.1");
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => undefined);
    // CONNECT with a remaining length of 256 MB, and then bytes without end.
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    const pump = setInterval(() => socket.write(Buffer.alloc(16_384)), 1);
    await closed;
    clearInterval(pump);
    const large = await connectMqtt(server, b.address, b.password, `${b.address}:large`);
    const end = new Promise<void>((resolve) => large.once("close", () => resolve()));
    large.on("error", () => undefined);
    large.publish(`tillkeeper/v1/${b.address}/result`, Buffer.alloc(200_000, "x"), { qos: 0 });
    await end;
    await large.endAsync(true);
    expect((await server.call("GET", "/health/ready")).status).toBe(200);
  });
});

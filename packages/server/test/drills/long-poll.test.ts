import { randomUUID } from "node:crypto";
import { Agent } from "@tillkeeper/agent/agent";
import { openLongPollConnection } from "@tillkeeper/agent/links/long-poll-connection";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import type { DeviceMessagesAnswer } from "@tillkeeper/contract/http/device-messages";
import { limits } from "@tillkeeper/contract/limits";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, onTestFinished, vi } from "vitest";

const path = "/v1/device/messages";
const operations = "/v1/admin/terminals/operations";

interface Device {
  terminalId: string;
  address: string;
  password: string;
}

describe("the device protocol over HTTPS", async () => {
  const { server, tenant } = await world({ own: {} });
  let serials = 0;
  await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });

  async function register(): Promise<Device> {
    serials += 1;
    const { body } = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, {
      ...tenant,
      body: { device_serial_number: `LONG-POLL-${serials}`, store_id: "S312" },
    });
    return newPassword(body.terminal_id);
  }
  async function newPassword(terminalId: string): Promise<Device> {
    const of = `/v1/accounts/${tenant.aid}/terminals/${terminalId}/credentials`;
    const { address, password } = (await server.call("POST", of, tenant)).body;
    return { terminalId, address, password };
  }
  const ask = ({ address, password }: Device, body: object) =>
    server.call<DeviceMessagesAnswer>("POST", path, {
      headers: { authorization: basic(address, password) },
      body: { session: "s1", ...body },
    });
  const hello = (session = "s1") => ({
    channel: "hello",
    message: { protocol: 1, agent: "test 1", sent_at: new Date().toISOString(), session, operations: [] },
  });
  const channelsOf = ({ body }: { body: DeviceMessagesAnswer }) => body.messages.map(({ channel }) => channel);
  const order = async (terminalId: string, operation = "open_menu") =>
    (await server.call("POST", operations, { ...tenant, body: { terminal_id: terminalId, operation } })).body;
  const get = async (id: string) => (await server.call("GET", `${operations}/${id}`, tenant)).body;

  it("carries a hello up and its welcome down, and a command to whoever waits", async () => {
    const device = await register();
    const greeted = await ask(device, { messages: [hello()] });
    expect(channelsOf(greeted)).toEqual(["welcome"]);
    const waiting = ask(device, { wait_seconds: limits.longPollWaitSecondsMax });
    const { id } = await order(device.terminalId);
    const heard = (await waiting).body.messages;
    expect(heard).toMatchObject([{ channel: "command", message: { operation_id: id, operation: "open_menu" } }]);
    const result = {
      operation_id: id,
      operation: "open_menu",
      status: "COMPLETED",
      finished_at: new Date().toISOString(),
      result: { opened: true },
    };
    const answered = await ask(device, { messages: [{ channel: "result", message: result }] });
    // Through several servers the command may arrive a second time.
    expect(answered.body.messages).toContainEqual({
      channel: "receipt",
      message: { operation_id: id, status: "COMPLETED", memory: { number: 0 } },
    });
    expect(await get(id)).toMatchObject({ status: "COMPLETED", phase: "answered" });
  });

  it("answers with nothing when there is nothing, after as long as was asked for", async () => {
    const device = await register();
    const began = performance.now();
    expect((await ask(device, { wait_seconds: 1 })).body).toEqual({ messages: [] });
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  it("names what it does not understand, in requests and in messages", async () => {
    const device = await register();
    const wrong = await ask(device, { wait_seconds: 21, messages: [{ channel: "command", message: {} }] });
    expect(wrong.status).toBe(400);
    expect(JSON.stringify(wrong.body)).toContain("/body/wait_seconds");
    expect(JSON.stringify(wrong.body)).toContain("/body/messages/0/channel");
    const refused = await ask(device, { messages: [{ channel: "started", message: { operation_id: "x" } }] });
    expect(refused.body.messages).toMatchObject([
      { channel: "rejection", message: { channel: "started", operation_id: "x" } },
    ]);
    const many = Array.from({ length: limits.longPollMessages + 1 }, () => hello());
    expect((await ask(device, { messages: many })).status).toBe(400);
  });

  // aws-iot-device-sdk-embedded-C #1906: the device is done, one update is refused, and the job looks open.
  it("rejects one message with a text that cannot be kept, and takes those beside it", async () => {
    const device = await register();
    await ask(device, { messages: [hello()] });
    const { id } = await order(device.terminalId);
    const result = { operation_id: id, operation: "open_menu", status: "COMPLETED", result: { opened: true } };
    const finished_at = new Date().toISOString();
    for (const text of ["a\u0000b", "half a pair \ud800"]) {
      const started = { operation_id: id, started_at: finished_at, note: text };
      const answered = await ask(device, {
        messages: [
          { channel: "started", message: started },
          { channel: "result", message: { ...result, finished_at } },
        ],
      });
      expect(answered.status, JSON.stringify(text)).toBe(200);
      expect(answered.body.messages).toContainEqual({
        channel: "rejection",
        message: {
          channel: "started",
          operation_id: id,
          index: 0,
          errors: [{ path: "/note", message: expect.any(String) }],
        },
      });
      expect(channelsOf(answered)).toContain("receipt");
    }
    expect(await get(id)).toMatchObject({ status: "COMPLETED" });
  });

  // RFC 8259 section 4, and nst/JSONTestSuite: texts that parsers read differently, or not at all.
  it.each([
    ["a name twice", '"note":{"a":1,"a":2}', "/note/a"],
    ["a name that reaches a prototype", '"note":{"__proto__":{"a":1}}', "/note/__proto__"],
    ["nesting without end", `"note":${"[".repeat(400)}${"]".repeat(400)}`, "/note/0/0"],
    ["more values than a message may have", `"note":[${"0,".repeat(limits.mqttMessageValues)}0]`, ""],
    ["more bytes than a message may have", `"note":"${"x".repeat(limits.mqttPacketBytes)}"`, ""],
    ["a text that is not UTF-8", '"note":"\xe5"', ""],
    ["a word that JSON does not have", '"note":undefined', ""],
  ])("rejects one message with %s, names it, and takes those beside it", async (_what, field, place) => {
    const device = await register();
    await ask(device, { messages: [hello()] });
    const { id } = await order(device.terminalId);
    const finished_at = new Date().toISOString();
    const result = { operation_id: id, operation: "open_menu", status: "COMPLETED", finished_at };
    const broken = JSON.stringify(result).replace("}", `,"result":{"opened":false},${field}}`);
    const good = JSON.stringify({ ...result, result: { opened: true } });
    const saying = [hello(), { channel: "result", message: 0 }, { channel: "result", message: 1 }];
    const text = JSON.stringify({ session: "s1", messages: saying })
      .replace('"message":0', () => `"message":${broken}`)
      .replace('"message":1', () => `"message":${good}`);
    const { address, password } = device;
    const answered = await server.call<DeviceMessagesAnswer>("POST", path, {
      headers: { authorization: basic(address, password) },
      body: Buffer.from(text, "latin1"),
    });
    expect(answered.status).toBe(200);
    expect(channelsOf(answered)).toEqual(expect.arrayContaining(["welcome", "rejection", "receipt"]));
    expect(answered.body.messages).toContainEqual({
      channel: "rejection",
      message: expect.objectContaining({
        channel: "result",
        index: 1,
        errors: [{ path: expect.stringContaining(place), message: expect.any(String) }],
      }),
    });
    expect(await get(id)).toMatchObject({ status: "COMPLETED", result: { opened: true } });
  });

  it("takes as many values with a request as a message may have", async () => {
    const device = await register();
    const heartbeat = (fields: number) => ({
      channel: "heartbeat",
      message: Object.fromEntries(Array.from({ length: fields }, (_, index) => [`f${index}`, 0])),
    });
    const half = limits.mqttMessageValues / 2;
    expect((await ask(device, { messages: [heartbeat(half), heartbeat(half - 100)] })).status).toBe(200);
    expect(await ask(device, { messages: [heartbeat(half), heartbeat(half)] })).toMatchObject({
      status: 400,
      body: { error: { errors: [{ path: "/body", message: "must not have more than 5000 values" }] } },
    });
  });

  it("is closed to whoever has no credential, and to one that was replaced while it waited", async () => {
    const device = await register();
    for (const headers of [
      {},
      { authorization: basic(device.address, "wrong") },
      { authorization: `Bearer ${tenant.token}` },
      { authorization: basic(`${tenant.aid}-T9999-D1`, device.password) },
      { authorization: basic(device.terminalId, device.password) },
    ]) {
      const { status, body } = await server.call("POST", path, { headers, body: { session: "s1" } });
      expect(status).toBe(401);
      expect(["missing_token", "invalid_token"]).toContain(body.error.code);
    }
    const waiting = ask(device, { wait_seconds: 20 });
    await vi.waitUntil(() => server.call("GET", "/health/live").then(() => true));
    await newPassword(device.terminalId);
    // A request that waited to its end would be answered 200, without messages.
    expect((await waiting).status).toBe(401);
    expect((await ask(device, {})).status).toBe(401);
  });

  it("brings a terminal nothing of another's, and takes nothing for it", { tags: "replicas" }, async () => {
    const [a, b] = [await register(), await register()];
    await ask(a, { messages: [hello()] });
    await ask(b, { messages: [hello()] });
    const waitingA = ask(a, { wait_seconds: 1 });
    const waitingB = ask(b, { wait_seconds: 10 });
    const { id } = await order(b.terminalId);
    expect(channelsOf(await waitingB)).toEqual(["command"]);
    expect(channelsOf(await waitingA)).toEqual([]);
    const forged = {
      operation_id: id,
      operation: "open_menu",
      status: "FAILED",
      finished_at: new Date().toISOString(),
    };
    const answer = await ask(a, { messages: [{ channel: "result", message: forged }] });
    expect(answer.body.messages).toMatchObject([{ channel: "receipt", message: { status: "UNKNOWN" } }]);
    expect(await get(id)).toMatchObject({ status: "PENDING" });
  });

  it("goes over to a newer session, and tells the older one", async () => {
    const device = await register();
    const older = ask(device, { session: "older", wait_seconds: 20 });
    await vi.waitUntil(async () => (await ask(device, { session: "older" })).status === 200);
    const newer = await ask(device, { session: "newer", messages: [hello("newer")] });
    expect(channelsOf(newer)).toEqual(["welcome"]);
    const { status, body } = await older;
    expect(status).toBe(409);
    expect(body).toMatchObject({ error: { code: "session_replaced" } });
  });

  it("holds few requests of a terminal: a third ends the first", async () => {
    const device = await register();
    const ended: number[] = [];
    const all = [0, 1, 2].map((index) => ask(device, { wait_seconds: 3 }).then(() => ended.push(index)));
    // One ends before any of them has waited for its full time.
    await vi.waitUntil(() => ended.length > 0);
    expect(ended).toHaveLength(1);
    await Promise.all(all);
    expect(ended).toHaveLength(3);
  });

  it("tells by the polls who is there, and within 30 seconds who has fallen silent", { tags: "replicas" }, async () => {
    const device = await register();
    const presence = async () =>
      (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals/${device.terminalId}/presence`, tenant)).body;
    const session = { session: "s1" };
    await ask(device, { messages: [hello()] });
    // No heartbeat for twice as long as one may be late.
    for (let round = 0; round < 4; round += 1) {
      server.clock.advance(20_000);
      const from = server.clock.now();
      await ask(device, {});
      await vi.waitUntil(async () => Date.parse((await presence()).last_heard_at) >= from.getTime(), {
        timeout: 5_000,
      });
      expect((await presence()).status).toBe("online");
    }
    const beat = { ...session, sent_at: new Date().toISOString(), round_trip_ms: 7 };
    await ask(device, { messages: [{ channel: "heartbeat", message: beat }] });
    await vi.waitUntil(async () => (await presence()).round_trip_ms === 7);
    const said = Date.parse((await presence()).last_heard_at);
    server.clock.advance(said + 27_000 - server.clock.now().getTime());
    expect((await presence()).status).toBe("online");
    server.clock.advance(said + 30_000 - server.clock.now().getTime());
    expect((await presence()).status).toBe("late");
  });

  it("takes few requests of a terminal at a time, and tells it to wait with others", async () => {
    const [device, other] = [await register(), await register()];
    const messages = Array.from({ length: limits.longPollMessages }, () => hello());
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(device, { messages })));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200).length + refused.length).toBe(60);
    // The first requests of all arrive before any of them can be handled.
    expect(refused.length).toBeGreaterThan(20);
    expect(refused[0]?.body).toMatchObject({ error: { code: "too_many_requests" } });
    expect(refused[0]?.headers.get("retry-after")).toBe("1");
    for (const one of [device, other]) expect((await ask(one, { messages: [hello()] })).status).toBe(200);
    // Waiting requests do not block requests with messages.
    const waiting = [1, 2].map(() => ask(other, { wait_seconds: 3 }));
    const saying = await Promise.all([1, 2, 3, 4].map(() => ask(other, { messages: [] })));
    expect(saying.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await Promise.all(waiting);
  });

  it("carries a whole agent: what it is told while it says something else, and after the server was away", async () => {
    const device = await register();
    const opened = vi.fn<() => Promise<{ status: "COMPLETED"; result: { opened: boolean } }>>(async () => ({
      status: "COMPLETED",
      result: { opened: true },
    }));
    const { terminalId, address, password } = device;
    const credential = { url: server.url, address, password };
    const agent = new Agent({
      credential,
      agentName: "long-poll/1",
      handlers: { open_menu: { run: opened } },
      journal: memoryJournal(undefined),
      open: openLongPollConnection,
    });
    agent.start();
    onTestFinished(() => agent.stop());
    const works = async () => {
      const status = async () =>
        (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals/${terminalId}`, tenant)).body.status;
      await vi.waitUntil(async () => (await status()) === "ACTION_REQUIRED");
      const { id } = await order(terminalId);
      await vi.waitUntil(async () => (await get(id)).status === "COMPLETED");
    };
    for (let round = 0; round < 5; round += 1) await works();
    await server.restart();
    // The agent uses another server now, unless a load balancer stands in front.
    agent.use({ ...credential, url: server.url });
    await works();
    expect(opened).toHaveBeenCalledTimes(6);
  });

  it("does not keep a server from ending", async () => {
    const device = await register();
    const waiting = ask(device, { session: randomUUID(), wait_seconds: 20 });
    await vi.waitUntil(() => server.call("GET", "/health/live").then(() => true));
    await server.restart();
    expect((await waiting).status).toBe(200);
  });
});

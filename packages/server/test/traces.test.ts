import { activeDevice } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { pino } from "pino";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { openTraces } from "../src/platform/tracing/open.ts";
import { spanHere, withinRequest } from "../src/platform/tracing/traces.ts";
import { Collector } from "./support/collector.ts";

const operations = "/v1/admin/terminals/operations";
const silent = pino({ level: "silent" });

describe("a traced operation", async () => {
  const collector = await Collector.start();
  // After the servers, which send their remaining spans when they stop: the hooks run in reverse.
  afterAll(() => collector.stop());
  const traces = { url: collector.url, every: 1 };
  const { server, other, tenant } = await world({ own: { config: { traces } }, other: { config: { traces } } });

  const send = async (terminal_id: string, headers: Record<string, string>, more: object = {}) => {
    const body = { terminal_id, operation: "open_menu", ...more };
    return server.call("POST", operations, { ...tenant, headers, body });
  };
  const traceId = (digit: string) => digit.repeat(32);
  const traceparent = (digit: string, flags = "01") => `00-${traceId(digit)}-${"b".repeat(16)}-${flags}`;

  it("is one trace over two servers: request, commit, dispatch, result", async () => {
    // Its broker is inside the other server, which alone can reach it.
    const device = await activeDevice(other, tenant);
    const sent = await send(device.terminalId, { traceparent: traceparent("1") });
    await device.next("command");
    await device.openedMenu(sent.body.id);
    await device.next("receipt");
    await device.leave();

    const names = [`POST ${operations}`, "accept operation", "send command", "end operation"];
    const spans = await collector.trace(traceId("1"), names);
    const [request, accepted, dispatched, ended] = spans;
    expect(request).toMatchObject({
      parentSpanId: "b".repeat(16),
      facts: { "http.response.status_code": 201, request_id: sent.headers.get("request-id") },
    });
    expect(accepted?.parentSpanId).toBe(request?.spanId);
    expect(dispatched?.parentSpanId).toBe(accepted?.spanId);
    expect(ended?.parentSpanId).toBe(accepted?.spanId);
    const about = { operation_id: sent.body.id, account_id: tenant.aid, terminal_id: device.terminalId };
    expect(accepted?.facts).toEqual({ ...about, operation: "open_menu" });
    expect(dispatched?.facts).toEqual(about);
    expect(ended?.facts).toEqual({ ...about, operation: "open_menu", status: "COMPLETED" });
    expect(spans.map(({ failed }) => failed)).toEqual([false, false, false, false]);

    const instances = spans.map(({ instance }) => instance);
    expect(instances[1]).toBe(instances[0]);
    expect(instances[3]).toBe(instances[2]);
    expect(instances[2]).not.toBe(instances[0]);
    const { rows } = await server.db.pool.query("select 1 from operation_claims where operation_id = $1", [
      sent.body.id,
    ]);
    expect(rows).toEqual([]);
  });

  it("has an end when its time is over, and when it is cancelled", async () => {
    const device = await activeDevice(server, tenant);
    await device.leave();
    const late = await send(device.terminalId, { traceparent: traceparent("2") }, { timeout: 5 });
    server.clock.advance(10_000);
    const names = [`POST ${operations}`, "accept operation", "end operation"];
    const overdue = await collector.trace(traceId("2"), names);
    expect(overdue.at(-1)?.facts).toMatchObject({
      operation_id: late.body.id,
      status: "TIMEOUT",
      reason: "unreachable",
    });
    const sent = await send(device.terminalId, { traceparent: traceparent("3") });
    await server.call("POST", `${operations}/${sent.body.id}/cancel`, tenant);
    const cancelled = await collector.trace(traceId("3"), names);
    expect(cancelled.at(-1)?.facts).toMatchObject({ status: "FAILED", reason: "cancelled" });
  });

  it("is refused in its trace, and not recorded where its caller does not want that", async () => {
    const device = await activeDevice(server, tenant);
    const first = await send(device.terminalId, { traceparent: traceparent("4", "00") });
    expect(first.status).toBe(201);
    const second = await send(device.terminalId, { traceparent: traceparent("5") });
    expect(second.status).toBe(409);
    const refused = await collector.trace(traceId("5"), [`POST ${operations}`, "accept operation"]);
    expect(refused.map(({ failed }) => failed)).toEqual([false, true]);
    await device.openedMenu(first.body.id);
    await device.next("receipt");
    await device.leave();
    // What came after it has arrived.
    await send(device.terminalId, { traceparent: traceparent("6") });
    await collector.trace(traceId("6"), [`POST ${operations}`, "accept operation"]);
    expect(collector.spans.filter((span) => span.traceId === traceId("4"))).toEqual([]);
    const { rows } = await server.db.pool.query("select traceparent from operation_claims where traceparent like $1", [
      `%${traceId("4")}%`,
    ]);
    expect(rows).toEqual([]);
  });

  it("begins a trace of its own without a header, or with one that is none", async () => {
    const device = await activeDevice(server, tenant);
    const sent = await send(device.terminalId, { traceparent: "00-not-one" });
    const own = () => collector.spans.find(({ facts }) => facts["operation_id"] === sent.body.id);
    await expect.poll(own).toBeDefined();
    const names = [`POST ${operations}`, "accept operation", "send command"];
    expect((await collector.trace(own()?.traceId ?? "", names))[0]).not.toHaveProperty("parentSpanId");
    await device.leave();
  });
});

describe("traces", () => {
  it("are not there without the setting", async () => {
    expect(await openTraces(undefined, silent)).toBeUndefined();
    expect(spanHere(undefined, { name: "nothing" })).toBeUndefined();
  });

  it("are of one request of several, and of nothing below the others", async () => {
    const collector = await Collector.start();
    onTestFinished(() => collector.stop());
    const traces = await openTraces({ url: `${collector.url}/`, every: 4 }, silent);
    const roots = Array.from({ length: 400 }, () => traces?.root({ name: "request" }));
    const recorded = roots.filter((span) => span !== undefined);
    // A share of a quarter is off by so much once in a million runs.
    expect(recorded.length).toBeGreaterThan(50);
    expect(recorded.length).toBeLessThan(150);
    expect(withinRequest(undefined, () => spanHere(traces, { name: "below" }))).toBeUndefined();
    expect(withinRequest(recorded[0], () => spanHere(traces, { name: "below" }))).toBeDefined();
    for (const span of recorded) span.end();
    await traces?.close();
    expect(collector.spans).toHaveLength(recorded.length);
  });
});

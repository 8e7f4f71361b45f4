import { freePort } from "@tillkeeper/stage/processes/free-port";
import { startReceiver } from "@tillkeeper/stage/receivers/receiver";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLogger } from "../../src/platform/log/log.ts";
import { openTraces } from "../../src/platform/tracing/open.ts";
import { Collector } from "../support/collector.ts";

const silent = pino({ level: "silent" });

describe("a collector that is away", () => {
  it("costs nothing but a line of the log, and spans that are lost", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const server = await startTestServer({ config: { traces: { url, every: 1 } } });
    const tenant = await server.account();
    const stores = `/v1/accounts/${tenant.aid}/stores`;
    for (let number = 0; number < 20; number += 1) expect((await server.call("GET", stores, tenant)).status).toBe(200);
    await server.stop();
  });

  it("is told to the log, and its spans take no more room than the queue", async () => {
    const lines: unknown[] = [];
    const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const port = await freePort();
    const traces = await openTraces({ url: `http://127.0.0.1:${port}`, every: 1 }, log);
    for (let number = 0; number < 20_000; number += 1) traces?.root({ name: "lost" })?.end();
    await expect.poll(() => lines.length, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({
      reason: expect.stringContaining("ECONNREFUSED"),
      msg: "traces could not be sent",
    });
    const collector = await Collector.start(port);
    onTestFinished(() => collector.stop());
    await expect.poll(() => collector.spans.length, { timeout: 30_000 }).toBeGreaterThan(0);
    await traces?.close();
    // The queue, and the batches that were on their way.
    expect(collector.spans.length).toBeLessThan(10_000);
  });

  it("that refuses everything is told in one line a minute", async () => {
    const refusing = await startReceiver();
    onTestFinished(() => refusing.close());
    refusing.behave({ status: 400 });
    const lines: string[] = [];
    const traces = await openTraces(
      { url: refusing.url, every: 1 },
      createLogger("warn", { write: (line) => void lines.push(line) }),
    );
    onTestFinished(() => traces?.close());
    for (let number = 0; number < 5_000; number += 1) traces?.root({ name: "refused" })?.end();
    await expect.poll(() => refusing.received.length).toBeGreaterThan(5);
    expect(lines).toHaveLength(1);
  });

  it("holds up no end of a server, even if it takes connections and never answers", async () => {
    const hanging = await startReceiver();
    onTestFinished(() => hanging.close());
    hanging.behave("hang");
    const traces = await openTraces({ url: hanging.url, every: 1 }, silent);
    traces?.root({ name: "held" })?.end();
    await traces?.close();
    expect(hanging.received).toHaveLength(1);
  });
});

import type { Telemetry } from "@tillkeeper/contract/telemetry";
import { until } from "@tillkeeper/stage/until";
import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../src/clock.ts";
import { opened, useAgents } from "./support/agents.ts";
import { type Scene, useScene } from "./support/scene.ts";

describe("an agent", () => {
  let scene: Scene;
  useScene((made) => {
    scene = made;
  });
  const start = useAgents(() => scene);
  const sessionsOf = (channel: "heartbeat" | "goodbye" | "gone") =>
    scene.server.signsOn(channel).map((sign) => sign["session"]);

  test("names its connection in hello and heartbeat, and takes its leave before it goes", async () => {
    const agent = start(async () => opened, { telemetry: () => ({ printer: "ok" }) });
    const hello = await scene.server.hello();
    await until(() => sessionsOf("heartbeat").length > 0, "a heartbeat");
    expect(hello.session).toEqual(expect.any(String));
    expect(scene.server.signsOn("heartbeat")[0]).toMatchObject({
      session: hello.session,
      telemetry: { printer: "ok" },
    });
    await agent.stop();
    await until(() => sessionsOf("goodbye").length > 0, "a goodbye");
    expect(sessionsOf("goodbye")).toEqual([hello.session]);
    expect(sessionsOf("gone")).toEqual([]);
  });

  test("leaves a will that names the connection, which is heard when the power fails", async () => {
    const agent = start(async () => opened);
    const { session } = await scene.server.hello();
    await agent.kill();
    await until(() => sessionsOf("gone").length > 0, "the will");
    expect(sessionsOf("gone")).toEqual([session]);
    expect(sessionsOf("goodbye")).toEqual([]);
  });

  test("has a new name on each connection, and tells a change at once", async () => {
    let printer: "ok" | "paper_out" = "ok";
    const agent = start(async () => opened, { telemetry: () => ({ printer }) });
    const first = await scene.server.hello();
    scene.broker.sever();
    const second = await scene.server.hello(2);
    expect(second.session).not.toBe(first.session);
    await until(() => sessionsOf("heartbeat").includes(second.session), "a heartbeat of the second");
    printer = "paper_out";
    agent.reportSoon();
    await until(() => JSON.stringify(scene.server.signsOn("heartbeat")).includes("paper_out"), "the change");
  });

  test("tells its open batch at once when the first payment is in it, and after a close", async () => {
    let count = 0;
    const close = async () => {
      count = 0;
      return { status: "COMPLETED", result: { outcome: "accepted", batch_id: "1" } } as const;
    };
    const agent = start(async () => opened, {
      handlers: { end_of_day: { run: close } },
      telemetry: () => ({ open_batch: { transactions_count: count } }),
    });
    const counts = () =>
      scene.server.signsOn("heartbeat").map(({ telemetry }) => (telemetry as Telemetry).open_batch?.transactions_count);
    await until(() => counts().length > 0, "a heartbeat");
    count = 1;
    agent.openBatchChanged();
    await until(() => counts().length > 1, "the first payment");
    count = 2;
    agent.openBatchChanged();
    await scene.server.result(scene.server.command({ operation: "end_of_day" }).operation_id);
    await until(() => counts().length > 2, "the close");
    expect(counts()).toEqual([0, 1, 0]);
  });

  test("answers a probe at once", async () => {
    start(async () => opened);
    await scene.server.hello();
    const probe_id = "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c";
    scene.server.send("probe", { probe_id, sent_at: new Date().toISOString() });
    await until(() => scene.server.signsOn("probe_answer").length > 0, "an answer");
    expect(scene.server.signsOn("probe_answer")).toEqual([{ probe_id }]);
  });

  test("is back soon after a link on which the server answered, however often it failed before", async () => {
    const pauses: number[] = [];
    const clock: Clock = {
      ...systemClock,
      after: (delayMs, action) => {
        pauses.push(delayMs);
        return systemClock.after(delayMs, action);
      },
    };
    scene.broker.refuses = true;
    start(async () => opened, { clock });
    await until(() => scene.broker.connects.length >= 5, "five attempts");
    scene.broker.refuses = false;
    await scene.server.hello(1);
    await until(() => sessionsOf("heartbeat").length > 0, "a heartbeat");
    scene.broker.sever();
    const before = pauses.length;
    await scene.server.hello(2);
    // The pause before the next attempt to connect. After five failures it would have been 3,200 ms or more.
    expect(pauses[before]).toBeLessThanOrEqual(800);
  });
});

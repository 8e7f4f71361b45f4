import type { OperationResults } from "@tillkeeper/contract/operations";
import { until } from "@tillkeeper/stage/until";
import { describe, expect, test, vi } from "vitest";
import type { Completed, OperationHandlers } from "../src/operations/operation.ts";
import { opened, quickly, type Run, useAgents } from "./support/agents.ts";
import { command } from "./support/commands.ts";
import { type Scene, useScene } from "./support/scene.ts";

let scene: Scene;
let { broker, server } = {} as Scene;
useScene((made) => {
  scene = made;
  ({ broker, server } = made);
});
const start = useAgents(() => scene);

describe("an operation that has to wait", () => {
  test("says that it is there, and hello says so on the next connection", async () => {
    const finish = Promise.withResolvers<typeof opened>();
    start(vi.fn<Run>().mockReturnValueOnce(finish.promise).mockResolvedValue(opened));
    await server.hello();
    const running = server.command();
    await until(() => server.starts.length > 0, "started");
    const waiting = server.command();
    await until(() => server.deliveries.length > 0, "delivered");
    expect(server.deliveries).toMatchObject([{ operation_id: waiting.operation_id }]);
    broker.sever();
    expect((await server.hello(2)).operations).toEqual([
      { operation_id: waiting.operation_id, phase: "delivered" },
      { operation_id: running.operation_id, phase: "started" },
    ]);
    finish.resolve(opened);
    expect(await server.result(waiting.operation_id)).toMatchObject(opened);
  });

  test("for a payment begins when that is over, and fails where it may not wait", async () => {
    const over = Promise.withResolvers<void>();
    let underWay = true;
    start(vi.fn<Run>().mockResolvedValue(opened), { payments: { underWay: () => underWay, over: () => over.promise } });
    await server.hello();
    const refused = server.command();
    expect(await server.result(refused.operation_id)).toMatchObject({ status: "FAILED", reason: "busy_payment" });
    const { operation_id } = server.command({ when_busy: "wait" });
    await until(() => server.deliveries.length > 0, "delivered");
    underWay = false;
    over.resolve();
    expect(await server.result(operation_id)).toMatchObject(opened);
    expect(server.channels).toEqual(["hello", "result", "delivered", "result"]);
  });
});

describe("a cancellation", () => {
  test("before its command: answered until the receipt, and the command is not carried out", async () => {
    server.receipts = false;
    const run = vi.fn<Run>().mockResolvedValue(opened);
    start(run, { repeat: quickly });
    await server.hello();
    const message = command(server.now());
    server.cancel(message);
    const cancelled = await server.result(message.operation_id, 3);
    expect(cancelled).toMatchObject({ status: "FAILED", reason: "cancelled" });
    server.receipts = true;
    server.send("command", message);
    const other = server.command();
    expect(await server.result(other.operation_id)).toMatchObject(opened);
    expect(new Set(server.resultsOf(message.operation_id).map((result) => JSON.stringify(result))).size).toBe(1);
    expect(run).toHaveBeenCalledOnce();
  });

  test("of what runs: broken off, or refused", async () => {
    const run: Run = (_, { cancelled }) =>
      new Promise((_resolve, reject) => cancelled.addEventListener("abort", () => reject(cancelled.reason)));
    const finish = Promise.withResolvers<Completed<OperationResults["send_logs"], null>>();
    const handlers: OperationHandlers<null> = {
      open_menu: { run, cancellable: true },
      send_logs: { run: () => finish.promise },
    };
    start(run, { handlers });
    await server.hello();
    const [breakable, stubborn] = [server.command(), server.command({ operation: "send_logs" })];
    await until(() => server.starts.length === 1, "started");
    server.cancel(breakable);
    expect(await server.result(breakable.operation_id)).toMatchObject({ status: "FAILED", reason: "cancelled" });
    await until(() => server.starts.length === 2, "started");
    server.cancel(stubborn);
    server.cancel(stubborn);
    await until(() => server.refusals.length === 2, "refused twice");
    expect(server.refusals[0]).toEqual({ operation_id: stubborn.operation_id });
    finish.resolve({ status: "COMPLETED", result: { log_id: "1", size: 0, sha256: "0".repeat(64) } });
    expect(await server.result(stubborn.operation_id)).toMatchObject({ status: "COMPLETED" });
  });
});

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, systemClock } from "@tillkeeper/agent/clock";
import type { Telemetry } from "@tillkeeper/contract/telemetry";
import { until } from "@tillkeeper/stage/until";
import { describe, expect, test, vi } from "vitest";
import { password } from "../../agent/test/support/broker.ts";
import { takeLogs } from "../../agent/test/support/log-taker.ts";
import { type Scene, terminalId, useScene } from "../../agent/test/support/scene.ts";
import { ScriptedServer } from "../../agent/test/support/scripted-server.ts";
import { useFleets } from "./support/fleets.ts";

let scene: Scene;
let { broker, server, folder } = {} as Scene;
useScene((made) => {
  scene = made;
  ({ broker, server, folder } = made);
});
const { fleet, spec, close, works } = useFleets(() => scene);

describe("a healthy virtual terminal", () => {
  test("answers all four operations as the contract says", async () => {
    const { transfer, taken } = await takeLogs();
    await fleet().start(spec());
    await server.hello();
    for (const operation of ["end_of_day", "send_logs", "check_update", "open_menu"] as const) {
      const { operation_id } = server.command({ operation, ...(operation === "send_logs" && { transfer }) });
      expect(await server.result(operation_id)).toMatchObject({ operation, status: "COMPLETED" });
      expect(server.startsOf(operation_id)).toHaveLength(1);
    }
    // The terminal's own lines, and one line that the server has to mask.
    expect(taken).toMatchObject([
      { text: expect.stringMatching(/4111 1111 1111 1111[^]* info connected [^]* info answered /) },
    ]);
  });

  test("that takes no time answers in one message", async () => {
    await fleet({ durationMs: { shortest: 0, longest: 0 } }).start(spec());
    await server.hello();
    await works();
    expect(server.channels).toEqual(["hello", "result"]);
  });

  test("its days fit end to end, also over a restart, and a second close at once is empty", async () => {
    const before = fleet();
    await before.start(spec());
    await server.hello();
    const first = await close();
    expect(Date.parse(first.last_end_of_day_at) - Date.parse(first.start_of_day_at)).toBeGreaterThan(8.9 * 3_600_000);
    expect(first.purchases_count).toBeGreaterThan(0);
    await before.stopAll();
    await fleet().start(spec());
    await server.hello(2);
    const second = await close();
    expect(second.start_of_day_at).toBe(first.last_end_of_day_at);
    expect(second.batch_id).not.toBe(first.batch_id);
    expect(second.purchases_count + second.reversals_count).toBeLessThanOrEqual(2);
  });
});

describe("the open batch of a virtual terminal", () => {
  const told = () =>
    server.signsOn("heartbeat").map(({ telemetry }) => (telemetry as Telemetry | undefined)?.open_batch);
  const steady = (): Clock => {
    // No trade comes between a heartbeat and a close, or after the close, on a clock that stands still.
    const now = systemClock.now();
    return { ...systemClock, now: () => now };
  };

  test("is what the next close tells, and empty at once after it", async () => {
    await fleet({ clock: steady() }).start(spec());
    await until(() => told().length > 0, "a heartbeat");
    const before = told().at(-1);
    const closed = await close();
    // A close has all the figures of the open batch, and what tells one close from another.
    expect(before?.currencies).toHaveLength(1);
    expect(closed).toMatchObject({ ...before?.currencies?.[0] });
    expect(Object.keys(before?.currencies?.[0] ?? {})).toHaveLength(7);
    expect(before?.transactions_count).toBe(closed.purchases_count + closed.reversals_count);
    expect(Date.parse(before?.oldest_at ?? "")).toBeGreaterThanOrEqual(Date.parse(closed.start_of_day_at));
    await until(() => told().at(-1)?.transactions_count === 0, "an empty batch");
    expect(told().at(-1)).toEqual({ transactions_count: 0 });
  });

  test("is empty at once after a close by hand, too", async () => {
    const played = fleet({ clock: steady() });
    await played.start(spec());
    await until(() => told().length > 0, "a heartbeat");
    expect(told().at(-1)?.transactions_count).toBeGreaterThan(0);
    await played.closeByHand(terminalId);
    await until(() => told().at(-1)?.transactions_count === 0, "an empty batch");
  });
});

describe("a day that is closed at the terminal", () => {
  const byHand = () => server.results.filter(({ by_hand }) => by_hand);

  test("is told at its next hello, with its totals, and the next close comes after it", async () => {
    const played = fleet();
    await played.start(spec());
    await server.hello();
    const first = await close();
    const closed = await played.closeByHand(terminalId);
    expect(closed?.batch_id).not.toBe(first.batch_id);
    broker.sever();
    await until(() => byHand().length > 0, "the close by hand");
    expect(byHand()).toMatchObject([{ number: 2, operation: "end_of_day", status: "COMPLETED", result: closed }]);
    const second = await close();
    expect(second.start_of_day_at).toBe(closed?.last_end_of_day_at);
    expect(server.results).toHaveLength(3);
    expect(await played.closeByHand("T00000001-T0099")).toBeUndefined();
  });

  test("is found when a close is about to begin: that is out of step, and names it", async () => {
    const played = fleet();
    await played.start(spec());
    await server.hello();
    const closed = await played.closeByHand(terminalId);
    const { operation_id } = server.command({ operation: "end_of_day" });
    const refused = await server.result(operation_id);
    expect(byHand()).toMatchObject([{ number: 1, result: closed }]);
    expect(refused).toMatchObject({ reason: "out_of_step", last_close: byHand()[0]?.operation_id, number: 2 });
    await close();
  });

  test("by the fault of that name, for a demonstration", async () => {
    await fleet().start(spec());
    await server.hello();
    const { operation_id } = server.command({
      operation: "end_of_day",
      parameters: { operator_id: "simulate:by_hand" },
    });
    expect(await server.result(operation_id)).toMatchObject({ reason: "out_of_step" });
    expect(byHand()).toHaveLength(1);
    await works();
    await close();
  });

  test.each([
    ["by its options", { namesBatches: false }, "001"],
    ["by its serial number", {}, "914"],
  ])("is not found by a terminal that cannot name its batches (%s)", async (_, options, number) => {
    const played = fleet(options);
    await played.start(spec({ serialNumber: `SIMULATED-T00000001-${number}` }));
    await server.hello();
    const closed = await played.closeByHand(terminalId);
    expect((await close()).start_of_day_at).toBe(closed?.last_end_of_day_at);
    expect(byHand()).toEqual([]);
  });
});

describe("a fleet", () => {
  test("keeps one private file per terminal, and nothing else", async () => {
    const played = fleet();
    await played.start(spec());
    await server.hello();
    await close();
    await played.stopAll();
    const files = await readdir(join(folder, "terminals"));
    expect(files).toEqual([`${terminalId}.json`]);
    const path = join(folder, "terminals", `${terminalId}.json`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, "utf8")).not.toContain(password);
  });

  test("starts a terminal once, and connects again with a new credential without losing the operation", async () => {
    const played = fleet();
    await Promise.all([played.start(spec({ password: "wrong" })), played.start(spec()), played.start(spec())]);
    await server.hello();
    const command = server.command({ parameters: { operator_id: "simulate:slow" } }, 1500);
    await vi.waitFor(() => expect(server.startsOf(command.operation_id)).toHaveLength(1));
    await played.start(spec({ mqttUrl: `${broker.url}/` }));
    await server.hello(2);
    expect(await server.result(command.operation_id)).toMatchObject({ status: "COMPLETED" });
    expect(broker.openConnections).toBe(1);
  });

  test.each([
    ["while it runs", {}, false],
    ["before it is started again", {}, true],
    ["in memory", { inMemory: true }, false],
  ] as const)(
    "goes on as another address that it is given %s: it tells all it knows anew",
    async (_, options, isRestarted) => {
      const asNext = new ScriptedServer(broker, `${terminalId}-D2`);
      const before = fleet(options);
      await before.start(spec());
      await server.hello();
      await server.result(server.command({ parameters: { operator_id: "simulate:failure" } }).operation_id);
      const { batch_id: batch, last_end_of_day_at: closedAt } = await close();
      server.receipts = false;
      const untold = server.command();
      await server.result(untold.operation_id);
      if (isRestarted) await before.stopAll();
      await (isRestarted ? fleet(options) : before).start(spec({ address: `${terminalId}-D2` }));
      expect((await asNext.hello()).operations).toEqual([]);
      await asNext.result(untold.operation_id);
      expect(asNext.results).toEqual(server.results.slice(0, 3));
      expect(asNext.results.map(({ number }) => number)).toEqual([1, 2, 3]);
      const { result } = await asNext.result(asNext.command({ operation: "end_of_day" }).operation_id);
      expect(result).toMatchObject({ start_of_day_at: closedAt });
      expect(result).not.toMatchObject({ batch_id: batch });
      expect(broker.openConnections).toBe(1);
    },
  );

  test("stops one terminal and says so to the broker; to stop what does not run changes nothing", async () => {
    const played = fleet();
    await played.stop("T00000001-T0099");
    await played.start(spec());
    await server.hello();
    await played.stop(terminalId);
    await vi.waitFor(() => expect(broker.openConnections).toBe(0));
    expect(broker.lastBytes[0]?.subarray(-2)).toEqual(Buffer.from([0xe0, 0]));
  });

  test("refuses a terminal id that leads out of its folder, and an address that is not MQTT", async () => {
    const played = fleet();
    await expect(played.start(spec({ terminalId: "../x" }))).rejects.toThrow("Not a terminal id");
    await expect(played.start(spec({ mqttUrl: "https://127.0.0.1" }))).rejects.toThrow("Not an MQTT address");
    await played.start(spec());
    await server.hello();
  });
});

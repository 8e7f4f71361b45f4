import type { OperationName } from "@tillkeeper/contract/operations";
import { until } from "@tillkeeper/stage/until";
import { describe, expect, test } from "vitest";
import { type Scene, terminalId, useScene } from "../../agent/test/support/scene.ts";
import { useFleets } from "./support/fleets.ts";

let scene: Scene;
let { broker, server } = {} as Scene;
useScene((made) => {
  scene = made;
  ({ broker, server } = made);
});
const { fleet, spec, serial, close, works } = useFleets(() => scene);

describe("faults", () => {
  test("no_answer: taken, neither begun nor answered", async () => {
    await fleet().start(spec());
    await server.hello();
    const { operation_id } = server.command({ parameters: { operator_id: "simulate:no_answer" } });
    await works();
    expect([server.startsOf(operation_id), server.resultsOf(operation_id)]).toEqual([[], []]);
    expect(server.deliveries).toMatchObject([{ operation_id }]);
  });

  test("silent_batch: everything is told but what is open", async () => {
    await fleet().start(serial(917));
    await until(() => server.signsOn("heartbeat").length > 0, "a heartbeat");
    const { telemetry } = server.signsOn("heartbeat")[0] as { telemetry: object };
    expect(telemetry).toHaveProperty("software_version");
    expect(telemetry).not.toHaveProperty("open_batch");
    expect((await close()).purchases_count).toBeGreaterThan(0);
  });

  test("no_answer by serial number", async () => {
    await fleet().start(serial(901));
    await server.hello();
    const { operation_id } = server.command();
    // A command with another fault is answered, so the missing answer comes from the fault.
    const other = server.command({ parameters: { operator_id: "simulate:failure" } });
    await server.result(other.operation_id);
    expect(server.resultsOf(operation_id)).toEqual([]);
  });

  test("late_answer: two seconds after the window", async () => {
    await fleet().start(serial(902));
    await server.hello();
    const command = server.command({}, 300);
    const result = await server.result(command.operation_id);
    expect(result.status).toBe("COMPLETED");
    expect(Date.parse(result.finished_at)).toBeGreaterThanOrEqual(Date.parse(command.expires_at) + 1900);
    expect(server.startsOf(command.operation_id)).toHaveLength(1);
  });

  test("twice: start and result, each of them", async () => {
    await fleet().start(serial(903));
    await server.hello();
    server.receipts = false;
    const { operation_id } = server.command();
    await server.result(operation_id, 2);
    expect(server.startsOf(operation_id)).toHaveLength(2);
    expect(server.resultsOf(operation_id)[0]).toEqual(server.resultsOf(operation_id)[1]);
    server.receipt(operation_id);
  });

  test.each([
    [904, "failure", { status: "FAILED", reason: "device_error", error: { code: "simulated_failure" } }],
    [905, "busy_payment", { status: "FAILED", reason: "busy_payment" }],
    [909, "user_aborted", { status: "FAILED", reason: "user_aborted" }],
    [910, "host_unreachable", { status: "FAILED", reason: "host_unreachable" }],
    [911, "restart", { status: "FAILED", reason: "device_error", error: { code: "interrupted" } }],
  ])("%i and simulate:%s: the close of the day fails, and the day stays open", async (number, fault, expected) => {
    const played = fleet();
    await played.start(serial(number));
    await server.hello();
    const bySerial = server.command({ operation: "end_of_day" });
    expect(await server.result(bySerial.operation_id)).toMatchObject(expected);
    const hellos = server.hellos.length;
    await played.start(spec());
    await server.hello(hellos + 1);
    const parameters = { operator_id: `simulate:${fault}` };
    const byCommand = server.command({ operation: "end_of_day", parameters });
    expect(await server.result(byCommand.operation_id)).toMatchObject(expected);
    const day = await close();
    expect(day.batch_id).toBe("000001");
    expect(day.purchases_count).toBeGreaterThan(0);
  });

  test("busy_payment with time to wait: there, begun after the payment, completed", async () => {
    await fleet().start(serial(905));
    await server.hello();
    const message = server.command({ when_busy: "wait" }, 1000);
    const result = await server.result(message.operation_id);
    expect(result.status).toBe("COMPLETED");
    expect(Date.parse(result.started_at ?? "") - Date.parse(message.created_at)).toBeGreaterThanOrEqual(290);
    expect(server.channels.slice(0, 2)).toEqual(["hello", "delivered"]);
  });

  test("busy_payment for longer than the window: failed in time", async () => {
    await fleet({ payment: { share: 2, longestMs: 60_000 } }).start(serial(905));
    await server.hello();
    const message = server.command({ when_busy: "wait" }, 2000);
    const result = await server.result(message.operation_id);
    expect(result).toMatchObject({ status: "FAILED", reason: "busy_payment" });
    expect(Date.parse(result.finished_at)).toBeGreaterThanOrEqual(Date.parse(message.created_at) + 1700);
    expect(server.startsOf(message.operation_id)).toEqual([]);
  });

  test("host_unreachable does not touch what needs no payment host", async () => {
    await fleet().start(serial(910));
    await server.hello();
    await works();
  });

  test("slow can be cancelled; refuses_cancel and a close of the day that has begun cannot", async () => {
    await fleet().start(spec());
    await server.hello();
    const begin = async (fault: string, operation: OperationName) => {
      const message = server.command({ operation, parameters: { operator_id: `simulate:${fault}` } }, 1000);
      await until(() => server.startsOf(message.operation_id).length > 0, "started");
      server.cancel(message);
      return message.operation_id;
    };
    const slow = await begin("slow", "send_logs");
    expect(await server.result(slow)).toMatchObject({ status: "FAILED", reason: "cancelled" });
    const refusing = await begin("refuses_cancel", "open_menu");
    expect(await server.result(refusing)).toMatchObject({ status: "COMPLETED" });
    const closing = await begin("slow", "end_of_day");
    expect(await server.result(closing)).toMatchObject({ status: "COMPLETED" });
    expect(server.refusals.map(({ operation_id }) => operation_id)).toEqual([refusing, closing]);
  });

  test("slow: after 70 % of the window", async () => {
    await fleet().start(serial(906));
    await server.hello();
    const command = server.command({}, 1000);
    const result = await server.result(command.operation_id);
    const took = Date.parse(result.finished_at) - Date.parse(command.created_at);
    expect(result.status).toBe("COMPLETED");
    expect(took).toBeGreaterThanOrEqual(650);
  });

  test("disconnect: started, gone, back, answered", async () => {
    await fleet().start(serial(907));
    await server.hello();
    const { operation_id } = server.command();
    expect(await server.result(operation_id)).toMatchObject({ status: "COMPLETED" });
    expect(server.channels).toEqual(["hello", "started", "hello", "result"]);
    expect(server.hellos[1]?.operations).toEqual([{ operation_id, phase: "started" }]);
  });

  test.each([
    ["in a file", {}],
    ["in memory", { inMemory: true }],
  ])("restart: started, gone, back with its journal %s, interrupted, and well again", async (_, options) => {
    await fleet(options).start(spec());
    await server.hello();
    const { operation_id } = server.command({ parameters: { operator_id: "simulate:restart" } });
    expect(await server.result(operation_id)).toMatchObject({ status: "FAILED", error: { code: "interrupted" } });
    expect(server.channels).toEqual(["hello", "started", "hello", "result"]);
    await works();
    expect(broker.openConnections).toBe(1);
  });

  test("restart: a terminal that is stopped meanwhile stays so", async () => {
    const played = fleet();
    await played.start(serial(911));
    await server.hello();
    const { operation_id } = server.command();
    await until(() => server.startsOf(operation_id).length > 0, "started");
    await played.stop(terminalId);
    await until(() => broker.openConnections === 0, "no connection");
    expect(broker.openConnections).toBe(0);
  });

  test("an unknown fault is refused, naming the known ones", async () => {
    await fleet().start(spec());
    await server.hello();
    const { operation_id } = server.command({ parameters: { operator_id: "simulate:fire" } });
    const result = await server.result(operation_id);
    expect(result).toMatchObject({ status: "FAILED", reason: "refused", error: { code: "unknown_fault" } });
    expect(result.error?.message).toContain("busy_payment");
  });
});

describe("a condition", () => {
  const beats = () => server.signsOn("heartbeat");
  const probe = (probe_id: string) => server.send("probe", { probe_id, sent_at: new Date().toISOString() });

  test("silent by command: it answers operations, and neither beats nor answers probes", async () => {
    server.heartbeatSeconds = 1;
    await fleet().start(spec());
    await until(() => beats().length > 1, "heartbeats");
    const { operation_id } = server.command({ parameters: { operator_id: "simulate:silent" } });
    expect(await server.result(operation_id)).toMatchObject({ status: "COMPLETED" });
    const before = server.signs.length;
    probe("3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c");
    // Longer than the usual pause between heartbeats.
    const slow = server.command({ parameters: { operator_id: "simulate:slow" } }, 2_500);
    await server.result(slow.operation_id);
    expect(server.signs).toHaveLength(before);
  });

  test("silent by serial number: from the beginning", async () => {
    server.heartbeatSeconds = 1;
    await fleet().start(serial(912));
    await server.hello();
    const slow = server.command({ parameters: { operator_id: "simulate:slow" } }, 2_500);
    await server.result(slow.operation_id);
    expect(server.signs).toEqual([]);
  });

  test("device_fault: told from the operation on, until a check_update succeeds", async () => {
    await fleet().start(spec());
    await until(() => beats().length > 0, "a heartbeat");
    expect(beats()[0]).not.toHaveProperty("fault");
    const { operation_id } = server.command({ parameters: { operator_id: "simulate:device_fault" } });
    expect(await server.result(operation_id)).toMatchObject({ status: "COMPLETED" });
    await until(() => beats().some((beat) => "fault" in beat), "a fault");
    expect(beats().at(-1)).toMatchObject({ fault: { code: "simulated_fault" } });
    const mending = server.command({ operation: "check_update" });
    await server.result(mending.operation_id);
    await until(() => !("fault" in (beats().at(-1) ?? {})), "the end of the fault");
  });

  test("none: it tells what its check_update tells", async () => {
    await fleet().start(spec());
    await until(() => beats().length > 0, "a heartbeat");
    const { operation_id } = server.command({ operation: "check_update" });
    const { result } = await server.result(operation_id);
    expect(beats()[0]?.["telemetry"]).toMatchObject({
      software_version: (result as { current_version: string }).current_version,
      printer: expect.any(String),
      link: { type: expect.any(String) },
    });
  });
});

import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EndOfDayResult } from "@tillkeeper/contract/operations";
import { Compile } from "typebox/compile";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createVirtualFleet, type VirtualFleet } from "../src/virtual-fleet.ts";
import type { VirtualTerminalSpec } from "../src/virtual-terminal.ts";
import { password, TestBroker } from "./support/broker.ts";
import { ScriptedServer } from "./support/scripted-server.ts";
import { until } from "./support/until.ts";

const terminalId = "T00000001-T0001";
const endOfDay = Compile(EndOfDayResult);

let broker: TestBroker;
let server: ScriptedServer;
let folder: string;
let fleets: VirtualFleet[];

beforeEach(async () => {
  broker = await TestBroker.start();
  server = new ScriptedServer(broker, terminalId);
  folder = await mkdtemp(join(tmpdir(), "tillkeeper-virtual-"));
  fleets = [];
});

afterEach(async () => {
  await Promise.all(fleets.map((played) => played.stopAll()));
  await until(() => broker.openConnections === 0, "no open connection");
  server.assertNoFaults();
  await broker.close();
  await rm(folder, { recursive: true });
});

function fleet(): VirtualFleet {
  const made = createVirtualFleet({ folder: join(folder, "terminals"), durationMs: { shortest: 0, longest: 0 } });
  fleets.push(made);
  return made;
}

function spec(change: Partial<VirtualTerminalSpec> = {}): VirtualTerminalSpec {
  const serialNumber = "SIMULATED-T00000001-001";
  return { terminalId, serialNumber, mqttUrl: broker.url, username: terminalId, password, ...change };
}

async function close() {
  const { operation_id } = server.command({ operation: "end_of_day" });
  return endOfDay.Parse((await server.result(operation_id)).result);
}

const serial = (number: number) => spec({ serialNumber: `SIMULATED-T00000001-${number}` });

/** Shows that a terminal is healthy after a fault: a command without one is answered. */
async function works() {
  const { operation_id } = server.command();
  expect(await server.result(operation_id)).toMatchObject({ status: "COMPLETED" });
}

describe("a healthy virtual terminal", () => {
  test("answers all four operations as the contract says", async () => {
    await fleet().start(spec());
    await server.hello();
    for (const operation of ["end_of_day", "send_logs", "check_update", "open_menu"] as const) {
      const { operation_id } = server.command({ operation });
      expect(await server.result(operation_id)).toMatchObject({ operation, status: "COMPLETED" });
      expect(server.startsOf(operation_id)).toHaveLength(1);
    }
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

describe("faults", () => {
  test("no_answer: neither begun nor answered", async () => {
    await fleet().start(spec());
    await server.hello();
    const { operation_id } = server.command({ parameters: { operator_id: "simulate:no_answer" } });
    await works();
    expect([server.startsOf(operation_id), server.resultsOf(operation_id)]).toEqual([[], []]);
  });

  test("no_answer by serial number", async () => {
    await fleet().start(serial(901));
    await server.hello();
    const { operation_id } = server.command();
    // Another fault on this terminal is answered, so the silence is meant.
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
  ])("%i and simulate:%s", async (number, fault, expected) => {
    const played = fleet();
    await played.start(serial(number));
    await server.hello();
    expect(await server.result(server.command().operation_id)).toMatchObject(expected);
    await played.start(spec());
    await server.hello(2);
    const { operation_id } = server.command({ parameters: { operator_id: `simulate:${fault}` } });
    expect(await server.result(operation_id)).toMatchObject(expected);
    await works();
  });

  test("slow: after 70 % of the window", async () => {
    await fleet().start(serial(906));
    await server.hello();
    const command = server.command({}, 1000);
    const result = await server.result(command.operation_id);
    const took = Date.parse(result.finished_at) - Date.parse(command.created_at);
    expect(result.status).toBe("COMPLETED");
    expect(took).toBeGreaterThanOrEqual(650);
    expect(took).toBeLessThan(1000);
  });

  test("disconnect: started, gone, back, answered", async () => {
    await fleet().start(serial(907));
    await server.hello();
    const { operation_id } = server.command();
    expect(await server.result(operation_id)).toMatchObject({ status: "COMPLETED" });
    expect(server.channels).toEqual(["hello", "started", "hello", "result"]);
    expect(server.hellos[1]?.operations).toEqual([{ operation_id, phase: "started" }]);
  });

  test("an unknown fault is refused, naming the known ones", async () => {
    await fleet().start(spec());
    await server.hello();
    const { operation_id } = server.command({ parameters: { operator_id: "simulate:fire" } });
    const result = await server.result(operation_id);
    expect(result).toMatchObject({ status: "FAILED", reason: "refused", error: { code: "unknown_fault" } });
    expect(result.error?.message).toContain("busy_payment");
  });

  test("a failed close keeps the day open", async () => {
    await fleet().start(spec());
    await server.hello();
    const failed = server.command({ operation: "end_of_day", parameters: { operator_id: "simulate:failure" } });
    await server.result(failed.operation_id);
    const day = await close();
    expect(day.batch_id).toBe("000001");
    expect(day.purchases_count).toBeGreaterThan(0);
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

import { rmSync } from "node:fs";
import { join } from "node:path";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { findOpenBatches } from "../support/open-batches.ts";

const base = "/v1/admin/terminals/operations";

describe("virtual terminals, by the documented API alone", async () => {
  const folder = folderOfTests("virtual");
  const fleet = createVirtualFleet({ folder });
  // Once the server has ended.
  afterAll(async () => {
    await fleet.stopAll();
  });
  const { server, tenant } = await world({ own: { virtualTerminalHost: fleet } });
  beforeAll(async () => {
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  });

  async function register(number: string): Promise<string> {
    const body = { device_serial_number: `SIMULATED-${tenant.aid}-${number}`, store_id: "S312" };
    return (await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body })).body.terminal_id;
  }

  async function perform(terminalId: string, operation: string, more: object = {}) {
    const body = { terminal_id: terminalId, operation, ...more };
    const sent = await server.call("POST", base, { ...tenant, body });
    expect(sent.status).toBe(201);
    const get = async () => (await server.call("GET", `${base}/${sent.body.id}`, tenant)).body;
    await vi.waitUntil(async () => (await get()).status !== "PENDING");
    return get();
  }

  it("perform all four operations, and closing twice counts nothing twice", { tags: "replicas" }, async () => {
    const terminal = await register("001");
    expect(await perform(terminal, "check_update")).toMatchObject({
      status: "COMPLETED",
      result: { update_available: expect.any(Boolean) },
    });
    expect(await perform(terminal, "send_logs")).toMatchObject({
      status: "COMPLETED",
      result: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(await perform(terminal, "open_menu")).toMatchObject({ status: "COMPLETED", result: { opened: true } });
    const { status, result } = await perform(terminal, "end_of_day", { parameters: { operator_id: "Kari" } });
    expect(status).toBe("COMPLETED");
    expect(result).toMatchObject({ outcome: "accepted", currency: "NOK" });
    expect(result.purchases_count).toBeGreaterThan(0);
    expect(result.sale_amount).toBe(result.purchases_amount - result.tip_amount - result.reversals_amount);
    const again = await perform(terminal, "end_of_day");
    expect(again.result).toMatchObject({ start_of_day_at: result.last_end_of_day_at ? expect.any(String) : "" });
    expect(again.result.batch_id).not.toBe(result.batch_id);
    expect(again.result.purchases_count).toBeLessThanOrEqual(1);
  });

  it("tell what is open, which is what the next close has, unless their fault is not to", {
    tags: "replicas",
  }, async () => {
    const terminal = await register("005");
    const silent = await register("917");
    const telemetry = async (id: string) =>
      (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals/${id}/telemetry`, tenant)).body.telemetry;
    const open = async () => (await telemetry(terminal)).open_batch;
    await vi.waitUntil(open);
    const before = (await open()).value;
    const { result } = await perform(terminal, "end_of_day");
    const [told] = before.currencies;
    // At most one more purchase or reversal came between.
    const more = result.purchases_count + result.reversals_count - before.transactions_count;
    expect([0, 1]).toContain(more);
    if (more === 0) expect(result).toMatchObject(told);
    await vi.waitUntil(async () => (await open()).value.transactions_count <= 1);
    await vi.waitUntil(async () => (await telemetry(silent)).software_version);
    expect(await telemetry(silent)).not.toHaveProperty("open_batch");
  });

  it("fail on command: silent, late, twice, failing, busy", async () => {
    const terminal = await register("002");
    const order = (fault: string) => ({ timeout: 5, parameters: { operator_id: `simulate:${fault}` } });
    expect(await perform(terminal, "open_menu", order("failure"))).toMatchObject({
      status: "FAILED",
      reason: "device_error",
    });
    expect(await perform(terminal, "open_menu", order("busy_payment"))).toMatchObject({
      status: "FAILED",
      reason: "busy_payment",
    });
    expect(await perform(terminal, "open_menu", order("twice"))).toMatchObject({ status: "COMPLETED" });
    expect(await perform(terminal, "open_menu", order("disconnect"))).toMatchObject({ status: "COMPLETED" });
    const late = await perform(terminal, "open_menu", order("late_answer"));
    expect(late).toMatchObject({ status: "TIMEOUT", reason: "no_answer" });
    const get = async () => (await server.call("GET", `${base}/${late.id}`, tenant)).body;
    await vi.waitUntil(async () => (await get()).late_result !== undefined, { interval: 50 });
    expect(await get()).toMatchObject({
      status: "TIMEOUT",
      late_result: { status: "COMPLETED", result: { opened: true } },
    });
  });

  it("misbehave by serial number", async () => {
    const [silent, failing] = [await register("901"), await register("904")];
    // A close of the day that is accepted before the terminal has a device is for no device.
    const presence = `/v1/accounts/${tenant.aid}/terminals/${failing}/presence`;
    await vi.waitUntil(async () => (await server.call("GET", presence, tenant)).body.status === "online");
    const [nothing, failure] = await Promise.all([
      perform(silent, "open_menu", { timeout: 5 }),
      perform(failing, "end_of_day"),
    ]);
    expect(nothing).toMatchObject({ status: "TIMEOUT", reason: "no_answer" });
    expect(nothing).not.toHaveProperty("late_result");
    expect(failure).toMatchObject({ status: "FAILED", reason: "device_error" });
  });

  it("say what they cannot do, and are not asked for it", async () => {
    const terminal = await register("916");
    const shown = async () =>
      (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals/${terminal}`, tenant)).body;
    await vi.waitUntil(async () => (await shown()).abilities !== undefined);
    const { abilities } = await shown();
    const named = abilities.map(({ operation }: { operation: string }) => operation);
    expect(named).toEqual(["end_of_day", "send_logs", "check_update"]);
    const body = { terminal_id: terminal, operation: "open_menu" };
    const refused = await server.call("POST", base, { ...tenant, body });
    expect([refused.status, refused.body.error.code]).toEqual([409, "operation_unsupported"]);
    expect(await perform(terminal, "check_update")).toMatchObject({ status: "COMPLETED" });
  });

  it("come back after a restart of the server and finish what was accepted meanwhile", async () => {
    const terminal = await register("003");
    expect(await perform(terminal, "open_menu")).toMatchObject({ status: "COMPLETED" });
    await server.restart();
    expect(await perform(terminal, "open_menu")).toMatchObject({ status: "COMPLETED" });
  });

  it("are another device when their memory is lost: they get another address, and go on from the last close", async () => {
    const terminal = await register("004");
    const addresses = async () => {
      const text = "select address from terminal_addresses where terminal_id = $1 order by created_at";
      return (await server.db.pool.query(text, [terminal])).rows.map(({ address }) => address as string);
    };
    const before = await perform(terminal, "end_of_day");
    expect(before).toMatchObject({ status: "COMPLETED", result: { batch_id: "000001" } });
    // Told under the present address, also where the batch is the same as before.
    const isOpenKnown = async () =>
      (await findOpenBatches(server.db.sql, [{ accountId: tenant.aid, terminalId: terminal }])).size > 0;
    await vi.waitUntil(isOpenKnown);
    const [address] = await addresses();
    await fleet.stop(terminal);
    rmSync(join(folder, `${terminal}.json`));
    await server.restart();
    const closed = { batch_id: "000002", start_of_day_at: before.result.last_end_of_day_at };
    await vi.waitUntil(async () => (await addresses()).length === 2);
    await vi.waitUntil(isOpenKnown);
    expect(await perform(terminal, "end_of_day")).toMatchObject({ status: "COMPLETED", result: closed });
    expect(await addresses()).toEqual([address, expect.not.stringMatching(address as string)]);
  });

  it("run at one of two servers only, and move to the other when the first one ends", {
    tags: "replicas",
  }, async () => {
    const database = await createTestDatabase();
    const starts: string[] = [];
    const host = (name: string) => ({
      start: (spec: { terminalId: string }) => void starts.push(`${name} ${spec.terminalId}`),
      stop: () => undefined,
    });
    const first = await startTestServer({ database, virtualTerminalHost: host("first") });
    const owner = await first.account("T70000002");
    await first.call("POST", "/v1/accounts/T70000002/stores", { ...owner, body: { store_id: "S1" } });
    const add = async (number: string) => {
      const body = { device_serial_number: `SIMULATED-T70000002-${number}`, store_id: "S1" };
      await first.call("POST", "/v1/accounts/T70000002/terminals", { ...owner, body });
    };
    await add("001");
    await vi.waitUntil(() => starts.length === 1);
    const second = await startTestServer({ database, virtualTerminalHost: host("second") });
    await add("002");
    await vi.waitUntil(() => starts.length === 2);
    // The terminal added then belongs to whichever server looked first.
    expect(starts[0]).toBe("first T70000002-T0001");
    expect(starts[1]).toMatch(/ T70000002-T0002$/);
    await first.stop();
    const ofSecond = () => starts.filter((start) => start.startsWith("second")).toSorted();
    await vi.waitUntil(() => ofSecond().length === 2, { interval: 50 });
    expect(ofSecond()).toEqual(["second T70000002-T0001", "second T70000002-T0002"]);
    await second.stop();
    await database.drop();
  });

  it("are started again when one could not be, and do not wait for it", async () => {
    const starts: string[] = [];
    const own = await startTestServer({
      virtualTerminalHost: {
        start: ({ serialNumber }) => {
          starts.push(serialNumber.slice(-3));
          if (!starts.includes("002")) throw new Error("no memory");
        },
        stop: () => {
          throw new Error("does not stop");
        },
      },
    });
    const owner = await own.account("T70000003");
    await own.call("POST", "/v1/accounts/T70000003/stores", { ...owner, body: { store_id: "S1" } });
    for (const number of ["001", "002"]) {
      const body = { device_serial_number: `SIMULATED-T70000003-${number}`, store_id: "S1" };
      await own.call("POST", "/v1/accounts/T70000003/terminals", { ...owner, body });
    }
    await vi.waitUntil(() => starts.includes("002") && starts.at(-1) === "001");
    expect(starts.filter((number) => number === "002")).toHaveLength(1);
    expect((await own.call("GET", "/health/ready")).status).toBe(200);
    await own.stop();
  });
});

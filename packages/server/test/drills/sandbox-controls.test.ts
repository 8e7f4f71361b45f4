import { setTimeout as pause } from "node:timers/promises";
import { dayTotals } from "@tillkeeper/virtual-terminals/virtual/day";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startSandbox } from "../support/sandbox.ts";
import { type SandboxClient, sandboxClient } from "../support/sandbox-client.ts";

describe("the controls of a sandbox's virtual terminals", async () => {
  const fleet = createVirtualFleet({ durationMs: { shortest: 1, longest: 3 } });
  const server = await startSandbox({}, fleet);
  afterAll(async () => {
    await server.stop();
    await fleet.stopAll();
  });
  let client: SandboxClient;
  let id: string;
  beforeAll(async () => {
    client = await sandboxClient(server);
    id = client.terminalIds[0] ?? "";
    await client.until(id);
  });
  const path = () => `/sandbox/terminals/${id}`;
  const close = () => client.run(id, "end_of_day");

  it("gives a terminal another fault while it runs, and takes it away", async () => {
    expect((await client.call("GET", path())).body).toMatchObject({ terminal_id: id, in_force: true });
    expect(await client.control(id, { fault: "failure" })).toMatchObject({
      status: 200,
      body: { fault: "failure", in_force: true },
    });
    expect(await client.run(id, "open_menu")).toMatchObject({ status: "FAILED", error: { code: "simulated_failure" } });
    expect((await client.control(id, {})).body).not.toHaveProperty("fault");
    expect(await client.run(id, "open_menu")).toMatchObject({ status: "COMPLETED" });
  });

  it("ends it at its time, and heals a terminal whose serial number has a fault", async () => {
    const failing = client.terminalIds[4] ?? "";
    expect(await client.run(failing, "open_menu")).toMatchObject({ status: "FAILED" });
    const { body } = await client.control(failing, { fault: "none", for: "PT1H" });
    expect(body).toMatchObject({ fault: "none", until: expect.any(String) });
    expect(await client.run(failing, "open_menu")).toMatchObject({ status: "COMPLETED" });
    await client.call("PUT", "/sandbox/clock", { advance: "PT1H" });
    await vi.waitFor(async () => expect(await client.run(failing, "open_menu")).toMatchObject({ status: "FAILED" }));
  });

  it("restarts a terminal for what its hello says", async () => {
    await client.control(id, { fault: "no_menu" });
    await vi.waitFor(
      async () =>
        expect(await client.operate(id, "open_menu")).toMatchObject({
          status: 409,
          body: { error: { code: "operation_unsupported" } },
        }),
      { timeout: 10_000 },
    );
    await client.control(id, {});
    await vi.waitFor(async () => expect((await client.operate(id, "open_menu")).status).toBe(201), { timeout: 10_000 });
  });

  it("cuts the network, and puts it back after the time that was asked for", async () => {
    await client.control(id, { link: "down", for: "PT2S" });
    await client.until(id, "late");
    await client.until(id, "online");
    expect(await client.run(id, "open_menu")).toMatchObject({ status: "COMPLETED" });
  });

  it("has a payment go on until it ends", async () => {
    await client.control(id, { payment: true });
    expect(await client.run(id, "open_menu")).toMatchObject({ status: "FAILED", reason: "busy_payment" });
    const { body } = await client.operate(id, "open_menu", { when_busy: "wait" });
    expect((await client.read(body.id)).status).toBe("PENDING");
    await client.control(id, {});
    expect(await client.ended(body.id)).toMatchObject({ status: "COMPLETED" });
  });

  it("shows paper and battery in telemetry", async () => {
    const shown = { printer: "paper_out", battery: { percent: 3, charging: false } };
    await client.control(id, shown);
    await vi.waitFor(
      async () => {
        const { body } = await client.call("GET", `${client.account}/terminals/${id}/telemetry`);
        expect(body).toMatchObject({
          telemetry: { printer: { value: shown.printer }, battery: { value: shown.battery } },
        });
      },
      { timeout: 10_000 },
    );
    await client.control(id, {});
  });

  /** What the terminal sold by itself in the batch of a close, by which the figures of the close are more. */
  const invented = (result: Record<string, unknown> = {}) => {
    const [from, until] = [result["start_of_day_at"], result["last_end_of_day_at"]].map((at) => Date.parse(String(at)));
    return dayTotals(`SIMULATED-${client.accountId}-001`, from ?? 0, until ?? 0);
  };

  it("counts what is put into the open batch exactly once", async () => {
    await close();
    expect(await client.call("POST", `${path()}/purchases`, { amount: 12_900, tip: 900 })).toMatchObject({
      status: 201,
      body: { kind: "purchase", amount: 12_900, tip: 900, happened_at: expect.any(String) },
    });
    expect((await client.call("POST", `${path()}/refunds`, { amount: 4_900 })).status).toBe(201);
    await vi.waitFor(
      async () => {
        const { body } = await client.call<{ open_batch: { transactions_count: number } }>("GET", path());
        expect(body.open_batch.transactions_count).toBeGreaterThanOrEqual(2);
      },
      { timeout: 10_000 },
    );
    const { result } = await close();
    const sold = invented(result);
    expect(result).toMatchObject({
      purchases_count: sold.purchases_count + 1,
      purchases_amount: sold.purchases_amount + 12_900,
      tip_amount: sold.tip_amount + 900,
      reversals_count: sold.reversals_count + 1,
      reversals_amount: sold.reversals_amount + 4_900,
      sale_amount: sold.sale_amount + 12_900 - 900 - 4_900,
    });
    const { result: next } = await close();
    expect(next).toMatchObject({ ...invented(next) });
  });

  it("loses none and doubles none while the day is closed again and again", async () => {
    const amounts = Array.from({ length: 60 }, (_, n) => 1 + n);
    const progress = { closed: false };
    const buying = Promise.all(
      amounts.map(async (amount, n) => {
        await pause(40 * n);
        const { status } = await client.call("POST", `${path()}/purchases`, { amount });
        expect(status).toBe(201);
      }),
    ).finally(() => (progress.closed = true));
    let [count, amount, closes] = [0, 0, 0];
    const add = (result: Record<string, unknown> | undefined) => {
      // An operation that meets a close by hand closes nothing.
      if (!result) return;
      const sold = invented(result);
      closes += 1;
      count += Number(result["purchases_count"]) - sold.purchases_count;
      amount += Number(result["purchases_amount"]) - sold.purchases_amount;
    };
    for (let n = 0; !progress.closed; n += 1) {
      if (n % 6 !== 1) add((await close()).result);
      else add((await client.call<{ result: Record<string, unknown> }>("POST", `${path()}/closes`)).body.result);
    }
    await buying;
    await vi.waitUntil(async () => {
      const { status, result } = await close();
      add(result);
      return status === "COMPLETED";
    });
    expect(closes).toBeGreaterThan(1);
    expect([count, amount]).toEqual([60, amounts.reduce((sum, one) => sum + one, 0)]);
  });

  it("closes the day at the terminal's own menu, which the next operation at the latest has told", async () => {
    const { status, body } = await client.call<{ result: { batch_id: string } }>("POST", `${path()}/closes`);
    expect(status).toBe(201);
    expect(await close()).toMatchObject({ status: "FAILED", reason: "out_of_step" });
    const { body: list } = await client.call<object[]>("GET", `/admin/terminals/operations?terminal_id=${id}`);
    expect(list).toContainEqual(
      expect.objectContaining({
        created_by: `terminal:${id}`,
        result: expect.objectContaining({ batch_id: body.result.batch_id }),
      }),
    );
    expect(await close()).toMatchObject({ status: "COMPLETED" });
  });

  it("does not close while an operation does", async () => {
    const { body } = await client.operate(id, "end_of_day", {
      timeout: 5,
      parameters: { operator_id: "simulate:slow" },
    });
    await vi.waitUntil(async () => ((await client.read(body.id)) as unknown as { phase: string }).phase === "started");
    expect(await client.call("POST", `${path()}/closes`)).toMatchObject({
      status: 409,
      body: { error: { code: "close_under_way" } },
    });
    expect(await client.ended(body.id)).toMatchObject({ status: "COMPLETED" });
  });

  it("knows no terminals but the account's virtual ones, and refuses what makes no sense", async () => {
    const { body: real } = await client.call<{ terminal_id: string }>("POST", `${client.account}/terminals`, {
      store_id: "oslo-center",
      device_serial_number: "123456789",
    });
    for (const terminalId of [real.terminal_id, "T99999999-T0001", "nobody"]) {
      expect(await client.control(terminalId, {})).toMatchObject({
        status: 404,
        body: { error: { code: "terminal_not_found" } },
      });
    }
    const wrong = [{ fault: "unheard_of" }, { for: "PT1M", until: "2099-01-01T00:00:00Z" }, { link: "sideways" }];
    for (const body of wrong) expect((await client.control(id, body)).status).toBe(400);
    for (const body of [{ amount: 0 }, { amount: 100, tip: 101 }, {}]) {
      expect((await client.call("POST", `${path()}/purchases`, body)).status).toBe(400);
    }
  });

  it("takes back what it shows", async () => {
    await client.control(id, { printer: "paper_low", for: "PT1H" });
    const { body } = await client.call("GET", path());
    expect(await client.control(id, body)).toMatchObject({ status: 200, body: { until: body["until"] } });
    await client.control(id, {});
  });
});

import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PresentDevice, type Registered, register, watcher } from "../support/presence.ts";

describe("telemetry", async () => {
  const { server, tenant, aid } = await world({ own: { config: { tokenLifetimeSeconds: 604_800 } } });
  let see: ReturnType<typeof watcher>;
  let device: PresentDevice;
  let registered: Registered;
  let id: string;
  beforeAll(async () => {
    see = watcher(server, tenant);
    registered = await register(server, tenant, "6100001");
    device = await PresentDevice.connect(server, registered);
    id = device.terminalId;
    await device.greet();
  });
  afterAll(async () => {
    await device.leave();
  });

  const tell = (telemetry: object) => device.beat({ telemetry });
  const values = async () => {
    const { telemetry } = await see.telemetry(id);
    return Object.fromEntries(
      Object.entries<{ value: unknown }>(telemetry).map(([field, { value }]) => [field, value]),
    );
  };
  const becomes = (expected: object) => vi.waitFor(async () => expect(await values()).toEqual(expected));
  const told = async (query = "") =>
    (await see.history(id, query)).changes
      .map(({ field, value }: { field: string; value: unknown }) => [field, value])
      .toReversed();

  it("keeps the latest of each field, and blanks nothing that is not told again", { tags: "replicas" }, async () => {
    expect(await see.telemetry(id)).toEqual({ terminal_id: id, telemetry: {} });
    await tell({ software_version: "7.3.0", battery: { percent: 80, charging: false } });
    await becomes({ software_version: "7.3.0", battery: { percent: 80, charging: false } });
    const first = (await see.telemetry(id)).telemetry.software_version;
    await tell({ battery: { percent: 79 }, printer: "paper_low" });
    await becomes({ software_version: "7.3.0", battery: { percent: 79 }, printer: "paper_low" });
    await device.beat();
    server.clock.advance(86_400_000);
    await tell({ printer: "ok" });
    await becomes({ software_version: "7.3.0", battery: { percent: 79 }, printer: "ok" });
    const { software_version, printer } = (await see.telemetry(id)).telemetry;
    expect(software_version).toEqual(first);
    expect(Date.parse(printer.at) - Date.parse(software_version.at)).toBeGreaterThanOrEqual(86_400_000);
  });

  it("has a history of what changed, and only of that", { tags: "replicas" }, async () => {
    const before = await told();
    await tell({ printer: "ok" });
    await tell({ printer: "paper_out" });
    await becomes({ ...(await values()), printer: "paper_out" });
    server.clock.advance(400_000);
    const { since, at } = (await see.telemetry(id)).telemetry.printer;
    await tell({ printer: "paper_out" });
    await vi.waitUntil(async () => (await see.telemetry(id)).telemetry.printer.at > at);
    expect((await see.telemetry(id)).telemetry.printer.since).toBe(since);
    // Too soon after "ok" for the history, but recorded in the end.
    await vi.waitFor(async () => expect(await told()).toEqual([...before, ["printer", "paper_out"]]), {
      timeout: 5_000,
    });
    expect(await told("&field=battery")).toEqual([
      ["battery", { percent: 80, charging: false }],
      ["battery", { percent: 79 }],
    ]);
    const whole = (await see.history(id)).changes;
    const page = await see.get(`/v1/accounts/${aid}/terminals/${id}/telemetry/history?limit=2`);
    const rest = await see.history(id, `&starting_after=${page.starting_after}`);
    expect([...page.changes, ...rest.changes]).toEqual(whole);
    expect(await told(`&at.gte=${whole[0].at}`)).toEqual([["printer", "paper_out"]]);
    const second = `${whole[0].at.slice(0, 19)}Z`;
    expect(await told(`&at.gte=${second}&at.lte=${second}`)).toContainEqual(["printer", "paper_out"]);
  });

  it("has of many values in quick succession the first and the last in its history", async () => {
    server.clock.advance(60_000);
    const before = await told();
    const burst = Array.from({ length: 6 }, (_, number) => `burst-${number}`);
    for (const software_version of burst) {
      await tell({ software_version });
      await becomes({ ...(await values()), software_version });
    }
    expect(await told()).toEqual([...before, ["software_version", "burst-0"]]);
    server.clock.advance(10_000);
    const expected = [...before, ["software_version", "burst-0"], ["software_version", "burst-5"]];
    await vi.waitFor(async () => expect(await told()).toEqual(expected));
    // The history has it once, with the time of the report.
    const [last] = (await see.history(id)).changes;
    expect(last.at).toBe((await see.telemetry(id)).telemetry.software_version.since);
    await tell({ software_version: "burst-6" });
    await becomes({ ...(await values()), software_version: "burst-6" });
    await server.restart();
    expect(await told()).toEqual([...expected, ["software_version", "burst-6"]]);
    await device.leave();
    device = await PresentDevice.connect(server, registered);
    await device.greet();
  });

  it("has the open batch as last told, with its age, and keeps no history of it", { tags: "replicas" }, async () => {
    const history = await told();
    const shown = async () => (await see.telemetry(id)).telemetry.open_batch;
    const currencies = [{ currency: "NOK", purchases_count: 2, purchases_amount: 25_000 }];
    const batch = { transactions_count: 2, oldest_at: "2026-06-29T09:00:00Z", currencies };
    await device.tellOpenBatch({ ...batch, currencies: [{ ...currencies[0], tip_amount: 0.5 }, { currency: "nok" }] });
    await vi.waitFor(async () => expect((await shown())?.value).toEqual(batch));
    const first = await shown();
    expect(first.at).toBe(first.since);
    // Its time is of business, as the clock of a closing.
    expect(Math.abs(Date.parse(first.at) - server.clock.now().getTime())).toBeLessThan(60_000);
    server.clock.advance(60_000);
    await device.tellOpenBatch(batch);
    await vi.waitFor(async () => expect((await shown()).at).not.toBe(first.at));
    expect((await shown()).since).toBe(first.since);
    // What cannot be read at all leaves it as it is, with its age.
    await device.tellOpenBatch({ transactions_count: -1 });
    expect(await device.next("rejection")).toMatchObject({
      errors: [{ path: "/telemetry/open_batch/transactions_count" }],
    });
    await device.tellOpenBatch({ transactions_count: 0 });
    await vi.waitFor(async () => expect((await shown()).value).toEqual({ transactions_count: 0 }));
    expect(await told()).toEqual(history);
    const path = `/v1/accounts/${aid}/terminals/${id}/telemetry/history?field=open_batch`;
    expect((await see.get(path)).error.code).toBe("invalid_request");
  });

  it("ignores what this version does not know", async () => {
    const before = await values();
    await tell({ colour: "red", link: { type: "wifi", signal_percent: 50, ssid: "x".repeat(1_000) } });
    const expected = { ...before, link: { type: "wifi", signal_percent: 50 } };
    await becomes(expected);
    expect(await values()).toEqual(expected);
  });

  it("is not undone by what was told earlier and is written later, by way of another server", {
    tags: "replicas",
  }, async () => {
    server.clock.advance(60_000);
    const before = await told();
    await server.db.sql
      .updateTable("terminal_telemetry")
      .set({ at: new Date(server.clock.now().getTime() + 60_000) })
      .where("field", "=", "printer")
      .execute();
    await tell({ printer: "error", software_version: "8.0.0" });
    await becomes({ ...(await values()), software_version: "8.0.0" });
    expect((await values())["printer"]).toBe("paper_out");
    expect(await told()).toEqual([...before, ["software_version", "8.0.0"]]);
  });

  it("is kept for as long as the settings say; latest values stay for ever", { tags: "replicas" }, async () => {
    const values0 = await values();
    const days = (count: number) => new Date(server.clock.now().getTime() - count * 86_400_000);
    const changes = (await see.changes(id)).length;
    const history = (await told()).length;
    const of = { account_id: aid, terminal_id: id };
    for (const [count, uuid] of [
      [29, "0190a0b0-0000-7000-8000-000000000001"],
      [31, "0190a0b0-0000-7000-8000-000000000002"],
      [89, "0190a0b0-0000-7000-8000-000000000003"],
      [91, "0190a0b0-0000-7000-8000-000000000004"],
    ] as const) {
      const row = { ...of, id: uuid, at: days(count) };
      await server.db.sql
        .insertInto("telemetry_history")
        .values({ ...row, field: "printer", value: '"ok"' })
        .execute();
      await server.db.sql
        .insertInto("presence_changes")
        .values({ ...row, status: "online", reason: "connected" })
        .execute();
    }
    await server.db.sql
      .updateTable("terminal_telemetry")
      .set({ at: days(400), since: days(400) })
      .execute();
    await server.restart();
    await vi.waitFor(
      async () => {
        expect((await told()).length).toBe(history + 1);
        expect((await see.changes(id)).length).toBe(changes + 3);
      },
      { timeout: 10_000, interval: 50 },
    );
    expect(await values()).toEqual(values0);
  });
});

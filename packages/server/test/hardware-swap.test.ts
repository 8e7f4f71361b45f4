import { activeDevice, type Device } from "@tillkeeper/stage/devices/device";
import { PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { beginHeld } from "@tillkeeper/stage/postgres/held";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { findFormerOpenBatches, findOpenBatches } from "./support/open-batches.ts";
import { PresentDevice } from "./support/presence.ts";

describe("hardware swap", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const path = `/v1/accounts/${aid}/terminals`;
  const operations = "/v1/admin/terminals/operations";

  const swap = (id: string, serial: string, more: object = {}, who = tenant) =>
    server.call("POST", `/v1/accounts/${who.aid}/terminals/${id}/device`, {
      ...who,
      body: { device_serial_number: serial, ...more },
    });
  const get = async (below: string) => (await server.call("GET", `${path}${below}`, tenant)).body;
  const send = (id: string, operation: string) =>
    server.call("POST", operations, { ...tenant, body: { terminal_id: id, operation } });
  const idsOf = async (serial: string) =>
    (await get(`?device_serial_number=${serial}`)).terminals.map((row: { terminal_id: string }) => row.terminal_id);
  const gone = (device: Device) => new Promise<void>((resolve) => device.client.once("close", () => resolve()));

  it("puts another device in a terminal's place: identity and history stay, the old device is out at once", async () => {
    const old = await activeDevice(server, tenant, "SWAP-OLD");
    const before = await get(`/${old.terminalId}`);
    const end = gone(old);
    server.clock.advance(60_000);
    const answer = await swap(old.terminalId, "SWAP-NEW", { device_model: "S1P2", pairing_reference: "repair 9" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const { pairing, ...terminal } = answer.body;
    expect(terminal).toEqual({
      ...before,
      device_serial_number: "SWAP-NEW",
      device_model: "S1P2",
      status: "PENDING",
      status_reason: "ADDING",
      updated_at: expect.any(String),
    });
    expect(pairing).toMatchObject({ reference: "repair 9" });
    await end;
    expect((await send(old.terminalId, "open_menu")).body.error.code).toBe("operation_not_allowed");

    const paired = await (await PairingDevice.make("SWAP-NEW")).pair(server, pairing.code);
    expect(paired.body).toMatchObject({ terminal_id: old.terminalId, reference: "repair 9" });
    expect(await get(`/${old.terminalId}`)).toMatchObject({ status: "ACTION_REQUIRED" });
    const { body: history } = await server.call("GET", `${operations}?terminal_id=${old.terminalId}`, tenant);
    expect(history).toMatchObject([{ operation: "check_update", status: "COMPLETED" }]);
    const devices = await get(`/${old.terminalId}/devices`);
    expect(devices).toEqual([
      { device_serial_number: "SWAP-NEW", device_model: "S1P2", from: devices[1].until },
      {
        device_serial_number: "SWAP-OLD",
        from: before.created_at,
        until: expect.any(String),
        replaced_by: tenant.clientId,
      },
    ]);
  });

  it("forgets what the old device runs, and what was wrong with it", async () => {
    const { terminalId: id, ...entry } = await activeDevice(server, tenant, "FAULTY-OLD");
    expect((await get(`/${id}/configuration`)).reported).toMatchObject({ software_version: "1" });
    const device = await PresentDevice.connect(server, entry);
    await device.greet();
    server.clock.advance(1_000);
    await device.beat({ fault: { code: "tamper_detected" }, telemetry: { software_version: "2" } });
    await expect
      .poll(() => get(`/${id}/configuration`))
      .toMatchObject({
        reported: { software_version: "2" },
      });
    await expect.poll(() => get(`/${id}/presence`)).toHaveProperty("fault");
    expect((await swap(id, "FAULTY-NEW", {})).status).toBe(200);
    expect((await get(`/${id}/configuration`)).reported).toBeNull();
    expect((await get(`/${id}/presence`)).fault).toMatchObject({
      code: "tamper_detected",
      ended_at: expect.any(String),
    });
    await device.leave();
  });

  it("goes on showing what the old device told of itself, as told by that one", async () => {
    const { terminalId: id, ...entry } = await activeDevice(server, tenant, "TELLS-OLD");
    const old = await PresentDevice.connect(server, entry);
    await old.greet();
    await old.beat({ telemetry: { battery: { percent: 12 }, printer: "ok" } });
    const latest = async () => (await get(`/${id}/telemetry`)).telemetry;
    await expect.poll(latest).toMatchObject({
      battery: { value: { percent: 12 }, device_serial_number: "TELLS-OLD" },
      printer: { value: "ok", device_serial_number: "TELLS-OLD" },
    });
    const before = await latest();
    server.clock.advance(60_000);
    const { code } = (await swap(id, "TELLS-NEW")).body.pairing;
    await old.leave();
    expect(await latest()).toEqual(before);

    const { body } = await (await PairingDevice.make("TELLS-NEW")).pair(server, code);
    const fresh = await PresentDevice.connect(server, { address: body.address, password: body.mqtt_password });
    await fresh.greet();
    // The value of the former device, within the time in which an unchanged value is not written again.
    await fresh.beat({ telemetry: { printer: "ok" } });
    await expect.poll(latest).toEqual({
      battery: before.battery,
      printer: { value: "ok", since: expect.any(String), at: expect.any(String), device_serial_number: "TELLS-NEW" },
    });
    const { printer } = await latest();
    expect(printer.since).toBe(printer.at);
    const history = async (field: string) =>
      (await get(`/${id}/telemetry/history?field=${field}`)).changes.map(
        (change: { value: unknown; device_serial_number: string }) => [change.value, change.device_serial_number],
      );
    expect(await history("printer")).toEqual([
      ["ok", "TELLS-NEW"],
      ["ok", "TELLS-OLD"],
    ]);
    expect(await history("battery")).toEqual([[{ percent: 12 }, "TELLS-OLD"]]);
    // A repeated value is no change.
    server.clock.advance(60_000);
    await fresh.beat({ telemetry: { printer: "ok", battery: { percent: 90 } } });
    await expect.poll(latest).toMatchObject({
      battery: { value: { percent: 90 }, device_serial_number: "TELLS-NEW" },
      printer,
    });
    await fresh.leave();
  });

  it("keeps what was open at the old device with its address, and does not call it the new device's", {
    tags: "replicas",
  }, async () => {
    const old = await activeDevice(server, tenant, "OPEN-OLD");
    const id = old.terminalId;
    const key = { accountId: aid, terminalId: id };
    const shown = async () => (await get(`/${id}/telemetry`)).telemetry.open_batch;
    const former = async () => (await findFormerOpenBatches(server.db.sql, [key])).get(id);
    const present = async () => (await findOpenBatches(server.db.sql, [key])).get(id);
    const batch = { transactions_count: 3, currencies: [{ currency: "NOK", sale_amount: 1_000 }] };
    await old.tellOpenBatch(batch);
    await expect.poll(shown).toMatchObject({ value: batch, device_serial_number: "OPEN-OLD" });
    const { at } = await shown();
    expect(await present()).toEqual({ address: old.address, openBatch: batch, at: new Date(at) });
    expect(await former()).toBeUndefined();
    server.clock.advance(1_000);
    const { code } = (await swap(id, "OPEN-NEW")).body.pairing;
    const left = { address: old.address, openBatch: batch, at: new Date(at) };
    expect([await shown(), await present(), await former()]).toEqual([undefined, undefined, [left]]);

    // A report of the old device that was being written while it was replaced.
    await server.db.pool.query(
      `insert into terminal_telemetry (account_id, terminal_id, field, value, since, at, address)
       values ($1, $2, 'open_batch', '{"transactions_count": 4}', $4, $4, $3)`,
      [aid, id, old.address, server.clock.now()],
    );
    expect([await shown(), await present()]).toEqual([undefined, undefined]);
    const { body } = await (await PairingDevice.make("OPEN-NEW")).pair(server, code);
    expect((await former())?.[0]).toMatchObject({ address: old.address, openBatch: { transactions_count: 4 } });
    const fresh = await PresentDevice.connect(server, { address: body.address, password: body.mqtt_password });
    await fresh.greet();
    server.clock.advance(1_000);
    await fresh.tellOpenBatch({ transactions_count: 4 });
    await expect.poll(shown).toMatchObject({ value: { transactions_count: 4 }, device_serial_number: "OPEN-NEW" });
    expect(await present()).toMatchObject({ address: body.address });
    await fresh.leave();

    // The same terminal with another password is another device, too.
    server.clock.advance(1_000);
    await server.call("POST", `${path}/${id}/credentials`, tenant);
    expect(await shown()).toBeUndefined();
    expect((await former())?.map((one) => one.address)).toEqual([body.address, old.address]);
  });

  it("frees the old serial number; a search by serial number finds what a device is and was", async () => {
    const first = await registerForPairing(server, tenant, "TRAVELS-1");
    await swap(first.terminal_id, "TRAVELS-2");
    const second = await registerForPairing(server, tenant, "TRAVELS-1");
    expect(second.terminal_id).not.toBe(first.terminal_id);
    expect(await idsOf("TRAVELS-1")).toEqual([second.terminal_id, first.terminal_id]);
    expect(await idsOf("TRAVELS-2")).toEqual([first.terminal_id]);
    const page = await get("?device_serial_number=TRAVELS-1&limit=1");
    expect(page.starting_after).toBe(second.terminal_id);
    expect((await get(`?device_serial_number=TRAVELS-1&starting_after=${page.starting_after}`)).terminals).toHaveLength(
      1,
    );
    // The device returns: the first terminal has had it twice.
    await swap(second.terminal_id, "TRAVELS-3");
    await swap(first.terminal_id, "TRAVELS-1");
    const serials = (await get(`/${first.terminal_id}/devices`)).map(
      (device: { device_serial_number: string }) => device.device_serial_number,
    );
    expect(serials).toEqual(["TRAVELS-1", "TRAVELS-2", "TRAVELS-1"]);
    expect(await idsOf("TRAVELS-1")).toEqual([second.terminal_id, first.terminal_id]);
  });

  it("ends the code that the old device might have paired with", { tags: "replicas" }, async () => {
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, "UNPAIRED-1");
    await swap(id, "UNPAIRED-2");
    expect((await (await PairingDevice.make("UNPAIRED-1")).pair(server, pairing.code)).status).toBe(401);
    expect((await (await PairingDevice.make("UNPAIRED-2")).pair(server, pairing.code)).status).toBe(401);
    expect((await get(`/${id}/pairing-codes`)).map((row: { status: string }) => row.status)).toEqual([
      "open",
      "replaced",
    ]);
  });

  it("is refused while the device may be carrying something out, and cancels what it cannot have begun", async () => {
    const busy = await activeDevice(server, tenant, "BUSY-1");
    const { body: sent } = await send(busy.terminalId, "open_menu");
    await busy.next("command");
    await busy.say("started", { operation_id: sent.id, started_at: server.clock.now().toISOString() });
    const phase = async () => (await server.call("GET", `${operations}/${sent.id}`, tenant)).body.phase;
    await expect.poll(phase).toBe("started");
    const refused = await swap(busy.terminalId, "BUSY-2");
    expect(refused).toMatchObject({ status: 409, body: { error: { code: "operation_pending" } } });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    const { error } = refused.body;
    const { created_by, deadline } = sent;
    expect(error.errors[0].blocker).toEqual({
      id: sent.id,
      operation: "open_menu",
      created_by,
      deadline,
      phase: "started",
      expected_end: deadline,
    });
    // The answer to another operation is the same, but for where the request names the terminal.
    const [place] = error.errors;
    expect((await send(busy.terminalId, "check_update")).body.error).toEqual({
      ...error,
      errors: [{ ...place, path: "/body/terminal_id" }],
    });
    await busy.openedMenu(sent.id);
    await busy.next("receipt");
    expect((await swap(busy.terminalId, "BUSY-2")).status).toBe(200);

    const away = await activeDevice(server, tenant, "AWAY-1");
    await away.leave();
    const { body: waiting } = await send(away.terminalId, "open_menu");
    // The broker must have noticed first that the device is away.
    await expect.poll(async () => (await swap(away.terminalId, "AWAY-2")).status).toBe(200);
    expect((await server.call("GET", `${operations}/${waiting.id}`, tenant)).body).toMatchObject({
      status: "FAILED",
      reason: "cancelled",
    });
  });

  it("keeps a terminal INACTIVE whose store is suspended, and shows it PENDING afterwards", async () => {
    await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "closing" } });
    const body = { device_serial_number: "INACTIVE-1", store_id: "closing" };
    const { terminal_id: id, pairing } = (await server.call("POST", path, { ...tenant, body })).body;
    await (await PairingDevice.make("INACTIVE-1")).pair(server, pairing.code);
    await server.db.sql
      .updateTable("terminals")
      .set({ status: "INACTIVE", status_reason: null, status_before_inactive: "ACTIVE" })
      .where("terminal_id", "=", id)
      .execute();
    expect((await swap(id, "INACTIVE-2")).body).toMatchObject({ status: "INACTIVE" });
    const { rows } = await server.db.pool.query("select status_before_inactive from terminals where terminal_id = $1", [
      id,
    ]);
    expect(rows[0].status_before_inactive).toBe("PENDING");
  });

  it("refuses devices that are live in the account, virtual ones, the same one, and other accounts' terminals", async () => {
    const foreign = await server.account("T64000002");
    await registerForPairing(server, foreign, "FOREIGN-1");
    await registerForPairing(server, tenant, "TAKEN-1");
    const { terminal_id: id } = await registerForPairing(server, tenant, "REFUSED-1");
    const virtual = await registerForPairing(server, tenant, `SIMULATED-${aid}-001`);
    const cases: [string, string, number, string][] = [
      [id, "TAKEN-1", 409, "serial_number_taken"],
      [id, "Taken-1", 409, "serial_number_taken"],
      [id, "refused-1", 409, "device_unchanged"],
      [id, `SIMULATED-${aid}-009`, 409, "virtual_terminal"],
      [id, "SIMULATED-X", 400, "simulated_not_allowed"],
      [id, "a b", 400, "invalid_request"],
      [virtual.terminal_id, "REFUSED-2", 409, "virtual_terminal"],
      [`${aid}-T9999`, "REFUSED-2", 404, "terminal_not_found"],
    ];
    for (const [terminalId, serial, status, code] of cases) {
      const answer = await swap(terminalId, serial);
      expect({ serial, status: answer.status, code: answer.body.error.code }).toEqual({ serial, status, code });
      expect(JSON.stringify(answer.body)).not.toContain("T64000002");
    }
    expect((await swap(id, "REFUSED-2", {}, foreign)).body.error.code).toBe("terminal_not_found");
    // Nothing has changed.
    expect(await get(`/${id}/devices`)).toHaveLength(1);
  });

  it("gives a device to one of several terminals that want it at once", { tags: "replicas" }, async () => {
    const terminals = [];
    for (const n of [1, 2, 3, 4]) terminals.push(await registerForPairing(server, tenant, `RACE-${n}`));
    const answers = await Promise.all(terminals.map(({ terminal_id }) => swap(terminal_id, "RACE-PRIZE")));
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
    expect(await idsOf("RACE-PRIZE")).toHaveLength(1);
  });

  it("waits for whoever counts a wrong try of the code before it holds the account's log", {
    tags: "replicas",
  }, async () => {
    const { terminal_id: id } = await registerForPairing(server, tenant, "SWAP-GUESSED");
    const client = await server.db.urgent.connect();
    let swapped: ReturnType<typeof swap> | undefined;
    try {
      await client.query(beginHeld);
      await client.query("select from pairing_codes where terminal_id = $1 for update", [id]);
      swapped = swap(id, "SWAP-UNGUESSED");
      const waits = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
      await expect.poll(async () => (await server.db.pool.query(waits)).rowCount).toBe(1);
      await client.query("select from audit_heads where account_id = $1 for update nowait", [aid]);
      await client.query("commit");
    } finally {
      client.release(true);
    }
    expect((await swapped)?.status).toBe(200);
  });
});

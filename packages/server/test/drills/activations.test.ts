import { type Device, registerDevice } from "@tillkeeper/stage/devices/device";
import { beginHeld } from "@tillkeeper/stage/postgres/held";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { defaultPace } from "../../src/rollout/activations/next-step.ts";
import { claimDue } from "../../src/rollout/activations/queries.ts";

const answerOfCheck = (operationId: unknown, more: object = {}) => ({
  operation_id: operationId,
  operation: "check_update",
  status: "COMPLETED",
  finished_at: new Date().toISOString(),
  result: { current_version: "1", latest_version: "1", update_available: false, configuration_version: "1" },
  ...more,
});

describe("terminal activations", async () => {
  const { server, tenant, aid } = await world({ live: true, own: {} });
  const fresh = (): Promise<Device> => registerDevice(server, tenant);
  const pathOf = (id: string) => `/v1/admin/terminals/${id}/activations`;
  const start = (id: string, by = tenant) => server.call("POST", pathOf(id), by);
  const list = async (id: string) => (await server.call("GET", pathOf(id), tenant)).body;
  const newest = async (id: string) => (await list(id))[0];
  const terminal = async (id: string) => (await server.call("GET", `/v1/accounts/${aid}/terminals/${id}`, tenant)).body;
  const expectAttempt = async (id: string, n: number) =>
    await expect.poll(async () => (await newest(id)).attempt).toBe(n);
  const expectEnd = async (id: string, status: string) =>
    await expect.poll(async () => (await newest(id)).status).toBe(status);

  it("answers the documented fields, on both bases, newest first", async () => {
    const device = await fresh();
    const started = await start(device.terminalId);
    expect(started.status).toBe(201);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(started.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      terminal_id: device.terminalId,
      store_id: "S312",
      status: "RUNNING",
      attempt: 0,
      created_at: time,
      created_by: tenant.clientId,
      updated_at: time,
      updated_by: tenant.clientId,
      account_id: aid,
    });
    const other = `/v1/accounts/${aid}/payments${pathOf(device.terminalId).slice(3)}`;
    expect((await server.call("GET", other, tenant)).body).toMatchObject([{ id: started.body.id }]);
    const second = await server.call("POST", other, tenant);
    expect(second).toMatchObject({
      status: 409,
      body: { error: { code: "activation_running", errors: [{ running: { id: started.body.id } }] } },
    });
    await device.leave();
  });

  it("brings a new device into use: it connects, is asked, and answers", { tags: "replicas" }, async () => {
    const device = await fresh();
    await start(device.terminalId);
    // No device is there yet: the try counts, and no command is sent.
    await expectAttempt(device.terminalId, 1);
    expect(
      (await server.call("GET", `/v1/admin/terminals/operations?terminal_id=${device.terminalId}`, tenant)).body,
    ).toEqual([]);
    await device.hello();
    await device.next("welcome");
    server.clock.advance(defaultPace.everyMs);
    const command = await device.next("command");
    expect(command).toMatchObject({ operation: "check_update" });
    const operation = await server.call(
      "GET",
      `/v1/admin/terminals/operations/${String(command["operation_id"])}`,
      tenant,
    );
    expect(operation.body).toMatchObject({ created_by: "system", status: "PENDING" });
    await expectAttempt(device.terminalId, 2);
    await device.say("result", answerOfCheck(command["operation_id"]));
    await device.next("receipt");
    expect(await terminal(device.terminalId)).toMatchObject({ status: "ACTIVE" });
    server.clock.advance(1_000);
    await expectEnd(device.terminalId, "SUCCEEDED");
    expect(await newest(device.terminalId)).toMatchObject({ attempt: 2, updated_by: "system" });
    expect(await terminal(device.terminalId)).toMatchObject({ status: "ACTIVE" });
    const again = await start(device.terminalId);
    expect(again.status).toBe(201);
    expect((await list(device.terminalId)).map((row: { id: string }) => row.id)[0]).toBe(again.body.id);
    await device.leave();
  });

  it("asks again when the device fails or keeps silent, and takes any completed check_update for an answer", {
    tags: "replicas",
  }, async () => {
    const device = await fresh();
    await device.hello();
    await device.next("welcome");
    await start(device.terminalId);
    const first = await device.next("command");
    await device.say(
      "result",
      answerOfCheck(first["operation_id"], { status: "FAILED", result: undefined, reason: "host_unreachable" }),
    );
    await device.next("receipt");
    server.clock.advance(defaultPace.everyMs);
    const second = await device.next("command", 1);
    await expectAttempt(device.terminalId, 2);
    // Silence until the operation's own window ends; no further command is sent meanwhile.
    server.clock.advance(defaultPace.everyMs);
    await expectAttempt(device.terminalId, 2);
    server.clock.advance(60_000);
    await expectAttempt(device.terminalId, 3);
    // The second command may have been repeated meanwhile.
    const earlier = new Set([first["operation_id"], second["operation_id"]]);
    const isThird = ({ channel, message }: Device["received"][number]) =>
      channel === "command" && !earlier.has(message["operation_id"]);
    const third = await vi.waitUntil(() => device.received.find(isThird)?.message, { interval: 5 });
    await device.say("result", answerOfCheck(third["operation_id"]));
    await device.next("receipt", 1);
    server.clock.advance(1_000);
    await expectEnd(device.terminalId, "SUCCEEDED");
    expect(await newest(device.terminalId)).toMatchObject({ attempt: 3 });
    await device.leave();
  });

  it("gives up after so many tries, and the terminal is in ERROR until it answers after all", async () => {
    const device = await fresh();
    await start(device.terminalId);
    for (let n = 1; n <= defaultPace.tries; n += 1) {
      await expectAttempt(device.terminalId, n);
      server.clock.advance(defaultPace.everyMs);
    }
    await expectEnd(device.terminalId, "EXHAUSTED");
    expect(await newest(device.terminalId)).toMatchObject({ attempt: defaultPace.tries });
    expect(await terminal(device.terminalId)).toMatchObject({ status: "ERROR" });
    await device.hello();
    await device.next("welcome");
    expect(await terminal(device.terminalId)).toMatchObject({ status: "ERROR" });
    expect((await start(device.terminalId)).status).toBe(201);
    const command = await device.next("command");
    await device.say("result", answerOfCheck(command["operation_id"]));
    await device.next("receipt");
    server.clock.advance(1_000);
    await expectEnd(device.terminalId, "SUCCEEDED");
    expect(await terminal(device.terminalId)).toMatchObject({ status: "ACTIVE" });
    const log = await server.db.sql
      .selectFrom("audit_log")
      .select(["action", "actor"])
      .where("subject_type", "=", "activation")
      .where(
        "subject_id",
        "in",
        (await list(device.terminalId)).map((row: { id: string }) => row.id),
      )
      .orderBy("seq")
      .execute();
    expect(log).toEqual([
      { action: "activation.create", actor: tenant.clientId },
      { action: "activation.exhaust", actor: "system" },
      { action: "activation.create", actor: tenant.clientId },
      { action: "activation.succeed", actor: "system" },
    ]);
    await device.leave();
  });

  it("goes on after a restart where it stopped", { tags: "replicas" }, async () => {
    const device = await fresh();
    await start(device.terminalId);
    await expectAttempt(device.terminalId, 1);
    await device.leave();
    await server.restart();
    server.clock.advance(defaultPace.everyMs);
    await expectAttempt(device.terminalId, 2);
    expect(await newest(device.terminalId)).toMatchObject({ status: "RUNNING" });
  });

  it("ends when its terminal is deleted, and can be seen by nobody then", async () => {
    const device = await fresh();
    const { body } = await start(device.terminalId);
    await server.call("DELETE", `/v1/accounts/${aid}/terminals/${device.terminalId}`, tenant);
    server.clock.advance(defaultPace.everyMs);
    const row = () => server.db.sql.selectFrom("activations").selectAll().where("id", "=", body.id).executeTakeFirst();
    await expect.poll(async () => (await row())?.status).toBe("EXHAUSTED");
    for (const method of ["GET", "POST"]) {
      const answer = await server.call(method, pathOf(device.terminalId), tenant);
      expect(answer).toMatchObject({ status: 404, body: { error: { code: "terminal_not_found" } } });
    }
    await device.leave();
  });

  it("runs once per terminal, however many ask for it at the same moment", { tags: "replicas" }, async () => {
    const device = await fresh();
    const answers = await Promise.all(Array.from({ length: 10 }, () => start(device.terminalId)));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(9);
    await device.leave();
  });

  it("pages through many, newest first", async () => {
    const device = await fresh();
    await server.db.pool.query(
      `insert into activations select $1, gen_random_uuid(), $2, 'S312', 'EXHAUSTED', 1, now(), now(), now(), 'x', now(), 'x'
       from generate_series(1, 5)`,
      [aid, device.terminalId],
    );
    const seen: string[] = [];
    let next: string | undefined = `${pathOf(device.terminalId)}?limit=2`;
    while (next !== undefined) {
      const { body, headers }: { body: { id: string }[]; headers: Headers } = await server.call("GET", next, tenant);
      seen.push(...body.map((row) => row.id));
      next = /<(.+)>; rel="next"/.exec(headers.get("link") ?? "")?.[1];
    }
    expect(seen).toHaveLength(5);
    expect(seen).toEqual(seen.toSorted().toReversed());
    await device.leave();
  });

  it("belongs to its account, and needs the scopes of operations", async () => {
    const device = await fresh();
    await start(device.terminalId);
    const foreign = await server.account("P25000002");
    const unknown = await start(`${aid}-T9999`);
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: "terminal_not_found" } } });
    for (const method of ["GET", "POST"]) {
      const answer = await server.call(method, pathOf(device.terminalId), foreign);
      expect(answer).toMatchObject({ status: 404, body: unknown.body });
    }
    const scopes: [
      string,
      "read:checkout:/admin/terminals" | "write:checkout:/admin/terminals" | "admin:accounts",
      number,
    ][] = [
      ["GET", "read:checkout:/admin/terminals", 200],
      ["POST", "read:checkout:/admin/terminals", 403],
      ["POST", "write:checkout:/admin/terminals", 409],
      ["GET", "write:checkout:/admin/terminals", 403],
      ["GET", "admin:accounts", 403],
    ];
    for (const [index, [method, scope, status]] of scopes.entries()) {
      const { token } = await server.account(aid, { clientId: `scoped-${index}`, scopes: [scope] });
      expect((await server.call(method, pathOf(device.terminalId), { token })).status, `${method} ${scope}`).toBe(
        status,
      );
    }
    await device.leave();
  });

  it("are not held up by a terminal that another transaction has in hand", async () => {
    const [held, other] = [await fresh(), await fresh()];
    for (const device of [held, other]) {
      expect((await start(device.terminalId)).status).toBe(201);
      await expectAttempt(device.terminalId, 1);
    }
    const client = await server.db.urgent.connect();
    try {
      await client.query(beginHeld);
      await client.query("select from terminals where terminal_id = $1 for no key update", [held.terminalId]);
      await server.db.sql.transaction().execute(async (tx) => {
        const later = new Date(server.clock.now().getTime() + 3_600_000);
        const due = [];
        for (let next = await claimDue(tx, later); next; next = await claimDue(tx, later)) {
          due.push(next.terminal_id);
          await tx.updateTable("activations").set({ status: "EXHAUSTED" }).where("id", "=", next.id).execute();
        }
        expect(due).toContain(other.terminalId);
        expect(due).not.toContain(held.terminalId);
      });
    } finally {
      client.release(true);
    }
    for (const device of [held, other]) await device.leave();
  });
});

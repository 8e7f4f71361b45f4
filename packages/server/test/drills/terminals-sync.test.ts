import { nextSerial } from "@tillkeeper/stage/devices/serials";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";
import { defaultPace } from "../../src/rollout/activations/next-step.ts";
import { moveTerminals } from "../../src/terminals/record/life-cycle.ts";

/** docs.dintero.com, api-reference/account-terminals/aid_account_management_terminals_termid_sync_post. */
describe("POST …/terminals/{terminal_id}/sync", async () => {
  const { server, tenant, aid } = await world({ live: true, own: {} });
  const path = `/v1/accounts/${aid}/terminals`;
  beforeAll(async () => {
    for (const store_id of ["open", "shut"])
      await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id } });
  });

  const register = async (storeId = "open"): Promise<{ terminal_id: string; pairing: { code: string } }> => {
    const body = { device_serial_number: nextSerial(), store_id: storeId };
    return (await server.call("POST", path, { ...tenant, body })).body;
  };
  const sync = (id: string, by: Tenant = tenant) =>
    server.call("POST", `/v1/accounts/${by.aid}/terminals/${id}/sync`, by);
  const get = async (id: string) => (await server.call("GET", `${path}/${id}`, tenant)).body;
  const codesOf = async (id: string) => (await server.call("GET", `${path}/${id}/pairing-codes`, tenant)).body;
  const activations = async (id: string) =>
    (await server.call("GET", `/v1/admin/terminals/${id}/activations`, tenant)).body as {
      status: string;
      attempt: number;
    }[];
  const actionsOf = async (id: string) =>
    (await server.call("GET", `/v1/accounts/${aid}/audit?subject_id=${id}`, tenant)).body.entries.map(
      (entry: { action: string }) => entry.action,
    );
  const move = (id: string, event: Parameters<typeof moveTerminals>[2]) =>
    moveTerminals(server.db.sql, server.clock, event, { accountId: aid, terminalId: id, told: { clientId: "test" } });

  it("PENDING with ADDING: 409 for 10 minutes, after that the terminal with a new pairing code", async () => {
    const { terminal_id: id, pairing } = await register();
    expect(await get(id)).toMatchObject({ status: "PENDING", status_reason: "ADDING" });
    server.clock.advance(9 * 60_000);
    expect(await sync(id)).toMatchObject({
      status: 409,
      body: {
        error: {
          code: "TERMINAL_NOT_RETRYABLE",
          errors: [
            {
              path: "/path/terminal_id",
              terminal_status: "PENDING",
              terminal_status_reason: "ADDING",
              retryable_at: expect.stringMatching(/Z$/),
            },
          ],
        },
      },
    });
    server.clock.advance(61_000);
    const synced = await sync(id);
    expect(synced).toMatchObject({
      status: 200,
      body: { terminal_id: id, status: "PENDING", status_reason: "ADDING", pairing: { code: expect.any(String) } },
    });
    expect(synced.body.pairing.code).not.toBe(pairing.code);
    expect((await codesOf(id)).map((code: { status: string }) => code.status)).toEqual(["open", "replaced"]);
    expect(await actionsOf(id)).toContain("terminal.sync");
  });

  it("ERROR with SYNC_ERROR: an exhausted activation, and sync begins one more, once", {
    tags: "replicas",
  }, async () => {
    const { terminal_id: id } = await register();
    await server.call("POST", `/v1/admin/terminals/${id}/activations`, tenant);
    for (let attempt = 1; attempt <= defaultPace.tries; attempt += 1) {
      await expect.poll(async () => (await activations(id))[0]?.attempt).toBe(attempt);
      server.clock.advance(defaultPace.everyMs);
    }
    await expect.poll(() => get(id)).toMatchObject({ status: "ERROR", status_reason: "SYNC_ERROR" });
    const answers = await Promise.all([sync(id), sync(id), sync(id)]);
    for (const answer of answers)
      expect(answer).toMatchObject({
        status: 200,
        body: { terminal_id: id, status: "ERROR", status_reason: "SYNC_ERROR" },
      });
    expect((await activations(id)).map(({ status }) => status)).toEqual(["RUNNING", "EXHAUSTED"]);
    expect((await actionsOf(id)).filter((action: string) => action === "terminal.sync")).toHaveLength(1);
  });

  it("ERROR for another reason, ACTIVE, ACTION_REQUIRED: 409 TERMINAL_NOT_RETRYABLE", async () => {
    const { terminal_id: id } = await register();
    server.clock.advance(11 * 60_000);
    const refused = { status: 409, body: { error: { code: "TERMINAL_NOT_RETRYABLE" } } };
    await move(id, "device_connected");
    expect(await sync(id)).toMatchObject(refused);
    await move(id, "device_fault");
    expect(await get(id)).toMatchObject({ status: "ERROR" });
    expect(await get(id)).not.toHaveProperty("status_reason");
    expect(await sync(id)).toMatchObject(refused);
    // In ERROR already, an exhausted activation still makes it one that may be synced.
    await move(id, "activation_exhausted");
    expect(await get(id)).toMatchObject({ status: "ERROR", status_reason: "SYNC_ERROR" });
    await move(id, "update_checked");
    expect(await sync(id)).toMatchObject(refused);
    await move(id, "device_fault");
    expect(await get(id)).not.toHaveProperty("status_reason");
  });

  it("a store that is not ACTIVE: 400 STORE_NOT_ACTIVE, and the reason is there again when it resumes", async () => {
    const { terminal_id: id } = await register("shut");
    await move(id, "activation_exhausted");
    const store = (verb: string) => server.call("POST", `/v1/accounts/${aid}/stores/shut/${verb}`, tenant);
    expect((await store("suspend")).status).toBe(200);
    expect(await get(id)).not.toHaveProperty("status_reason");
    expect(await sync(id)).toMatchObject({ status: 400, body: { error: { code: "STORE_NOT_ACTIVE" } } });
    await store("resume");
    expect(await get(id)).toMatchObject({ status: "ERROR", status_reason: "SYNC_ERROR" });
    expect((await sync(id)).status).toBe(200);
  });

  it("a replaced device is being added anew: its 10 minutes begin again", async () => {
    const { terminal_id: id } = await register();
    server.clock.advance(11 * 60_000);
    const body = { device_serial_number: nextSerial() };
    await move(id, "device_connected");
    expect((await server.call("POST", `${path}/${id}/device`, { ...tenant, body })).status).toBe(200);
    expect(await get(id)).toMatchObject({ status: "PENDING", status_reason: "ADDING" });
    expect((await sync(id)).status).toBe(409);
    server.clock.advance(10 * 60_000 + 1_000);
    expect((await sync(id)).status).toBe(200);
  });

  it("finds nothing of another account, nor a deleted terminal, and needs a scope that may write", async () => {
    const { terminal_id: id } = await register();
    server.clock.advance(11 * 60_000);
    const foreign = await server.account();
    const unknown = await sync(`${aid}-T9999`);
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: "terminal_not_found" } } });
    expect(await sync(id, foreign)).toMatchObject({ status: 404, body: unknown.body });
    const reader = await server.account(aid, { clientId: "reader", scopes: ["read:accounts"] });
    expect(await sync(id, reader)).toMatchObject({ status: 403, body: { error: { code: "insufficient_scope" } } });
    await server.call("DELETE", `${path}/${id}`, tenant);
    expect(await sync(id)).toMatchObject({ status: 404, body: unknown.body });
  });

  // The same page, and api-reference/account-terminals: the models that answers may show.
  it.each(["SATURN1000", "Saturn_S1F4_Pro", "S1P2", "S1MINI2", "S1U2", "SIMULATOR"])(
    "takes the documented device_model %s, and any other",
    async (device_model) => {
      const body = { device_serial_number: nextSerial(), store_id: "open", device_model };
      const made = await server.call("POST", path, { ...tenant, body });
      expect(made).toMatchObject({ status: 201, body: { device_model } });
      const found = await server.call("GET", `${path}?device_model=${device_model}`, tenant);
      expect(found.body.terminals[0]).toMatchObject({ terminal_id: made.body.terminal_id });
    },
  );
});

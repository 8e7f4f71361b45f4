import { nextSerial } from "@tillkeeper/stage/devices/serials";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";
import { inTenant } from "../src/db/tenants/tenant.ts";
import { suspendTerminalsOfStore } from "../src/terminals/record/suspension.ts";

describe("update terminal", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const path = `/v1/accounts/${aid}/terminals`;
  const refs: Record<string, string> = {};

  async function register(storeId: string, more: object = {}): Promise<Record<string, string>> {
    const body = { device_serial_number: nextSerial(), store_id: storeId, ...more };
    const { pairing: _, ...terminal } = (await server.call("POST", path, { ...tenant, body })).body;
    return terminal;
  }
  const put = (id: string | undefined, body: unknown, by = tenant) =>
    server.call("PUT", `/v1/accounts/${by.aid}/terminals/${id}`, { ...by, body });
  const get = async (id: string | undefined) => (await server.call("GET", `${path}/${id}`, tenant)).body;
  const entries = (id: string | undefined) =>
    server.db.sql
      .selectFrom("audit_log")
      .selectAll()
      .where("subject_id", "=", id as string)
      .orderBy("seq")
      .execute();
  const setStore = (storeId: string, status: "ACTIVE" | "SUSPENDED" | "DELETED") =>
    server.db.sql.updateTable("stores").set({ status }).where("store_id", "=", storeId).execute();

  beforeAll(async () => {
    for (const store_id of ["first", "second", "closed", "gone"]) {
      const body = { store_id };
      refs[store_id] = (await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body })).body.id;
    }
    await setStore("closed", "SUSPENDED");
    await setStore("gone", "DELETED");
  });

  it("moves a terminal with identity and history, by either id of the store, and names its model", async () => {
    const before = await register("first");
    server.clock.advance(2_000);
    const moved = await put(before["terminal_id"], { store_id: refs["second"], device_model: "S1P2" });
    expect(moved.status).toBe(200);
    expect(moved.body).toEqual({
      ...before,
      store_id: "second",
      device_model: "S1P2",
      updated_at: expect.not.stringMatching(before["updated_at"] as string),
    });
    expect(await get(before["terminal_id"])).toEqual(moved.body);
    const back = await put(before["terminal_id"], { store_id: "first" });
    expect(back.body).toMatchObject({ id: before["id"], store_id: "first", device_model: "S1P2" });
    const stores = await server.call("GET", `/v1/accounts/${aid}/stores/second`, tenant);
    expect(stores.body).toMatchObject({ number_of_terminals: 0 });
  });

  it("writes down every change with before and after, and nothing when nothing changes", async () => {
    const { terminal_id: id } = await register("first", { device_model: "S1P2" });
    const answers = [
      await put(id, {}),
      await put(id, { store_id: "first", device_model: "S1P2" }),
      await put(id, { store_id: "second" }),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    const log = await entries(id);
    expect(log.map((entry) => entry.action)).toEqual([
      "terminal.create",
      "terminal.issue_pairing_code",
      "terminal.update",
    ]);
    expect(JSON.parse(log[2]?.entry as string)).toMatchObject({
      actor: tenant.clientId,
      subject: { type: "terminal", id },
      before: { store_id: "first", device_model: "S1P2" },
      after: { store_id: "second", device_model: "S1P2" },
    });
  });

  // docs.dintero.com, account-terminals/aid_account_management_terminals_termid_sync_post: a store must be ACTIVE (400).
  it("is put into no suspended store, neither when it is registered nor when it is moved", async () => {
    const { terminal_id: id } = await register("first");
    const refusal = {
      status: 400,
      body: { error: { code: "store_suspended", errors: [{ path: "/body/store_id" }] } },
    };
    expect(await put(id, { store_id: "closed" })).toMatchObject(refusal);
    expect(await put(id, { store_id: refs["closed"], device_model: "S1P2" })).toMatchObject(refusal);
    expect(await get(id)).toMatchObject({ status: "PENDING", store_id: "first" });
    expect(await get(id)).not.toHaveProperty("device_model");
    for (const serial of ["230000000777", `SIMULATED-${aid}-001`]) {
      const body = { device_serial_number: serial, store_id: "closed" };
      expect(await server.call("POST", path, { ...tenant, body })).toMatchObject(refusal);
      // Nothing of the refused registration is left: the number is free.
      const next = { ...body, store_id: "first" };
      expect((await server.call("POST", path, { ...tenant, body: next })).status).toBe(201);
    }
  });

  it("turns INACTIVE with its store and returns to what it was outside of it", async () => {
    const { terminal_id: id } = await register("second");
    await suspend("second");
    expect((await put(id, { device_model: "S1P2" })).body).toMatchObject({ status: "INACTIVE" });
    expect((await put(id, { store_id: "second" })).body).toMatchObject({ status: "INACTIVE" });
    expect((await put(id, { store_id: "first" })).body).toMatchObject({ status: "PENDING", status_reason: "ADDING" });
    await setStore("second", "ACTIVE");
  });

  it("refuses unknown and deleted stores, and whatever else is not documented, naming the place", async () => {
    const { terminal_id: id } = await register("first");
    const bad: [object, string][] = [
      [{ store_id: "nowhere" }, "/body/store_id"],
      [{ store_id: "gone" }, "/body/store_id"],
      [{ store_id: refs["gone"] }, "/body/store_id"],
      [{ store_id: "" }, "/body/store_id"],
      [{ store_id: null }, "/body/store_id"],
      [{ device_model: "a b" }, "/body/device_model"],
      [{ device_serial_number: "1" }, "/body/device_serial_number"],
      [{ terminal_id: "T12233302-T0001" }, "/body/terminal_id"],
      [{ state: "ACTIVE" }, "/body/state"],
    ];
    for (const [body, place] of bad) {
      const answer = await put(id, body);
      expect(answer, JSON.stringify(body)).toMatchObject({
        status: 400,
        body: { error: { errors: [{ path: place }] } },
      });
    }
    expect((await entries(id)).map((entry) => entry.action)).toEqual([
      "terminal.create",
      "terminal.issue_pairing_code",
    ]);
  });

  it("does not find what is unknown, deleted, or another account's", async () => {
    const { terminal_id: id } = await register("first");
    const foreign = await server.account();
    await server.call("POST", `/v1/accounts/${foreign.aid}/stores`, { ...foreign, body: { store_id: "theirs" } });
    const unknown = await put(`${aid}-T9999`, { store_id: "first" });
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: "terminal_not_found" } } });
    for (const body of [{ store_id: "theirs" }, { device_model: "x" }, { store_id: "first" }]) {
      expect(await put(id, body, foreign)).toMatchObject({ status: 404, body: unknown.body });
    }
    expect(await put(id, { store_id: "theirs" })).toMatchObject({ status: 400 });
    await server.call("DELETE", `${path}/${id}`, tenant);
    expect(await put(id, { store_id: "second" })).toMatchObject({ status: 404, body: unknown.body });
  });

  it("needs a scope that may write", async () => {
    const reader = await server.account(aid, { clientId: "reader", scopes: ["read:accounts"] });
    for (const method of ["PUT", "DELETE"]) {
      const answer = await server.call(method, `${path}/${aid}-T0001`, { token: reader.token, body: {} });
      expect(answer).toMatchObject({ status: 403, body: { error: { code: "insufficient_scope" } } });
    }
  });

  it("never leaves a live terminal in a store that is suspended at the same moment", { tags: "replicas" }, async () => {
    const { terminal_id: id } = await register("first");
    for (let round = 0; round < 10; round += 1) {
      await setStore("second", "ACTIVE");
      await put(id, { store_id: "first" });
      const [moved] = await Promise.all([put(id, { store_id: "second" }), suspend("second")]);
      const [store_id, status] = moved.status === 200 ? ["second", "INACTIVE"] : ["first", "PENDING"];
      expect(await get(id)).toMatchObject({ store_id, status });
    }
    await setStore("second", "ACTIVE");
  });

  it("is never registered alive in a store that is suspended at the same moment", { tags: "replicas" }, async () => {
    for (let round = 0; round < 10; round += 1) {
      await setStore("second", "ACTIVE");
      const body = { device_serial_number: `RACE-${round}`, store_id: "second" };
      const [made] = await Promise.all([server.call("POST", path, { ...tenant, body }), suspend("second")]);
      if (made.status === 201) expect(await get(made.body.terminal_id)).toMatchObject({ status: "INACTIVE" });
      else expect(made).toMatchObject({ status: 400, body: { error: { code: "store_suspended" } } });
    }
    await setStore("second", "ACTIVE");
  });

  async function suspend(storeId: string): Promise<void> {
    await inTenant(server.db, aid, async (tx) => {
      await tx.updateTable("stores").set({ status: "SUSPENDED" }).where("store_id", "=", storeId).execute();
      await suspendTerminalsOfStore(tx, server.clock, {
        accountId: aid,
        storeRef: refs[storeId] as string,
        told: { clientId: "test" },
      });
    });
  }
});

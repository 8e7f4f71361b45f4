import { beginHeld } from "@tillkeeper/stage/postgres/held";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

/** D5: two reasons, each ending by itself, and the terminals that go with the store. */
describe("suspended stores", async () => {
  // A sandbox account, which moves the cases of its own destinations.
  const { server, tenant, aid } = await world();
  const stores = `/v1/accounts/${aid}/stores`;

  const call = (method: string, path: string, body?: unknown) =>
    server.call(method, `${stores}${path}`, { token: tenant.token, ...(body !== undefined && { body }) });
  const audited = async (id: string) => {
    const log = await server.call("GET", `/v1/accounts/${aid}/audit?subject_id=${id}`, tenant);
    return log.body.entries as Record<string, unknown>[];
  };

  async function destination(id: string, caseStatus = "ACTIVE"): Promise<string> {
    await server.db.sql
      .insertInto("payout_destinations")
      .values({
        account_id: aid,
        payout_destination_id: id,
        case_status: caseStatus as "ACTIVE",
        type: "company",
        merchant_category_code: "5411",
        organization: JSON.stringify({ organization_number: "923609016", name: "Seller AS" }),
        created_at: new Date(),
      })
      .execute();
    return id;
  }

  async function move(id: string, caseStatus: string): Promise<void> {
    const answer = await server.call("PUT", `/v1/accounts/${aid}/payout-destinations/${id}/case-status`, {
      ...tenant,
      body: { case_status: caseStatus },
    });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  }

  async function addTerminal(storeId: string, serial: string, status = "ACTIVE"): Promise<void> {
    const body = { device_serial_number: serial, store_id: storeId };
    const { terminal_id } = (await server.call("POST", `/v1/accounts/${aid}/terminals`, { ...tenant, body })).body;
    await server.db.sql
      .updateTable("terminals")
      .set({ status: status as "ACTIVE" })
      .where("terminal_id", "=", terminal_id)
      .execute();
  }
  const terminalsOf = async (storeId: string) =>
    (await call("GET", `/${storeId}`)).body.terminals.map((terminal: { status: string }) => terminal.status);

  it("are suspended and resumed by the operator, their terminals with them, on record", async () => {
    const { id } = (await call("POST", "", { store_id: "A" })).body;
    await addTerminal("A", "SUSPEND-A1");
    await addTerminal("A", "SUSPEND-A2", "ERROR");
    const suspended = await call("POST", "/A/suspend");
    expect(suspended).toMatchObject({
      status: 200,
      body: {
        id,
        status: "SUSPENDED",
        suspended_by: ["operator"],
        updated_by: tenant.clientId,
        number_of_terminals: 2,
      },
    });
    expect(await terminalsOf("A")).toEqual(["INACTIVE", "INACTIVE"]);
    expect((await call("POST", `/${id}/suspend`)).body).toEqual(suspended.body);

    const resumed = await call("POST", `/${id}/resume`);
    expect(resumed).toMatchObject({ status: 200, body: { id, status: "ACTIVE" } });
    expect(resumed.body).not.toHaveProperty("suspended_by");
    expect(await terminalsOf("A")).toEqual(["ACTIVE", "ERROR"]);
    expect((await call("POST", `/${id}/resume`)).status).toBe(200);
    expect((await audited(id)).map((entry) => entry["action"])).toEqual([
      "store.resume",
      "store.suspend",
      "store.create",
    ]);
    expect((await audited(id))[1]).toMatchObject({
      actor: tenant.clientId,
      before: { status: "ACTIVE" },
      after: { status: "SUSPENDED" },
    });
  });

  it("follow their payout destination as it stops being ACTIVE and is so again", async () => {
    await destination("PD-follow");
    const body = { payout_destination: { payout_destination_id: "PD-follow" } };
    const first = (await call("POST", "", { store_id: "F1", ...body })).body;
    await call("POST", "", { store_id: "F2", ...body });
    await call("POST", "", { store_id: "F3" });
    await addTerminal("F1", "FOLLOW-1");

    await move("PD-follow", "UNDER_MANUAL_REVIEW");
    for (const storeId of ["F1", "F2"]) {
      expect((await call("GET", `/${storeId}`)).body).toMatchObject({
        status: "SUSPENDED",
        suspended_by: ["payout_destination"],
        updated_by: "system",
        payout_destination: { status: "UNDER_MANUAL_REVIEW" },
      });
    }
    expect((await call("GET", "/F3")).body.status).toBe("ACTIVE");
    expect(await terminalsOf("F1")).toEqual(["INACTIVE"]);
    // Its seller cannot get an active store by adding one.
    expect((await call("POST", "", { store_id: "F4", ...body })).body.status).toBe("SUSPENDED");
    expect((await call("PUT", "/F3", body)).body.status).toBe("SUSPENDED");

    await move("PD-follow", "ACTIVE");
    for (const storeId of ["F1", "F2", "F3", "F4"])
      expect((await call("GET", `/${storeId}`)).body.status, storeId).toBe("ACTIVE");
    expect(await terminalsOf("F1")).toEqual(["ACTIVE"]);
    const [resumed, suspended] = await audited(first.id);
    expect(suspended).toMatchObject({
      action: "store.suspend",
      actor: "system",
      before: { status: "ACTIVE", suspended_by: [] },
      after: { status: "SUSPENDED", suspended_by: ["payout_destination"] },
    });
    expect(resumed).toMatchObject({ action: "store.resume", after: { status: "ACTIVE", suspended_by: [] } });
  });

  it("stay suspended until both reasons have ended, in either order", async () => {
    await destination("PD-both");
    const body = { payout_destination: { payout_destination_id: "PD-both" } };
    await call("POST", "", { store_id: "B", ...body });
    await addTerminal("B", "BOTH-1");
    const state = async () => {
      const { status, suspended_by } = (await call("GET", "/B")).body;
      return [status, suspended_by, await terminalsOf("B")];
    };
    const both = ["SUSPENDED", ["operator", "payout_destination"], ["INACTIVE"]];

    await call("POST", "/B/suspend");
    await move("PD-both", "UNDER_MANUAL_REVIEW");
    expect(await state()).toEqual(both);
    expect((await call("POST", "/B/resume")).body.status).toBe("SUSPENDED");
    expect(await state()).toEqual(["SUSPENDED", ["payout_destination"], ["INACTIVE"]]);
    await call("POST", "/B/suspend");
    await move("PD-both", "ACTIVE");
    expect(await state()).toEqual(["SUSPENDED", ["operator"], ["INACTIVE"]]);
    await call("POST", "/B/resume");
    expect(await state()).toEqual(["ACTIVE", undefined, ["ACTIVE"]]);
  });

  it("keep the operator's reason through a replacement, and lose the other with its destination", async () => {
    await destination("PD-left");
    const body = { payout_destination: { payout_destination_id: "PD-left" } };
    for (const store_id of ["L1", "L2"]) await call("POST", "", { store_id, ...body });
    await addTerminal("L1", "LEFT-1");
    await call("POST", "/L2/suspend");
    await move("PD-left", "TERMINATED");
    expect((await call("PUT", "/L1", body)).body.suspended_by).toEqual(["payout_destination"]);
    expect((await call("PUT", "/L1", { store_name: "On its own" })).body).toMatchObject({ status: "ACTIVE" });
    expect(await terminalsOf("L1")).toEqual(["ACTIVE"]);
    expect((await call("PUT", "/L2", {})).body).toMatchObject({ status: "SUSPENDED", suspended_by: ["operator"] });
  });

  it("do not shake off a destination that has stopped by leaving it, or by being made anew", async () => {
    await destination("PD-shaken");
    const body = { payout_destination: { payout_destination_id: "PD-shaken" } };
    await call("POST", "", { store_id: "K1", ...body });
    await addTerminal("K1", "SHAKEN-1");
    await call("POST", "", { store_id: "K2", ...body });
    await move("PD-shaken", "UNDER_MANUAL_REVIEW");
    const suspended = { status: "SUSPENDED", suspended_by: ["payout_destination"] };

    // No store is left that shows the suspension.
    await call("DELETE", "/K2");
    expect((await call("PUT", "/K1", {})).body).toMatchObject({ status: "ACTIVE" });
    expect((await call("POST", "", { store_id: "K2", ...body })).body).toMatchObject(suspended);
    await call("DELETE", "/K2");
    expect((await call("PUT", "/K1", body)).body).toMatchObject(suspended);
    expect(await terminalsOf("K1")).toEqual(["INACTIVE"]);
    // Nor does another kind of review, or a review after the end, count as never having been ACTIVE.
    for (const to of ["WAITING_FOR_DETAILS", "AUTOMATIC_REVIEW", "ERROR", "DECLINED", "UNDER_MANUAL_REVIEW"]) {
      await move("PD-shaken", to);
      await call("PUT", "/K1", {});
      expect((await call("PUT", "/K1", body)).body, to).toMatchObject(suspended);
    }

    await move("PD-shaken", "ACTIVE");
    expect((await call("GET", "/K1")).body).toMatchObject({ status: "ACTIVE" });
    expect(await terminalsOf("K1")).toEqual(["ACTIVE"]);
    expect((await call("POST", "", { store_id: "K2", ...body })).body).toMatchObject({ status: "ACTIVE" });
  });

  it("begin ACTIVE while the destination is still being checked, but not when it has been refused", async () => {
    for (const [id, caseStatus, status] of [
      ["PD-checked", "AUTOMATIC_REVIEW", "ACTIVE"],
      ["PD-signed", "WAITING_FOR_SIGNATURE", "ACTIVE"],
      ["PD-refused", "DECLINED", "SUSPENDED"],
      ["PD-ended", "TERMINATED", "SUSPENDED"],
    ] as const) {
      await destination(id, caseStatus);
      const created = await call("POST", "", { payout_destination: { payout_destination_id: id } });
      expect(created, id).toMatchObject({ status: 201, body: { status } });
    }
  });

  it("can be deleted, and then nothing brings them back", async () => {
    await destination("PD-gone");
    const body = { payout_destination: { payout_destination_id: "PD-gone" } };
    const { id } = (await call("POST", "", { store_id: "G", ...body })).body;
    await move("PD-gone", "UNDER_MANUAL_REVIEW");
    expect((await call("DELETE", "/G")).body).toMatchObject({ status: "DELETED" });
    await move("PD-gone", "ACTIVE");
    expect((await call("GET", `/${id}`)).body.status).toBe("DELETED");
  });

  it("get through many changes at once without a fault", async () => {
    await destination("PD-busy");
    const body = { payout_destination: { payout_destination_id: "PD-busy" } };
    for (const store_id of ["X1", "X2", "X3"]) await call("POST", "", { store_id, ...body });
    const register = (storeId: string) => {
      const terminal = { device_serial_number: `BUSY-${storeId}`, store_id: storeId };
      return server.call("POST", `/v1/accounts/${aid}/terminals`, { ...tenant, body: terminal });
    };
    const changes = ["UNDER_MANUAL_REVIEW", "ACTIVE", "WAITING_FOR_DETAILS"].map((to) => () => move("PD-busy", to));
    const others = ["X1", "X2", "X3"].flatMap((storeId) => [
      () => call("POST", `/${storeId}/suspend`),
      () => call("PUT", `/${storeId}`, body),
      () => call("POST", `/${storeId}/resume`),
    ]);
    const registrations = ["X1", "X2", "X3"].map((storeId) => () => register(storeId));
    const inTurn = (async () => {
      for (const change of changes) await change();
    })();
    const [answers, registered] = await Promise.all([
      Promise.all(others.map((change) => change())),
      Promise.all(registrations.map((change) => change())),
    ]);
    await inTurn;
    for (const { status, body: answer } of registered)
      expect([201, "store_suspended"]).toContain(status === 201 ? status : answer.error.code);
    for (const answer of answers) expect([200, 201], JSON.stringify(answer.body)).toContain(answer.status);
    for (const storeId of ["X1", "X2", "X3"]) {
      const { status, suspended_by: reasons } = (await call("GET", `/${storeId}`)).body;
      expect(status).toBe("SUSPENDED");
      expect(reasons).toContain("payout_destination");
      for (const shown of await terminalsOf(storeId)) expect(shown).toBe("INACTIVE");
    }
  });

  it.each(["itself", "its payout destination"])(
    "do not stand in the way of whoever has a terminal in hand: suspended by %s",
    async (by) => {
      const id = `held-${by.length}`;
      await destination(id);
      const store = (await call("POST", "", { store_id: id, payout_destination: { payout_destination_id: id } })).body;
      await addTerminal(id, `HELD-${by.length}`);
      const client = await server.db.urgent.connect();
      let suspended: Promise<unknown> | undefined;
      try {
        await client.query(beginHeld);
        const held = await client.query("select from terminals where store_ref = $1 for no key update", [store.id]);
        expect([store, held.rowCount]).toEqual([expect.objectContaining({ store_id: id }), 1]);
        suspended = by === "itself" ? call("POST", `/${id}/suspend`) : move(id, "UNDER_MANUAL_REVIEW");
        const waits = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
        await expect.poll(async () => (await server.db.pool.query(waits)).rowCount).toBe(1);
        await client.query("set local lock_timeout = '300ms'");
        // The statements of a pairing device: its address, then the status. They must not wait for the store's lock.
        await client.query("update terminals set last_device = last_device + 1 where store_ref = $1", [store.id]);
        await client.query("update terminals set status_reason = null where store_ref = $1", [store.id]);
        await client.query("commit");
      } finally {
        client.release(true);
      }
      await suspended;
      expect((await call("GET", `/${id}`)).body).toMatchObject({ status: "SUSPENDED" });
      expect(await terminalsOf(id)).toEqual(["INACTIVE"]);
    },
  );
});

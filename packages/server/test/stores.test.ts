import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

describe("changing and deleting stores", async () => {
  const { server, tenant, aid } = await world({ live: true, own: {} });
  const stores = `/v1/accounts/${aid}/stores`;
  const other = await server.account("P61000002");

  const call = (method: string, path: string, body?: unknown) =>
    server.call(method, `${stores}${path}`, { token: tenant.token, ...(body !== undefined && { body }) });
  const codeOf = (answer: { body: { error: { code: string } } }) => answer.body.error.code;
  const audited = async (id: string) => {
    const log = await server.call("GET", `/v1/accounts/${aid}/audit?subject_type=store&subject_id=${id}`, tenant);
    return log.body.entries as { action: string; actor: string; before: object | null; after: object | null }[];
  };

  const full = {
    organization: { organization_number: "974760673", country: "NO", type: "main_unit", name: "A AS", trade_name: "A" },
    store_name: "First",
    email: "first@example.com",
    phone_number: "+4799999999",
    address: { address_line: "Storgata 1", postal_place: "Oslo", country: "NO", postal_code: "0155" },
    coordinates: { latitude: 59.9, longitude: 10.7 },
    website: "https://example.com",
  };

  it("replaces a store: what is sent is there, what is left out is cleared, the id stays", async () => {
    const created = (await call("POST", "", { store_id: "R1", ...full })).body;
    server.clock.advance(5_000);
    const replaced = await call("PUT", "/R1", { store_name: "Second", address: full.address });
    expect(replaced.status).toBe(200);
    expect(replaced.body).toEqual({
      store_id: "R1",
      id: created.id,
      created_at: created.created_at,
      created_by: tenant.clientId,
      updated_at: expect.any(String),
      updated_by: tenant.clientId,
      status: "ACTIVE",
      verified: false,
      number_of_terminals: 0,
      store_name: "Second",
      address: full.address,
      terminals: [],
    });
    expect(replaced.body.updated_at > created.updated_at).toBe(true);
    expect((await call("GET", "/R1")).body).toEqual(replaced.body);
    const [entry] = await audited(created.id);
    expect(entry).toMatchObject({
      action: "store.update",
      actor: tenant.clientId,
      before: { store_name: "First", email: "first@example.com" },
      after: { store_name: "Second" },
    });
    expect(entry?.after).not.toHaveProperty("email");
  });

  it("takes back what an answer showed, and by either form of the id", async () => {
    const { id } = (await call("POST", "", { store_id: "R2", ...full })).body;
    const got = (await call("GET", "/R2")).body;
    const again = await call("PUT", `/${id}`, { store_id: got.store_id, ...full });
    expect(again).toMatchObject({ status: 200, body: { ...full, store_id: "R2", id } });
    expect(await call("PUT", "/R2", { ...got, terminals: [{}] })).toMatchObject({ status: 200, body: { ...full, id } });
    const refused = await call("PUT", "/R2", { ...got, id: `${got.id.slice(0, -4)}9999` });
    expect([refused.status, refused.body.error.errors[0].path]).toEqual([400, "/body/id"]);
  });

  it("gives a store another store_id, unless a live one has it", async () => {
    const { id } = (await call("POST", "", { store_id: "R3" })).body;
    await call("POST", "", { store_id: "R4" });
    const taken = await call("PUT", "/R3", { store_id: "R4" });
    expect(taken).toMatchObject({
      status: 409,
      body: { error: { code: "store_id_taken", errors: [{ path: "/body/store_id" }] } },
    });
    expect(await call("PUT", "/R3", { store_id: "R5" })).toMatchObject({ status: 200, body: { store_id: "R5", id } });
    expect(codeOf(await call("GET", "/R3"))).toBe("store_not_found");
    expect((await call("GET", `/${id}`)).body.store_id).toBe("R5");
    await call("DELETE", "/R4");
    expect((await call("PUT", "/R5", { store_id: "R4" })).body).toMatchObject({ store_id: "R4", id });
  });

  it("lets only one of many renames at once have an id", async () => {
    await Promise.all([1, 2, 3, 4, 5, 6].map((n) => call("POST", "", { store_id: `M${n}` })));
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => call("PUT", `/M${n}`, { store_id: "M-same" })));
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409, 409, 409]);
  });

  it("holds a replacement to every rule of creation", async () => {
    await call("POST", "", { store_id: "R6", ...full });
    for (const [body, place] of [
      [{ store_id: " R" }, "/body/store_id"],
      [{ organization: { organization_number: "974760674" } }, "/body/organization/organization_number"],
      [{ address: { country: "NO" } }, "/body/address/address_line"],
      [{ phone_number: "1" }, "/body/phone_number"],
      [{ nonsense: 1 }, "/body/nonsense"],
      [{ payout_destination: { payout_destination_id: "PD-none" } }, "/body/payout_destination/payout_destination_id"],
    ] as const) {
      const answer = await call("PUT", "/R6", body);
      expect(answer.status, JSON.stringify(body)).toBe(400);
      expect(answer.body.error.errors.map((error: { path: string }) => error.path)).toContain(place);
    }
    expect((await call("GET", "/R6")).body).toMatchObject(full);
  });

  it("deletes a store without terminals, keeps its row, and gives its store_id free", async () => {
    const { id } = (await call("POST", "", { store_id: "D1", store_name: "Old" })).body;
    const deleted = await call("DELETE", "/D1");
    expect(deleted).toMatchObject({ status: 200, body: { store_id: "D1", id, status: "DELETED", store_name: "Old" } });
    expect((await call("GET", "/D1")).body.status).toBe("DELETED");
    for (const [method, path, body] of [
      ["DELETE", "/D1", undefined],
      ["PUT", "/D1", {}],
      ["PUT", `/${id}`, {}],
      ["POST", "/D1/suspend", undefined],
      ["POST", "/D1/resume", undefined],
      ["GET", "/D1/configuration", undefined],
      ["PATCH", "/D1/configuration", {}],
    ] as const) {
      const answer = await call(method, path, body);
      expect(answer, `${method} ${path}`).toMatchObject({ status: 404, body: { error: { code: "store_not_found" } } });
    }
    expect((await audited(id)).map((entry) => entry.action)).toEqual(["store.delete", "store.create"]);
    const next = await call("POST", "", { store_id: "D1", store_name: "New" });
    expect(next.status).toBe(201);
    expect((await call("GET", "/D1")).body.id).toBe(next.body.id);
    expect((await call("GET", `/${id}`)).body).toMatchObject({ status: "DELETED", store_name: "Old" });
  });

  it("does not delete a store that has live terminals", async () => {
    const { id } = (await call("POST", "", { store_id: "D2" })).body;
    const body = { device_serial_number: "D2-1", store_id: "D2" };
    const terminal = (await server.call("POST", `/v1/accounts/${aid}/terminals`, { ...tenant, body })).body;
    expect(await call("DELETE", "/D2")).toMatchObject({
      status: 409,
      body: { error: { code: "store_has_terminals" } },
    });
    await server.db.sql
      .updateTable("terminals")
      .set({ status: "DELETED" })
      .where("terminal_id", "=", terminal.terminal_id)
      .execute();
    expect((await call("DELETE", "/D2")).body).toMatchObject({ id, status: "DELETED", number_of_terminals: 0 });
  });

  it("never leaves a live terminal in a deleted store, whoever comes first", { tags: "replicas" }, async () => {
    for (let round = 0; round < 10; round += 1) {
      const storeId = `Race${round}`;
      await call("POST", "", { store_id: storeId });
      const body = { device_serial_number: `RACE-${round}`, store_id: storeId };
      await Promise.all([
        call("DELETE", `/${storeId}`),
        server.call("POST", `/v1/accounts/${aid}/terminals`, { ...tenant, body }),
      ]);
      const { status, number_of_terminals: terminals } = (await call("GET", `/${storeId}`)).body;
      expect([`DELETED 0`, `ACTIVE 1`]).toContain(`${status} ${terminals}`);
    }
  });

  it("treats stores of another account as missing, in the same words", async () => {
    const { id } = (await call("POST", "", { store_id: "T1" })).body;
    const foreign = `/v1/accounts/${other.aid}/stores`;
    for (const [method, suffix, body] of [
      ["GET", "", undefined],
      ["PUT", "", { store_name: "mine" }],
      ["DELETE", "", undefined],
      ["POST", "/suspend", undefined],
      ["POST", "/resume", undefined],
      ["GET", "/configuration", undefined],
      ["PATCH", "/configuration", { time_zone: "Europe/Paris" }],
    ] as const) {
      const ask = (storeId: string) =>
        server.call(method, `${foreign}/${storeId}${suffix}`, { ...other, ...(body && { body }) });
      const missing = await ask("P61000002-9999");
      const theirs = await ask(id);
      expect(theirs, `${method} ${suffix}`).toMatchObject({ status: 404, body: missing.body });
      const inTheirName = await server.call(method, `${stores}/T1${suffix}`, { ...other, ...(body && { body }) });
      expect(codeOf(inTheirName)).toBe("account_not_found");
    }
    expect((await call("GET", "/T1")).body).toMatchObject({ status: "ACTIVE" });
  });

  it("asks for the scopes of each path", async () => {
    await call("POST", "", { store_id: "S1" });
    const reader = await server.account(aid, { clientId: "reader", scopes: ["read:accounts"] });
    const writer = await server.account(aid, { clientId: "writer", scopes: ["write:accounts"] });
    const as = (who: Tenant, method: string, path: string, body?: unknown) =>
      server.call(method, `${stores}${path}`, { token: who.token, ...(body !== undefined && { body }) });
    expect((await as(reader, "GET", "/S1/configuration")).status).toBe(200);
    for (const [method, path, body] of [
      ["PUT", "/S1", {}],
      ["DELETE", "/S1", undefined],
      ["PATCH", "/S1/configuration", {}],
      ["POST", "/S1/suspend", undefined],
    ] as const) {
      expect(codeOf(await as(reader, method, path, body))).toBe("insufficient_scope");
    }
    expect(codeOf(await as(writer, "POST", "/S1/suspend"))).toBe("insufficient_scope");
    expect((await as(writer, "PUT", "/S1", { store_name: "By the writer" })).body.updated_by).toBe("writer");
  });
});

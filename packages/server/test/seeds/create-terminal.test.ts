import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { ownServer } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";

/** The public page "create terminal", with its request and response examples to the letter. */
describe("create terminal, as documented", async () => {
  const aid = "T12233302";
  const path = `/v1/accounts/${aid}/terminals`;
  const documentedTime = "2023-11-07T05:31:56Z";
  const server = await ownServer();
  let tenant: Tenant;
  beforeAll(async () => {
    // The clock moves before the first token is issued: at the time of the page, a token of today would be valid for
    // years.
    server.clock.moveTo(documentedTime);
    tenant = await server.account(aid);
    await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  });

  it("takes the request example as it stands and answers the fields of the response example", async () => {
    const other = await server.account("T10000001", { clientId: "1c92f7e1-2897-4d46-bdcc-c127a914fb4e" });
    await server.call("POST", "/v1/accounts/T10000001/stores", { ...other, body: { store_id: "S312" } });
    const fresh = await server.account("T10000002");
    await server.call("POST", "/v1/accounts/T10000002/stores", { ...fresh, body: { store_id: "S312" } });

    const sent = '{\n  "device_serial_number": "123456789012",\n  "store_id": "S312"\n}';
    // The clock has run on since, and the expected times have whole seconds.
    server.clock.moveTo(documentedTime);
    const answer = await server.call("POST", "/v1/accounts/T10000001/terminals", { ...other, body: sent });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      terminal_id: "T10000001-T0001",
      device_serial_number: "123456789012",
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      created_at: documentedTime,
      created_by: "1c92f7e1-2897-4d46-bdcc-c127a914fb4e",
      updated_at: documentedTime,
      store_id: "S312",
      status: "PENDING",
      // Documented for a terminal that is being added: …/aid_account_management_terminals_termid_sync_post.
      status_reason: "ADDING",
      // An addition to the page: the code that the device pairs with.
      pairing: expect.any(Object),
    });
    // D37: on sandbox accounts, each account may register the same device.
    expect((await server.call("POST", "/v1/accounts/T10000002/terminals", { ...fresh, body: sent })).status).toBe(201);
    const taken = await server.call("POST", "/v1/accounts/T10000001/terminals", { ...other, body: sent });
    expect(taken).toMatchObject({ status: 409, body: { error: { code: "serial_number_taken" } } });
  });

  it("counts terminals per account and shows the caller's store_id for either form of it", async () => {
    const stores = await server.call("GET", `/v1/accounts/${aid}/stores`, tenant);
    const first = { device_serial_number: "222222222222", store_id: "S312" };
    const second = { device_serial_number: "333333333333", store_id: stores.body.stores[0].id, device_model: "S1P2" };
    expect((await server.call("POST", path, { ...tenant, body: first })).body.terminal_id).toBe("T12233302-T0001");
    const answer = await server.call("POST", path, { ...tenant, body: second });
    expect(answer.body).toMatchObject({ terminal_id: "T12233302-T0002", store_id: "S312", device_model: "S1P2" });
    const { pairing, ...terminal } = answer.body;
    expect(pairing).toEqual({
      code: expect.any(String),
      qr_text: expect.any(String),
      expires_at: expect.any(String),
    });
    expect((await server.call("GET", `${path}/T12233302-T0002`, tenant)).body).toEqual(terminal);
    const list = await server.call("GET", `${path}?limit=1`, tenant);
    expect(list.body).toEqual({ terminals: [terminal], starting_after: "T12233302-T0002" });
    const rest = await server.call("GET", `${path}?starting_after=T12233302-T0002`, tenant);
    expect(rest.body.terminals.map((row: { terminal_id: string }) => row.terminal_id)).toEqual(["T12233302-T0001"]);
    expect(rest.body).not.toHaveProperty("starting_after");
  });

  it("makes a virtual terminal ACTIVE at once, on its own sandbox account only", async () => {
    const virtual = { device_serial_number: `SIMULATED-${aid}-001`, store_id: "S312" };
    expect((await server.call("POST", path, { ...tenant, body: virtual })).body).toMatchObject({ status: "ACTIVE" });
    for (const serial of ["SIMULATED-T99999999-001", `SIMULATED-${aid}-1`, `SIMULATED-${aid}-0001`, "simulated-x"]) {
      const body = { device_serial_number: serial, store_id: "S312" };
      const answer = await server.call("POST", path, { ...tenant, body });
      expect(answer, serial).toMatchObject({ status: 400, body: { error: { code: "simulated_not_allowed" } } });
    }
    const live = await server.account("P12233302");
    await server.call("POST", "/v1/accounts/P12233302/stores", { ...live, body: { store_id: "S1" } });
    const body = { device_serial_number: "SIMULATED-P12233302-001", store_id: "S1" };
    expect((await server.call("POST", "/v1/accounts/P12233302/terminals", { ...live, body })).status).toBe(400);
  });

  it("refuses what is not documented, naming the place", async () => {
    const bad: [object, string][] = [
      [{ store_id: "S312" }, "/body/device_serial_number"],
      [{ device_serial_number: "1" }, "/body/store_id"],
      [{ device_serial_number: "1 2", store_id: "S312" }, "/body/device_serial_number"],
      [{ device_serial_number: "1".repeat(65), store_id: "S312" }, "/body/device_serial_number"],
      [{ device_serial_number: 1, store_id: "S312" }, "/body/device_serial_number"],
      [{ device_serial_number: "1", store_id: "nowhere" }, "/body/store_id"],
      [{ device_serial_number: "1", store_id: "S312", state: "ACTIVE" }, "/body/state"],
    ];
    for (const [body, place] of bad) {
      const answer = await server.call("POST", path, { ...tenant, body });
      expect(answer.status, JSON.stringify(body)).toBe(400);
      expect(answer.body.error.errors[0].path).toBe(place);
    }
  });
});

import { randomUUID } from "node:crypto";
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { changesResource } from "@tillkeeper/contract/http/resource";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { announcement, newMaker } from "./support/releases.ts";
import { makerOf } from "./support/single-resources.ts";

const replacements = Object.values(endpoints)
  .flatMap((noun): Endpoint[] => Object.values(noun))
  .filter((row) => changesResource(row) && row.path === row.resource?.path && row.body !== undefined);

/** D35: read-only fields that a body sends back are ignored; unknown ones are refused. OpenAPI 3.1: `readOnly`. */
describe("what was read, sent back", async () => {
  const { server, tenant, aid } = await world({ own: { config: { webhooksMayBePrivate: true } } });
  const account = `/v1/accounts/${aid}`;
  const make = makerOf(server, tenant);
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    server.call(method, path, { token: tenant.token, body, headers });
  const countEntries = async () =>
    (await server.db.sql.selectFrom("audit_log").select("seq").where("account_id", "=", aid).execute()).length;
  const made = async (row: Endpoint) => {
    const ids = await make(row.path);
    return row.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(ids[name] as string));
  };

  it("is taken and changes nothing, at every resource that can be changed", async () => {
    expect(replacements.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        "aid_account_management_stores_sid_put",
        "aid_account_management_stores_sid_configuration_patch",
        "aid_account_management_terminals_termid_put",
        "auth_clients_put",
        "auth_client_grants_patch",
      ]),
    );
    for (const row of replacements) {
      const url = await made(row);
      // Defaults of a configuration become values of its own when they are sent: after that, nothing changes.
      if (row.method === "PATCH") await send("PATCH", url, (await send("GET", url)).body);
      const before = await send("GET", url);
      const entries = await countEntries();
      const headers = { "if-match": before.headers.get("etag") ?? "" };
      const answer = await send(row.method, url, before.body, headers);
      expect(answer.status, `${row.id} ${JSON.stringify(answer.body)}`).toBe(200);
      const after = await send("GET", url);
      expect(after.body, row.id).toEqual(before.body);
      expect(after.headers.get("etag"), row.id).toBe(before.headers.get("etag"));
      expect(await countEntries(), row.id).toBe(entries);
    }
  });

  it("is refused with a field that is neither shown nor known, and for ids of something else", async () => {
    for (const row of replacements) {
      const url = await made(row);
      const { body: shown } = await send("GET", url);
      const unknown = await send(row.method, url, { ...shown, nobodys_field: 1 });
      expect(unknown, row.id).toMatchObject({
        status: 400,
        body: { error: { errors: [{ path: "/body/nobodys_field", message: "is not a known field" }] } },
      });
      const ids = Object.entries((row.body as { properties: Record<string, object> }).properties).filter(
        ([name, field]) => "x-unchanged" in field && name in shown,
      );
      for (const [name] of ids) {
        const changed = await send(row.method, url, { ...shown, [name]: randomUUID() });
        expect(changed, `${row.id} ${name}`).toMatchObject({
          status: 400,
          body: { error: { code: "invalid_request", errors: [{ path: `/body/${name}` }] } },
        });
      }
      expect((await send("GET", url)).body, row.id).toEqual(shown);
    }
  });

  it("has no effect by a field that nobody may set", async () => {
    const { body: store } = await send("POST", `${account}/stores`, {
      store_name: "One",
      id: `${aid}-9999`,
      status: "SUSPENDED",
      verified: true,
      created_by: "somebody else",
      number_of_terminals: 9,
      suspended_by: ["operator"],
    });
    expect(store).toMatchObject({
      status: "ACTIVE",
      verified: false,
      created_by: tenant.clientId,
      number_of_terminals: 0,
    });
    expect(store.id).not.toBe(`${aid}-9999`);
    const grown = { ...store, status: "DELETED", verified: true, updated_by: "x", number_of_terminals: "not a number" };
    expect(await send("PUT", `${account}/stores/${store.id}`, grown)).toMatchObject({ status: 200, body: store });

    const { body: client } = await send("POST", `${account}/auth/clients`, { status: "DELETED", secrets: [] });
    expect(client).toMatchObject({ status: "ACTIVE", secrets: [{}] });
    const clientPath = `${account}/auth/clients/${client.id}`;
    const { body: shown } = await send("GET", clientPath);
    const without = await send("PUT", clientPath, { ...shown, secrets: [], status: "DELETED" });
    expect(without).toMatchObject({ status: 200, body: shown });
    // The secret is shown once, so it is no field of the client.
    expect((await send("PUT", clientPath, client)).body.error?.errors).toEqual([
      { path: "/body/client_secret", message: "is not a known field" },
    ]);
    expect((await send("PUT", clientPath, { scope: ["admin:accounts"] })).status).toBe(400);

    const audience = `https://api.dintero.com/v1/accounts/${aid}`;
    const grants = `${account}/auth/client-grants`;
    const wanted = { client_id: client.id, audience, scope: ["read:accounts"], client_account_id: "P99999999" };
    const { body: grant } = await send("POST", grants, wanted);
    expect(grant.client_account_id).toBe(aid);
    expect((await send("PATCH", `${grants}/${grant.id}`, { ...grant, created_by: "x" })).body).toEqual(grant);

    const destination = await send("POST", `${account}/payout-destinations`, {
      account_id: "P99999999",
      case_status: "ACTIVE",
    });
    expect(destination.body).toMatchObject({ account_id: aid, case_status: "AUTOMATIC_REVIEW" });

    const { body: terminal } = await send("POST", `${account}/terminals`, {
      device_serial_number: `W${randomUUID()}`,
      store_id: store.store_id,
      status: "ACTIVE",
      terminal_id: `${aid}-T9999`,
      created_by: "x",
    });
    expect(terminal).toMatchObject({ status: "PENDING", created_by: tenant.clientId });
    expect(terminal.terminal_id).not.toBe(`${aid}-T9999`);

    const maker = await newMaker(server, tenant);
    const released = { id: randomUUID(), status: "available", offered: true, created_by: "x" };
    const release = await send("POST", `${account}/releases`, { ...announcement(maker), ...released });
    expect(release.body).toMatchObject({ status: "draft", offered: false, created_by: tenant.clientId });
    expect(release.body.id).not.toBe(released.id);

    const operation = await send("POST", "/v1/admin/terminals/operations", {
      terminal_id: terminal.terminal_id,
      operation: "open_menu",
      status: "COMPLETED",
      result: {},
      account_id: "P99999999",
    });
    expect(operation.body.status ?? operation.body.error.code).not.toBe("COMPLETED");
    expect(operation.body.account_id ?? aid).toBe(aid);
  });

  it("is taken of a suspended store, of one with terminals, and with what includes adds", async () => {
    const { body: store } = await send("POST", `${account}/stores`, {
      store_name: "One",
      coordinates: { latitude: 1, longitude: 2 },
    });
    const path = `${account}/stores/${store.id}`;
    const body = { device_serial_number: `W${randomUUID()}`, store_id: store.store_id, device_model: "SATURN1000" };
    const { body: terminal } = await send("POST", `${account}/terminals`, body);
    await send("POST", `${path}/suspend`);
    for (const url of [path, `${path}?includes=operator_payout_destinations`]) {
      const { body: shown } = await send("GET", url);
      expect(await send("PUT", path, shown)).toMatchObject({ status: 200, body: { updated_at: shown.updated_at } });
    }
    const terminalPath = `${account}/terminals/${terminal.terminal_id}`;
    const { body: shown } = await send("GET", terminalPath);
    expect(shown.status).toBe("INACTIVE");
    expect(await send("PUT", terminalPath, shown)).toMatchObject({ status: 200, body: shown });
    expect((await send("PUT", terminalPath, { ...shown, device_model: "MOVE5000" })).body.device_model).toBe(
      "MOVE5000",
    );
  });

  it("makes another one by POST, of a store and of a client", async () => {
    const { body: store } = await send("POST", `${account}/stores`, { store_name: "Copied", email: "a@example.com" });
    const { store_id: _own, ...copy } = store;
    const copied = await send("POST", `${account}/stores`, copy);
    expect(copied).toMatchObject({ status: 201, body: { store_name: "Copied", email: "a@example.com" } });
    expect(copied.body.id).not.toBe(store.id);
    const { body: client } = await send("GET", `${account}/auth/clients`);
    const { client_id: _taken, ...further } = client.clients[0];
    expect((await send("POST", `${account}/auth/clients`, further)).status).toBe(201);
  });
});

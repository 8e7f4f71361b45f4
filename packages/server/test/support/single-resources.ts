import { randomUUID } from "node:crypto";
import type { SharedServer, Tenant } from "@tillkeeper/stage/servers/test-server";
import { expect } from "vitest";
import { insertStoredLog } from "./logs.ts";
import { addRelease, newMaker } from "./releases.ts";

type Ids = Record<string, string>;

/** Makes new single resources of an account, by the path of their GET. A resource without a maker fails the tests that walk all. */
export function makerOf(server: SharedServer, tenant: Tenant): (path: string) => Promise<Ids> {
  const { aid } = tenant;
  const own = { aid, oid: aid };
  const account = `/v1/accounts/${aid}`;
  const post = async (path: string, body: unknown) => {
    const answer = await server.call("POST", path, { ...tenant, body });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const store = async () => ({ ...own, store_id: (await post(`${account}/stores`, { store_name: "One" })).store_id });
  const terminal = async () => {
    const body = {
      device_serial_number: `W${randomUUID()}`,
      device_model: "SATURN1000",
      store_id: (await store()).store_id,
    };
    const { terminal_id } = await post(`${account}/terminals`, body);
    // It has been ADDING for so long that it may be synced.
    await server.db.pool.query(
      "update terminals set pending_since = pending_since - interval '1 hour' where account_id = $1 and terminal_id = $2",
      [aid, terminal_id],
    );
    return { ...own, terminal_id };
  };
  const virtualTerminal = async () => {
    const { terminals } = (await server.call("GET", `${account}/terminals?limit=100`, tenant)).body;
    const body = {
      device_serial_number: `SIMULATED-${aid}-${String(terminals.length).padStart(3, "0")}`,
      store_id: (await store()).store_id,
    };
    return { ...own, terminal_id: (await post(`${account}/terminals`, body)).terminal_id };
  };
  /** Its terminal has never been heard of: the closing waits for it. */
  const closing = async () => {
    const { terminal_id } = await virtualTerminal();
    const { store_id } = (await server.call("GET", `${account}/terminals/${terminal_id}`, tenant)).body;
    return { ...own, store_id, closing_id: (await post(`${account}/stores/${store_id}/closings`, {})).id };
  };
  const operation = async () => {
    const { terminal_id } = await virtualTerminal();
    const body = { terminal_id, operation: "open_menu", timeout: 600 };
    const { id } = await post("/v1/admin/terminals/operations", body);
    await untilSent(server, tenant, id);
    return { ...own, operation_id: id };
  };
  const log = async () => {
    const { terminal_id } = await terminal();
    return { ...own, terminal_id, log_id: await insertStoredLog(server, aid, terminal_id) };
  };
  const user = async () => {
    const { id } = await post(`${account}/users`, {
      email: `${randomUUID()}@kiosk.example`,
      name: "One",
      role: "operations",
    });
    return { ...own, id };
  };
  const client = async () => {
    const { id, secrets } = await post(`${account}/auth/clients`, { name: "One" });
    return { ...own, id, secret_id: secrets[0].id };
  };
  const grant = async () => {
    const body = {
      client_id: (await client()).id,
      audience: `https://api.dintero.com/v1/accounts/${aid}`,
      scope: ["read:accounts"],
    };
    return { ...own, id: (await post(`${account}/auth/client-grants`, body)).id };
  };
  const destination = async () => ({
    ...own,
    payout_destination_id: (await post(`${account}/payout-destinations`, { email: "one@example.com" }))
      .payout_destination_id,
  });
  const hook = async () => {
    const body = { config: { url: "http://127.0.0.1:9/" }, events: ["account_store_update"], active: false };
    return { ...own, hid: (await post(`${account}/hooks/subscriptions`, body)).id };
  };
  /** The attempt of the first ping, which has no receiver. */
  const attempt = async () => {
    const ids = await hook();
    const attempts = async () =>
      (await server.call("GET", `${account}/hooks/subscriptions/${ids.hid}/deliveries`, tenant)).body;
    await expect.poll(attempts, { timeout: 10_000 }).toHaveLength(1);
    return { ...ids, delivery_id: (await attempts())[0].id };
  };
  let maker: ReturnType<typeof newMaker> | undefined;
  const release = async () => {
    maker ??= newMaker(server, tenant);
    return { ...own, release_id: (await addRelease(server, tenant, await maker, { version: `1.${Date.now()}` })).id };
  };
  const configuration = async () => ({
    ...own,
    version: (await post(`${account}/configurations`, { content: { volume: 3 } })).version,
  });
  const makers: Record<string, () => Promise<Ids>> = {
    "/v1/accounts/:aid/stores/:store_id": store,
    "/v1/accounts/:aid/stores/:store_id/configuration": store,
    "/v1/accounts/:aid/stores/:store_id/presence": store,
    "/v1/accounts/:aid/stores/:store_id/closings/:closing_id": closing,
    "/v1/accounts/:aid/closings/mail": async () => own,
    "/v1/accounts/:aid/terminals/:terminal_id": terminal,
    "/v1/accounts/:aid/terminals/:terminal_id/configuration": terminal,
    "/v1/accounts/:aid/terminals/:terminal_id/presence": terminal,
    "/v1/accounts/:aid/terminals/:terminal_id/telemetry": terminal,
    "/v1/accounts/:aid/payments/admin/terminals/operations/:operation_id": operation,
    "/v1/admin/terminals/operations/:operation_id": operation,
    "/v1/accounts/:aid/payments/admin/terminals/:terminal_id/logs/:log_id": log,
    "/v1/admin/terminals/:terminal_id/logs/:log_id": log,
    "/v1/accounts/:aid/users/:id": user,
    "/v1/accounts/:oid/auth/clients/:id": client,
    "/v1/accounts/:oid/auth/client-grants/:id": grant,
    "/v1/accounts/:oid/payout-destinations/:payout_destination_id": destination,
    "/v1/accounts/:aid/hooks/subscriptions/:hid": hook,
    "/v1/accounts/:aid/hooks/subscriptions/:hid/deliveries/:delivery_id": attempt,
    "/v1/accounts/:aid/releases/:release_id": release,
    "/v1/accounts/:aid/configurations/:version": configuration,
  };
  return (path) => (makers[path] ?? missing(path))();
}

/** Waits until an operation of a terminal without a device was dispatched, so that its tag stays. */
export async function untilSent(server: SharedServer, tenant: Tenant, id: string): Promise<void> {
  if (!server.spreads) return;
  const phase = async () => (await server.call("GET", `/v1/admin/terminals/operations/${id}`, tenant)).body.phase;
  await expect.poll(phase).toBe("dispatched");
}

/** The bodies of actions; a change at the resource's own path sends back what it shows. */
export const actionBodies: Record<string, () => unknown> = {
  payout_destinations_case_status_put: () => ({ case_status: "ACTIVE" }),
  terminal_device_post: () => ({ device_serial_number: `W${randomUUID()}` }),
  terminal_pairing_codes_post: () => ({ reference: "job 17" }),
};

function missing(path: string): never {
  throw new Error(`${path} is a single resource: add what makes one`);
}

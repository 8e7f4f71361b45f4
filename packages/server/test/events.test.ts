import { eventKinds } from "@tillkeeper/contract/events";
import { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { nextSerial } from "@tillkeeper/stage/devices/serials";
import { world } from "@tillkeeper/stage/world";
import { Value } from "typebox/value";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createPresentEvents } from "../src/assembly/event-payloads.ts";
import { createLogger } from "../src/platform/log/log.ts";

const base = "/v1/admin/terminals/operations";

/** D33: docs/adr/0039-events.md. */
describe("events", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const account = `/v1/accounts/${aid}`;
  const call = async (method: "POST" | "GET" | "PUT" | "PATCH" | "DELETE", path: string, body?: object) => {
    const answer = await server.call(method, path, { ...tenant, ...(body && { body }) });
    expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    return answer;
  };
  const log = createLogger("silent");
  const present = () => createPresentEvents({ db: server.db, log, clock: server.clock, presenceClock: server.clock });

  /** All events of the account, once what was written has its place. */
  async function events(): Promise<EventEnvelope[]> {
    const waiting = () => server.db.sql.selectFrom("new_events").select("seq").execute();
    await vi.waitUntil(async () => (await waiting()).length === 0, { timeout: 10_000, interval: 20 });
    const all = server.db.sql.selectFrom("events").selectAll().where("account_id", "=", aid).orderBy("position");
    const rows = await all.execute();
    const shown = await present()(aid, rows);
    for (const event of shown) {
      expect([...Value.Errors(EventEnvelope, event)], event.event).toEqual([]);
      expect(event, event.event).toHaveProperty(eventKinds[event.event].object);
    }
    expect(rows.map(({ position }) => Number(position))).toEqual(rows.map((_, index) => index + 1));
    return shown;
  }
  const from = async (begin: number) => (await events()).slice(begin);
  const count = async () => (await events()).length;
  const namesOf = (list: EventEnvelope[]) => list.map(({ event, cause }) => `${event} ${cause}`);

  beforeAll(async () => {
    await call("POST", `${account}/stores`, { store_id: "first" });
    await call("POST", `${account}/stores`, { store_id: "second" });
  });

  it("of a store carry the store as the answer showed it, in the documented envelope and the attributes beside it", async () => {
    const begin = await count();
    const made = await call("POST", `${account}/stores`, { store_id: "S312", store_name: "Centrum" });
    const [added] = await from(begin);
    expect(added).toEqual({
      account_id: aid,
      event: "account_store_add",
      store: { ...made.body, operator_payout_destinations: [] },
      id: expect.stringMatching(/^[0-9a-f]{8}-\d+$/),
      specversion: "1.0",
      source: account,
      type: "account_store_add",
      subject: made.body.id,
      time: expect.stringMatching(/Z$/),
      cause: "store.create",
      store_id: made.body.id,
      actor: tenant.clientId,
      request_id: made.headers.get("request-id"),
    });
    const path = `${account}/stores/S312`;
    await call("PUT", path, { store_id: "S312", store_name: "Central" });
    // Nothing changes, so there is nothing to tell.
    await call("PUT", path, { store_id: "S312", store_name: "Central" });
    await call("PATCH", `${path}/configuration`, { business_day_starts_at: "04:00" });
    await call("POST", `${path}/suspend`);
    await call("POST", `${path}/resume`);
    const gone = await call("DELETE", path);
    const told = await from(begin);
    expect(namesOf(told)).toEqual([
      "account_store_add store.create",
      "account_store_update store.update",
      "account_store_update store.configure",
      "account_store_update store.suspend",
      "account_store_update store.resume",
      "account_store_delete store.delete",
    ]);
    expect(told[1]?.store).toMatchObject({ store_name: "Central" });
    expect(told[0]?.store).toMatchObject({ store_name: "Centrum" });
    expect(told.at(-1)?.store).toMatchObject(gone.body);
  });

  it("of a terminal tell each move once, with its state at that time", async () => {
    const begin = await count();
    const body = { device_serial_number: nextSerial(), store_id: "first" };
    const { pairing: _, ...made } = (await call("POST", `${account}/terminals`, body)).body;
    const path = `${account}/terminals/${made.terminal_id}`;
    await call("PUT", path, { device_model: "S1P2" });
    await call("POST", `${account}/stores/second/suspend`);
    await call("POST", `${account}/stores/second/resume`);
    await call("POST", `${account}/stores/first/suspend`);
    await call("POST", `${account}/stores/first/resume`);
    const { pairing: __, ...moved } = (await call("PUT", path, { store_id: "second" })).body;
    const replacement = { device_serial_number: nextSerial() };
    await call("POST", `${path}/device`, replacement);
    const deleted = (await call("DELETE", path)).body;
    const told = (await from(begin)).filter(({ subject }) => subject === made.terminal_id);
    expect(namesOf(told)).toEqual([
      "account_terminal_add terminal.create",
      "account_terminal_update terminal.update",
      "account_terminal_update store_suspended",
      "account_terminal_update store_resumed",
      "account_terminal_update terminal.update",
      "account_terminal_update terminal.replace_device",
      "account_terminal_delete deleted",
    ]);
    const shown = told.map(({ terminal }) => terminal);
    expect(shown[0]).toEqual(made);
    expect(shown[2]).toMatchObject({ status: "INACTIVE", store_id: "first", device_model: "S1P2" });
    expect(shown[4]).toEqual(moved);
    expect(shown[5]).toMatchObject(replacement);
    expect(shown[6]).toEqual(deleted);
    expect(told.map(({ store_id: id }) => id)).toEqual([
      ...Array.from({ length: 4 }, () => told[0]?.store_id),
      ...Array.from({ length: 3 }, () => told[4]?.store_id),
    ]);
  });

  it("of an operation show it as accepted and as ended, whatever has come since", async () => {
    const device = await activeDevice(server, tenant);
    const begin = await count();
    const send = async (more: object = {}) => {
      const body = { terminal_id: device.terminalId, operation: "open_menu", ...more };
      return (await call("POST", base, body)).body;
    };
    const get = async (id: string) => (await call("GET", `${base}/${id}`)).body;
    const sent = await send();
    await device.openedMenu(sent.id);
    await device.next("receipt");
    const ended = await get(sent.id);
    const late = await send({ timeout: 5 });
    server.clock.advance(6_000);
    await vi.waitUntil(async () => (await get(late.id)).status === "TIMEOUT", { timeout: 10_000, interval: 50 });
    const overdue = await get(late.id);
    await device.openedMenu(late.id);
    await device.next("receipt", 1);
    const withLate = await get(late.id);
    const told = (await from(begin)).filter(({ terminal_operation: operation }) => operation);
    expect(namesOf(told)).toEqual([
      "terminal_operation_add accepted",
      "terminal_operation_update ended",
      "terminal_operation_add accepted",
      "terminal_operation_update ended",
      "terminal_operation_update late_result",
    ]);
    // Names are read with each answer; events hold ids.
    const withoutName = ({ created_by_name: _name, ...operation }: Record<string, unknown>) => operation;
    expect(told.map(({ terminal_operation: operation }) => operation)).toEqual(
      [sent, ended, late, overdue, withLate].map(withoutName),
    );
    expect(told.map(({ actor }) => actor)).toEqual([
      tenant.clientId,
      device.terminalId,
      tenant.clientId,
      "system",
      device.terminalId,
    ]);
    await device.leave();
  });

  it("of a request that was refused, and of one that was repeated, are none", async () => {
    const device = await activeDevice(server, tenant);
    await device.leave();
    const headers = { "idempotency-key": "5ff5dcc2-e0ec-4a3b-b9a1-b2e2f6c2b4f2" };
    const begin = await count();
    const body = { terminal_id: device.terminalId, operation: "open_menu" };
    const first = await server.call("POST", base, { ...tenant, headers, body });
    await server.call("POST", base, { ...tenant, headers, body });
    expect((await server.call("POST", base, { ...tenant, body })).status).toBe(409);
    const cancelled = await call("POST", `${base}/${first.body.id}/cancel`);
    const told = (await from(begin)).filter(({ event }) => event.startsWith("terminal_operation"));
    expect(namesOf(told)).toEqual(["terminal_operation_add accepted", "terminal_operation_update ended"]);
    expect(told.map(({ request_id: id }) => id)).toEqual([
      first.headers.get("request-id"),
      cancelled.headers.get("request-id"),
    ]);
  });

  it("of presence and of a device that connects for the first time follow each other as they happened", async () => {
    const begin = await count();
    const device = await activeDevice(server, tenant);
    await device.hello();
    await device.next("welcome");
    const mine = async () => (await from(begin)).filter(({ terminal_id: id }) => id === device.terminalId);
    await vi.waitUntil(async () => (await mine()).some(({ presence }) => presence), { timeout: 10_000, interval: 50 });
    const online = (await mine()).find(({ presence }) => presence);
    expect(online).toMatchObject({
      event: "terminal_presence",
      presence: { terminal_id: device.terminalId, status: "online" },
      store_id: expect.stringMatching(aid),
    });
    await device.leave();
  });

  it("and the audit log agree: what a request changed has both, under one request id", async () => {
    const begin = await count();
    const bank = { bank_account_currency: "NOK", bank_account_country_code: "NO", bank_account_number: "86011117947" };
    const organization = { organization_number: "974760673", name: "Shop AS" };
    const destination = `${account}/payout-destinations/PD1`;
    const body = { payout_destination_id: "PD1", organization, bank_accounts: [bank] };
    await call("POST", `${account}/payout-destinations`, body);
    const address = { address_line: "Storgata 1", postal_place: "Oslo", country: "NO" };
    await call("POST", `${account}/stores`, {
      store_id: "paid",
      organization,
      payout_destination: { payout_destination_id: "PD1" },
    });
    await call("PATCH", destination, { address });
    await call("PUT", `${destination}/case-status`, { case_status: "ACTIVE" });
    await call("PUT", `${destination}/case-status`, { case_status: "TERMINATED" });
    await call("PUT", `${destination}/case-status`, { case_status: "ARCHIVED" });
    expect(namesOf(await from(begin))).toEqual([
      "account_payout_destination_add payout_destination.create",
      "account_store_add store.create",
      "account_store_update store.update",
      "account_payout_destination_update payout_destination.update",
      "account_payout_destination_update payout_destination.case_status",
      "account_store_update store.suspend",
      "account_payout_destination_update payout_destination.case_status",
      "account_payout_destination_delete payout_destination.case_status",
    ]);
    const subjects = ["store", "terminal", "payout_destination"];
    const audited = await server.db.sql
      .selectFrom("audit_log")
      .select(["entry", "action", "subject_type", "subject_id"])
      .where("account_id", "=", aid)
      .where("subject_type", "in", subjects)
      .execute();
    const requestOf = (entry: string) => (JSON.parse(entry) as { request_id: string }).request_id;
    // A new code changes nothing that others see of the terminal; what follows from it has events of its own.
    const ofCodes = new Set(["terminal.sync", "terminal.issue_pairing_code"]);
    const changes = audited.filter(({ action }) => !ofCodes.has(action));
    expect(changes.length).toBeGreaterThan(15);
    const told = await events();
    const missing = changes.filter(
      ({ entry, subject_id: subject }) =>
        !told.some((event) => event.subject === subject && event.request_id === requestOf(entry)),
    );
    expect(missing.map(({ action }) => action)).toEqual([]);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox } from "./support/sandbox.ts";
import { type SandboxClient, sandboxClient } from "./support/sandbox-client.ts";

interface Page {
  events: { id: string; type: string }[];
  last_event_id?: string;
}

describe("the reset of a sandbox", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-reset-"));
  const fleet = createVirtualFleet({ folder, durationMs: { shortest: 1, longest: 3 } });
  const server = await startSandbox({}, fleet);
  afterAll(async () => {
    await server.stop();
    await fleet.stopAll();
    rmSync(folder, { recursive: true });
  });
  let client: SandboxClient;
  let id: string;
  beforeAll(async () => {
    client = await sandboxClient(server);
    id = client.terminalIds[0] ?? "";
    await client.until(id);
  });
  const reset = () => client.call<{ store_ids: string[]; terminal_ids: string[] }>("POST", "/sandbox/reset");
  const events = (after: string) =>
    client.call<Page>("GET", `${client.account}/events?starting_after=${after}&limit=100`);

  it("takes back all that was made, within a second, under the same ids", async () => {
    const { account } = client;
    const first = await client.call<{ stores: { id: string }[] }>("GET", `${account}/stores`);
    await client.run(id, "end_of_day");
    await client.run(id, "end_of_day");
    await client.run(id, "send_logs");
    await client.control(id, { fault: "failure" });
    await client.call("POST", `/sandbox/terminals/${id}/purchases`, { amount: 100 });
    const { body: store } = await client.call<{ store_id: string }>("POST", `${account}/stores`, {
      store_name: "More",
    });
    await client.call("POST", `${account}/terminals`, { store_id: store.store_id, device_serial_number: "12345" });
    await client.call("POST", `${account}/stores/oslo-center/closings?`, {}, { prefer: "wait=10" });
    await client.call("DELETE", `${account}/terminals/${client.terminalIds[1]}`);
    const { body: hook } = await client.call<{ id: string }>("POST", `${account}/hooks/subscriptions`, {
      name: "web",
      config: { url: "http://127.0.0.1:9/", content_type: "application/json" },
      events: ["store_create"],
    });
    const { body: before } = await events("0");
    const began = performance.now();
    const { status, body } = await reset();
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(status).toBe(200);
    expect(body).toEqual({ store_ids: ["oslo-center", "bergen-harbour", "trouble"], terminal_ids: client.terminalIds });
    const after = await client.call<{ stores: { id: string }[] }>("GET", `${account}/stores`);
    expect(after.body.stores.map((one) => one.id)).toEqual(first.body.stores.map((one) => one.id));
    expect((await client.call("GET", "/admin/terminals/operations")).body).toEqual([]);
    expect((await client.call("GET", `${account}/closings`)).body).toMatchObject({ closings: [] });
    expect((await client.call("GET", `${account}/hooks/subscriptions/${hook.id}`)).status).toBe(404);
    expect((await client.call("GET", `/sandbox/terminals/${id}`)).body).not.toHaveProperty("fault");

    // A reader of the events before the reset is told that they are gone.
    expect(await events(before.last_event_id ?? "")).toMatchObject({ status: 410 });
    const { body: page } = await events("0");
    expect(page.events.map(({ type }) => type)).not.toContain("closing_start");
  });

  it("begins the terminals anew: their first batch, and nothing of before is told again", async () => {
    await client.until(id);
    const { result } = await client.run(id, "end_of_day");
    expect(result).toMatchObject({ batch_id: "000001" });
    const { body: list } = await client.call<{ created_by: string }[]>("GET", "/admin/terminals/operations");
    expect(list).toHaveLength(1);
  });

  it("leaves the audit log whole, with an entry about itself", async () => {
    const { body } = await client.call<{ entries: { action: string }[] }>(
      "GET",
      `${client.account}/audit?action=account.reset`,
    );
    expect(JSON.stringify(body)).toContain("account.reset");
  });

  it("may be asked for again at once, and at the same time", async () => {
    const all = await Promise.all([reset(), reset(), reset()]);
    for (const { status, body } of all) {
      expect(status).toBe(200);
      expect(body.store_ids).toHaveLength(3);
    }
    const { body } = await reset();
    expect(body.terminal_ids).toEqual(client.terminalIds);
    await client.until(id);
    expect((await client.run(id, "end_of_day")).result).toMatchObject({ batch_id: "000001" });
  });

  it("goes back to a snapshot: its stores, terminals and controls, under their ids, until it is forgotten", async () => {
    const { account, terminalIds } = client;
    await reset();
    const { body: zone } = await client.call("PATCH", `${account}/stores/bergen-harbour/configuration`, {
      time_zone: "Asia/Tokyo",
    });
    expect(zone).toMatchObject({ time_zone: "Asia/Tokyo" });
    const { body: kiosk } = await client.call<{ store_id: string; id: string }>("POST", `${account}/stores`, {
      store_name: "Kiosk",
      address: { address_line: "Storgata 2", postal_place: "Oslo", country: "NO" },
    });
    const serial = `SIMULATED-${client.accountId}-042`;
    const { body: till } = await client.call<{ terminal_id: string }>("POST", `${account}/terminals`, {
      store_id: kiosk.store_id,
      device_serial_number: serial,
    });
    // The ids of what is left are to stay, though one before them is gone.
    expect((await client.call("DELETE", `${account}/terminals/${terminalIds[1]}`)).status).toBe(200);
    await client.control(till.terminal_id, { fault: "failure" });
    const taken = await client.call("PUT", "/sandbox/snapshot");
    const left = [...terminalIds.filter((_id, index) => index !== 1), till.terminal_id];
    expect(taken).toMatchObject({ status: 200, body: { terminal_ids: left } });

    await client.call("DELETE", `${account}/terminals/${till.terminal_id}`);
    await client.call("DELETE", `${account}/stores/${kiosk.store_id}`);
    await client.call("POST", `${account}/stores`, { store_id: "later" });
    expect((await reset()).body.terminal_ids).toEqual(left);
    expect((await client.call("GET", `${account}/stores/later`)).status).toBe(404);
    expect((await client.call("GET", `${account}/stores/${kiosk.store_id}`)).body).toMatchObject({
      id: kiosk.id,
      store_name: "Kiosk",
      address: { address_line: "Storgata 2" },
      terminals: [{ terminal_id: till.terminal_id, device_serial_number: serial }],
    });
    expect((await client.call("GET", `${account}/stores/bergen-harbour/configuration`)).body).toMatchObject({
      time_zone: "Asia/Tokyo",
    });
    await client.until(till.terminal_id);
    expect(await client.run(till.terminal_id, "open_menu")).toMatchObject({ status: "FAILED" });

    expect((await client.call("DELETE", "/sandbox/snapshot")).status).toBe(204);
    expect((await reset()).body).toEqual({
      store_ids: ["oslo-center", "bergen-harbour", "trouble"],
      terminal_ids: terminalIds,
    });
  });
});

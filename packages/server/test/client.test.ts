import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Client, createClient, TillkeeperError } from "@tillkeeper/sdk";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { ownServer } from "@tillkeeper/stage/world";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, describe, expect, it } from "vitest";
import { announcement, newKeyPair } from "./support/releases.ts";

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("a client", async () => {
  const folder = folderOfTests("client");
  const fleet = createVirtualFleet({ folder, durationMs: { shortest: 1, longest: 3 } });
  // Once the server has ended.
  afterAll(async () => {
    await fleet.stopAll();
  });
  const server = await ownServer({
    virtualTerminalHost: fleet,
    config: { files: { kind: "folder", path: join(folder, "files") } },
  });

  /** A client of an account of its own. */
  async function newClient(accountId: string): Promise<Client> {
    const { clientId, secret: clientSecret } = await server.account(accountId);
    return createClient({ url: server.url, accountId, clientId, clientSecret });
  }

  async function newTerminal(client: Client, accountId: string) {
    await client.stores.create({ store_id: "S1" });
    return client.terminals.create({ device_serial_number: `SIMULATED-${accountId}-001`, store_id: "S1" });
  }

  it("makes stores, changes them and reads all of their pages", async () => {
    const { stores } = await newClient("T83000001");
    for (const store_id of ["S1", "S2", "S3"]) await stores.create({ store_id });
    expect(await stores.replace("S2", { store_name: "Two" })).toMatchObject({ store_id: "S2", store_name: "Two" });
    const first = await stores.list.withResponse({ limit: 1 });
    expect(first).toMatchObject({ status: 200, body: { stores: [{ store_id: "S3" }] }, replayed: false });
    expect(first.requestId).toBe(first.headers.get("request-id"));
    const rest = await collect(stores.list({ limit: 1, starting_after: first.next }));
    expect(rest.map(({ store_id, store_name }) => [store_id, store_name])).toEqual([
      ["S2", "Two"],
      ["S1", undefined],
    ]);
    await stores.patchConfiguration("S1", { time_zone: "Europe/Oslo" });
    expect(await stores.getConfiguration("S1")).toMatchObject({ time_zone: "Europe/Oslo" });
    expect((await stores.delete("S1")).status).toBe("DELETED");
    const deleted = await collect(stores.list({ status: ["DELETED", "SUSPENDED"] }));
    expect(deleted.map(({ store_id }) => store_id)).toEqual(["S1"]);
    await expect(stores.get("S9")).rejects.toBeInstanceOf(TillkeeperError);
  });

  it("sends operations, waits for their end, and repeats one safely", async () => {
    const client = await newClient("T83000002");
    const { terminal_id } = await newTerminal(client, "T83000002");
    const { operations } = client;
    const idempotencyKey = randomUUID();
    const body = { terminal_id, operation: "end_of_day" } as const;
    const sent = await operations.create.withResponse(body, { idempotencyKey });
    expect(sent).toMatchObject({ status: 201, body: { ...body, status: "PENDING" }, replayed: false });
    expect(await operations.wait(sent.body.id, { pollMs: 20 })).toMatchObject({ status: "COMPLETED" });
    const again = await operations.create.withResponse(body, { idempotencyKey });
    expect(again).toMatchObject({ status: 201, body: { id: sent.body.id }, replayed: true });
    const menu = await operations.create({ terminal_id, operation: "open_menu" });
    await operations.wait(menu.id, { pollMs: 20 });
    const all = await collect(operations.list({ terminal_id, limit: 1 }));
    expect(all.map(({ id }) => id)).toEqual([menu.id, sent.body.id]);
    await expect(operations.cancel(menu.id)).rejects.toMatchObject({ code: "operation_ended" });
  });

  it("reads the logs of a terminal and their files", async () => {
    const client = await newClient("T83000003");
    const { terminal_id } = await newTerminal(client, "T83000003");
    const { id } = await client.operations.create({ terminal_id, operation: "send_logs" });
    await client.operations.wait(id, { pollMs: 20 });
    const [log] = await collect(client.logs.list(terminal_id));
    expect(log).toMatchObject({ operation_id: id });
    const { body, headers } = await client.logs.getContent.withResponse(terminal_id, log?.id ?? "");
    expect(headers.get("content-type")).toBe("application/gzip");
    expect((await buffer(body)).length).toBe(log?.size);
  });

  it("sends the file of a release, and reads a part of it", async () => {
    const { releases, releaseKeys } = await newClient("T83000004");
    const pair = newKeyPair();
    const { key_id: keyId } = await releaseKeys.create({ name: "Mine", public_key: pair.publicKey });
    const content = randomBytes(100_000);
    const { id } = await releases.create(announcement({ ...pair, keyId }, { content }));
    expect(await releases.putFile(id, new Blob([content]))).toMatchObject({ id, status: "available" });
    expect((await buffer(await releases.getFile(id))).equals(content)).toBe(true);
    const part = await releases.getFile.withResponse(id, { headers: { range: "bytes=10-19" } });
    expect(part.status).toBe(206);
    expect((await buffer(part.body)).equals(content.subarray(10, 20))).toBe(true);
    expect((await releaseKeys.revoke(keyId)).revoked_at).toBeDefined();
  });

  it("makes payout destinations and moves their case", async () => {
    const { payoutDestinations } = await newClient("T83000005");
    await payoutDestinations.create({ payout_destination_id: "PD1" });
    expect(await payoutDestinations.moveCase("PD1", { case_status: "ACTIVE" })).toMatchObject({
      case_status: "ACTIVE",
    });
    const [found] = await collect(payoutDestinations.list({ search: "PD1" }));
    expect(found).toMatchObject({ payout_destination_id: "PD1", case_status: "ACTIVE" });
    await expect(payoutDestinations.linkStore("PD1", "T83000099", "S1")).rejects.toMatchObject({
      status: 404,
      code: "account_not_found",
    });
  });

  it("tells who is there, and who did what", async () => {
    const client = await newClient("T83000006");
    const { terminal_id } = await newTerminal(client, "T83000006");
    await expect.poll(async () => (await client.presence.ofTerminal(terminal_id)).status).toBe("online");
    expect(await collect(client.presence.list())).toMatchObject([{ store_id: "S1" }]);
    const entries = await collect(client.audit.list({ limit: 1 }));
    expect(entries.length).toBeGreaterThan(1);
    expect(entries.map(({ action }) => action)).toContain("store.create");
  });

  it("manages other clients", async () => {
    const { clients } = await newClient("T83000007");
    const made = await clients.create({ name: "Till 7" });
    expect(await clients.get(made.client_id)).toMatchObject({ name: "Till 7" });
    expect(await clients.delete(made.client_id)).toMatchObject({ status: "DELETED" });
    expect(await clients.get(made.client_id)).toMatchObject({ status: "DELETED" });
  });
});

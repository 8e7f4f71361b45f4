import { join } from "node:path";
import {
  type AnyEvent,
  type Client,
  type Closing,
  createClient,
  OperationFailedError,
  type Reset,
  TerminalBusyError,
  webhooks,
} from "@tillkeeper/sdk";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { ownServer } from "@tillkeeper/stage/world";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, describe, expect, expectTypeOf, it } from "vitest";
import { reachesTests, receiver } from "./support/hooks.ts";

describe("a client's methods that take more than one call", async () => {
  const folder = folderOfTests("client-work");
  const fleet = createVirtualFleet({ folder, durationMs: { shortest: 1, longest: 3 } });
  // Once the server has ended.
  afterAll(async () => {
    await fleet.stopAll();
  });
  const server = await ownServer({
    ...reachesTests,
    virtualTerminalHost: fleet,
    config: { ...reachesTests.config, files: { kind: "folder", path: join(folder, "files") } },
  });

  /** A client of an account of its own, with a store of terminals whose serial numbers end so. */
  async function newStore(accountId: string, ...endings: string[]): Promise<{ client: Client; ids: string[] }> {
    const { clientId, secret: clientSecret } = await server.account(accountId);
    const client = createClient({ url: server.url, accountId, clientId, clientSecret });
    await client.stores.create({ store_id: "S1" });
    const ids: string[] = [];
    for (const ending of endings) {
      const serial = { device_serial_number: `SIMULATED-${accountId}-${ending}`, store_id: "S1" };
      ids.push((await client.terminals.create(serial)).terminal_id);
    }
    for (const id of ids) await expect.poll(async () => (await client.presence.ofTerminal(id)).status).toBe("online");
    return { client, ids };
  }

  it("run an operation to its end, which has the shape of its kind", async () => {
    const { client, ids } = await newStore("T83100001", "001");
    const [terminal_id = ""] = ids;
    const { status, result } = await client.operations.run({ terminal_id, operation: "end_of_day" });
    expectTypeOf(result.batch_id).toBeString();
    expect({ status, outcome: result.outcome }).toEqual({ status: "COMPLETED", outcome: "accepted" });
    const menu = await client.operations.run({ terminal_id, operation: "open_menu" });
    expect(menu.result).toEqual({ opened: true });
  });

  it("throw what a terminal could not do, with the reason and what to do about it", async () => {
    const { client, ids } = await newStore("T83100002", "909");
    const [terminal_id = ""] = ids;
    const failed = await client.operations
      .run({ terminal_id, operation: "end_of_day" })
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(OperationFailedError);
    expect(failed).toMatchObject({
      code: "operation_failed",
      reason: "user_aborted",
      retryable: true,
      nextStep: "ask_at_terminal",
      operation: { terminal_id, status: "FAILED" },
      message:
        "The operation ended FAILED, user_aborted. Somebody at the terminal stopped it. Ask there, then send it again.",
    });
  });

  it("wait for a busy terminal, or say what it is busy with", async () => {
    const { client, ids } = await newStore("T83100003", "001");
    const [terminal_id = ""] = ids;
    const slow = { operator_id: "simulate:slow" };
    const first = await client.operations.create({
      terminal_id,
      operation: "open_menu",
      timeout: 5,
      parameters: slow,
    });
    const refused = await client.operations
      .create({ terminal_id, operation: "open_menu" })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TerminalBusyError);
    expect(refused).toMatchObject({ blocker: { id: first.id, operation: "open_menu" } });
    const second = await client.operations.run({ terminal_id, operation: "open_menu" }, { waitWhenBusy: true });
    expect(second.status).toBe("COMPLETED");
    expect((await client.operations.get(first.id)).status).toBe("COMPLETED");
  });

  it("close the day of a store, tell how it goes on, and go on when they are called again", async () => {
    const { client } = await newStore("T83100004", "001", "002", "909");
    const seen: Closing[] = [];
    const closing = await client.closings.close("S1", { onProgress: (now) => seen.push(now) });
    expect(closing).toMatchObject({ state: "partly_closed", counts: { closed: 2, failed: 1 } });
    expect(seen[0]).toMatchObject({ id: closing.id, counts: { waiting: 3 } });
    expect(seen.at(-1)).toEqual(closing);
    const again = await client.closings.close("S1", { terminals: [seen[0]?.terminals[0]?.terminal_id ?? ""] });
    expect(again.id).toBe(closing.id);
  });

  it("leave a closing that only waits for a person, and give it as it stands when the time is over", async () => {
    const { client, ids } = await newStore("T83100005", "001", "905");
    const closing = await client.closings.close("S1");
    expect(closing).toMatchObject({
      state: "running",
      counts: { closed: 1, waiting: 1 },
      terminals: [{ state: "closed" }, { terminal_id: ids[1], next_step: "finish_payment" }],
    });
    const later = await client.closings.close("S1", { until: "ended", timeoutMs: 1_500 });
    expect(later).toMatchObject({ id: closing.id, state: "running" });
  });

  it("give a closing and a month as text", async () => {
    const { client } = await newStore("T83100006", "001");
    const { id, business_day: day } = await client.closings.close("S1");
    expect(await client.closings.get.as("text/csv", "S1", id)).toMatch(/^account_id,store_id,.*\r?\nT83100006,S1,/);
    // Pages are made of reports alone, and the day is not over.
    await expect(client.closings.get.as("text/html", "S1", id, { report: 1 })).rejects.toMatchObject({
      code: "report_not_found",
    });
    expect(await client.closingReports.export({ month: day.slice(0, 7) })).toMatch(/^.*business_day.*\r?\n/);
  });

  it("give events as they come, and go on behind the last one", async () => {
    const { client } = await newStore("T83100007");
    const take = async (lastEventId: string | undefined, count: number, doing: () => Promise<unknown>) => {
      const stream = client.events.stream({ type: ["account_store_update"], lastEventId });
      const items: (AnyEvent | Reset)[] = [];
      let done: Promise<unknown> | undefined;
      const abort = setInterval(() => {
        // The first id comes with the connection, after which nothing is missed.
        if (stream.lastEventId !== undefined && !done) done = doing();
      }, 20);
      for await (const item of stream) if (items.push(item) === count) break;
      clearInterval(abort);
      await done;
      return { items, lastEventId: stream.lastEventId };
    };
    const rename = (name: string) => client.stores.replace("S1", { store_name: name });
    const { items } = await take(undefined, 1, () => rename("One"));
    expect(items).toMatchObject([{ event: "account_store_update", store: { store_name: "One" } }]);
    await rename("Two");
    await rename("Three");
    const [first] = items as AnyEvent[];
    const further = await take(first?.id, 2, async () => undefined);
    expect(further.items).toMatchObject([{ store: { store_name: "Two" } }, { store: { store_name: "Three" } }]);
    const all: string[] = [];
    for await (const event of client.events.list({ type: ["account_store_update"], limit: 1 })) {
      all.push(event.store?.store_name ?? "");
    }
    expect(all).toEqual(["One", "Two", "Three"]);
  });

  it("check what a subscription sends", async () => {
    const { client } = await newStore("T83100008");
    const shop = await receiver();
    const { signing_secret: secret } = await client.hooks.create({
      config: { url: shop.url, secret: { type: "HMAC-SHA1", value: "open sesame" } },
      events: ["account_store_update"],
    });
    await client.stores.replace("S1", { store_name: "Blåbær" });
    await expect.poll(() => shop.received.length).toBe(2);
    for (const by of [secret, "open sesame"]) {
      const events = await Promise.all(shop.received.map(({ body, headers }) => webhooks.verify(body, headers, by)));
      const named = events.map(({ event }) => event).toSorted((a, b) => a.event.localeCompare(b.event));
      expect(named).toMatchObject([
        { event: "account_store_update", store: { store_name: "Blåbær" } },
        { event: "ping" },
      ]);
    }
  });
});

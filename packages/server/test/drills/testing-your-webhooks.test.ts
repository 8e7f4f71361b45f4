import { setTimeout as sleep } from "node:timers/promises";
import { startReceiver } from "@tillkeeper/stage/receivers/receiver";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, describe, expect, it } from "vitest";
import { webhookOutcomes } from "../support/outcome-table.ts";
import { startSandbox } from "../support/sandbox.ts";
import { sandboxClient } from "../support/sandbox-client.ts";

interface Delivery {
  id: string;
  success: boolean;
}

describe("each outcome of webhooks in the guide comes by the receiver's own means", async () => {
  const fleet = createVirtualFleet({ durationMs: { shortest: 1, longest: 3 } });
  const server = await startSandbox({}, fleet);
  const client = await sandboxClient(server);
  const terminalId = client.terminalIds[0] ?? "";
  await client.until(terminalId);
  afterAll(async () => {
    await server.stop();
    await fleet.stopAll();
  });

  /** A receiver with a subscription to operations, of which the first attempt of the first event is answered `first`. */
  async function subscribe(first = 200) {
    const shop = await startReceiver();
    const taken: string[] = [];
    let failed = false;
    shop.behave(({ headers }) => {
      if (headers["event"] === "ping") return { status: 200 };
      if (!failed && first !== 200) {
        failed = true;
        return { status: first };
      }
      taken.push(headers["webhook-id"] ?? "");
      return { status: 200 };
    });
    const base = `${client.account}/hooks/subscriptions`;
    const body = { config: { url: shop.url }, events: ["terminal_operation_update"] };
    const made = await client.call<{ id: string }>("POST", base, body);
    expect(made.status).toBe(201);
    const path = `${base}/${made.body.id}`;
    const end = async () => {
      await client.call("DELETE", path);
      await shop.close();
    };
    return { shop, taken, path, end };
  }
  const position = (webhookId = "") => Number(/(\d+)$/.exec(webhookId)?.[1]);

  const walks: Record<string, () => Promise<void>> = {
    failed: async () => {
      const { shop, taken, end } = await subscribe(500);
      await client.run(terminalId, "open_menu");
      await expect.poll(() => shop.events().length).toBeGreaterThan(0);
      const first = shop.events()[0];
      const id = first?.headers["webhook-id"] ?? "none";
      expect(taken).not.toContain(id);
      await expect.poll(() => taken, { timeout: 15_000 }).toContain(id);
      const attempts = shop.events().filter(({ headers }) => headers["webhook-id"] === id);
      expect(attempts.map(({ body }) => body)).toEqual([first?.body, first?.body]);
      await end();
    },
    lost: async () => {
      const { shop, path, end } = await subscribe();
      const since = new Date(Date.now() - 1_000).toISOString();
      await client.call("POST", `${path}/pause`);
      const lost = await client.run(terminalId, "open_menu");
      // Its event is taken up to a tenth of a second later; an event taken after the resume is sent.
      await sleep(1_000);
      expect((await client.call("POST", `${path}/resume`, {})).status).toBeLessThan(300);
      const next = await client.run(terminalId, "open_menu");
      const came = (id: string) => shop.events().some(({ body }) => body.includes(id));
      await expect.poll(() => came(next.id)).toBe(true);
      expect(came(lost.id)).toBe(false);
      const { status } = await client.call("POST", `${path}/replay`, { since, missed_only: true });
      expect(status).toBeLessThan(300);
      await expect.poll(() => came(lost.id)).toBe(true);
      await end();
    },
    repeated: async () => {
      const { shop, taken, path, end } = await subscribe();
      await client.run(terminalId, "open_menu");
      const deliveries = async () =>
        (await client.call<(Delivery & { event: string })[]>("GET", `${path}/deliveries?success=true`)).body.filter(
          ({ event }) => event !== "ping",
        );
      await expect.poll(async () => (await deliveries()).length).toBeGreaterThan(0);
      const [one] = await deliveries();
      await client.call("POST", `${path}/deliveries/${one?.id}/replay`);
      await expect.poll(() => taken.length - new Set(taken).size).toBe(1);
      const repeated = taken.find((id, at) => taken.indexOf(id) !== at);
      const bodies = shop.events().filter(({ headers }) => headers["webhook-id"] === repeated);
      expect(bodies.map(({ body }) => body)).toEqual([bodies[0]?.body, bodies[0]?.body]);
      await end();
    },
    "out of order": async () => {
      const { taken, end } = await subscribe(500);
      await client.run(terminalId, "open_menu");
      await client.run(terminalId, "open_menu");
      const inOrder = () => taken.every((id, at) => at === 0 || position(id) > position(taken[at - 1]));
      await expect.poll(inOrder, { timeout: 15_000 }).toBe(false);
      expect(new Set(taken).size).toBe(taken.length);
      await end();
    },
  };

  it("has a walk for each of them", () => expect(webhookOutcomes()).toEqual(Object.keys(walks)));
  it.each(Object.entries(walks))("%s", (_name, works) => works());
});

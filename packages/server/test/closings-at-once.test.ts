// @module-tag replicas: requests for one closing come to several servers, and each has a worker that carries it forward.

import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { closes, standing, storeOf } from "./support/closings.ts";

/** Decision D31: one closing per store and business day, and one `end_of_day` per terminal. */
describe("many requests to close a store at once", async () => {
  const { server, tenant } = await world();

  it("make one closing, and close each terminal once", { timeout: 120_000 }, async () => {
    const store = storeOf(server, tenant);
    const tills = [await store.till(), await store.till(), await store.till()];
    const answers = await Promise.all(Array.from({ length: 50 }, () => store.close({}, { prefer: "wait=30" })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 201]));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const [id, ...others] = new Set(answers.map(({ body }) => body.id));
    expect(others).toEqual([]);
    await expect.poll(async () => (await store.read(id ?? "")).state, { timeout: 30_000 }).toBe("closed");
    const closing = await store.read(id ?? "");
    for (const till of tills) {
      expect(till.commands).toHaveLength(1);
      expect(standing(closing, till).operations).toHaveLength(1);
    }
    const operations = (await store.call("GET", "/v1/admin/terminals/operations?operation=end_of_day")).body;
    expect(operations).toHaveLength(3);
  });

  it("close each terminal once more when all of them ask for it", { timeout: 120_000 }, async () => {
    const store = storeOf(server, tenant);
    const till = await store.till(closes());
    await store.close();
    const again = { terminals: [till.id], again: true };
    const answers = await Promise.all(Array.from({ length: 12 }, () => store.close(again, { prefer: "wait=30" })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { operations } = standing(await store.read(answers[0]?.body.id ?? ""), till);
    // Requests that came while the close was under way asked for nothing; one that came after it may have asked for another.
    expect(operations.length).toBeGreaterThanOrEqual(2);
    expect(till.commands).toHaveLength(operations.length);
    const all = (await store.call("GET", `/v1/admin/terminals/operations?terminal_id=${till.id}&operation=end_of_day`))
      .body;
    expect(new Set(all.map(({ status }: { status: string }) => status))).toEqual(new Set(["COMPLETED"]));
  });
});

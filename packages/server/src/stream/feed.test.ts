import { describe, expect, it } from "vitest";
import type { EventRow } from "../events/read.ts";
import { Feed, type FeedDeps } from "./feed.ts";

describe("the events that a feed keeps for streams", () => {
  const row = (position: number, data: object | null) =>
    ({ account_id: "A1", epoch: "00000000", position: String(position), data }) as unknown as EventRow;
  /** Answers from where on a feed tells without reading the table. */
  const keptFrom = async (rows: EventRow[]) => {
    const feed = new Feed("A1", {} as FeedDeps);
    for (const one of rows) feed.hear(one);
    for (let position = 0; ; position += 1) {
      const batch = await feed.after({ epoch: "00000000", position }, {}).catch(() => undefined);
      if (batch) return position + 1;
    }
  };

  it("are bounded in number, and in size", async () => {
    const many = Array.from({ length: 700 }, (_, n) => row(n + 1, null));
    expect(await keptFrom(many)).toBe(201);
    const large = Array.from({ length: 100 }, (_, n) => row(n + 1, { text: "x".repeat(500_000) }));
    expect(await keptFrom(large)).toBe(85);
    expect(await keptFrom([row(1, { text: "x".repeat(9_000_000) })])).toBe(1);
  });
});

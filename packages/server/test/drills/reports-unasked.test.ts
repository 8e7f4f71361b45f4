import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { comingYear, silent, storeOf } from "../support/closings.ts";

describe("reports of closings, without anybody who asks for them", async () => {
  const { server, tenant } = await world({ own: {} });
  const clock = storeOf(server, tenant);
  await clock.register();
  const { day, move } = comingYear(server, clock);

  it("are made when the day is over, and corrected when it changes, and the closing rests between", async () => {
    const store = storeOf(server, tenant, "unasked");
    const till = await store.till(silent);
    await move("07-02T20:00:00Z");
    const { body: closing } = await store.close({}, {});
    await expect.poll(() => till.commands.length).toBe(1);
    const stored = async () =>
      (await server.db.pool.query("select number from closing_reports where closing_id = $1", [closing.id])).rows;
    const rests = async () => {
      const { rows } = await server.db.pool.query(
        "select report_at = 'infinity' as rests from closings where id = $1",
        [closing.id],
      );
      return rows[0].rests;
    };
    await move("07-03T03:00:10Z");
    await expect.poll(stored, { timeout: 20_000 }).toHaveLength(1);
    await expect.poll(rests, { timeout: 20_000 }).toBe(true);
    await till.answerLate();
    await expect.poll(stored, { timeout: 20_000 }).toHaveLength(2);
    await expect.poll(rests, { timeout: 20_000 }).toBe(true);
    const expected = [{ currency: "NOK", purchases_count: 99 }];
    expect((await store.close({ business_day: day("07-02"), expected })).status).toBe(200);
    await expect.poll(stored, { timeout: 20_000 }).toHaveLength(3);
    await expect.poll(rests, { timeout: 20_000 }).toBe(true);
  });
});

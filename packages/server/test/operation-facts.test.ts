import { readFile } from "node:fs/promises";
import type { Device } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { memoryWords } from "./support/memory-words.ts";

const unknown = { status: "FAILED", result: undefined, reason: "device_error", unknown_end: true };

/** What a closing of the day has to know of an operation beside its state. */
describe("of an operation is kept", async () => {
  const { server, tenant } = await world({ own: {} });
  const { freshDevice, get, send, order, close, answer, commandOf, lose } = memoryWords(() => ({ server, tenant }));

  it("that nobody knows whether a close was completed, whatever its reason", { tags: "replicas" }, async () => {
    const device = await freshDevice();
    for (const [index, reason] of ["device_error", "storage_failed", "host_unreachable"].entries()) {
      const sent = await send(device);
      await commandOf(device, sent.id);
      expect(sent).not.toHaveProperty("unknown_end");
      await answer(device, close(sent.id, 2 * index + 1, { ...unknown, reason }));
      const doubtful = { unknown_end: true, next_step: "check_the_close", retryable: false };
      expect(await get(sent.id)).toMatchObject({ status: "FAILED", reason, ...doubtful });
      const next = await send(device);
      await commandOf(device, next.id);
      await answer(device, close(next.id, 2 * index + 2, { ...unknown, reason, unknown_end: undefined }));
      expect(await get(next.id)).not.toHaveProperty("unknown_end");
      // A terminal without room to store may have closed the day, also if it answers FAILED.
      const step = (await get(next.id)).next_step;
      expect(step === "check_the_close").toBe(reason === "storage_failed");
    }
    await device.leave();
  });

  it("the same of a late result, which the database may also have lost", { tags: "replicas" }, async () => {
    const device = await freshDevice();
    const late = await send(device, { timeout: 5 });
    await commandOf(device, late.id);
    server.clock.advance(6_000);
    await expect.poll(async () => (await get(late.id)).status).toBe("TIMEOUT");
    await answer(device, close(late.id, 1, unknown));
    const timedOut = await get(late.id);
    expect(timedOut).toMatchObject({ late_result: { unknown_end: true }, next_step: "check_the_close" });
    expect(timedOut).not.toHaveProperty("unknown_end");
    const lost = await send(device);
    const { origin } = await commandOf(device, lost.id);
    await lose(lost.id);
    await answer(device, close(lost.id, 2, { ...unknown, origin }));
    expect(await get(lost.id)).toMatchObject({ recovered: true, unknown_end: true, next_step: "check_the_close" });
    await device.leave();
  });

  it("the same of what ended before it was kept: where the failed close is the last one of its address", async () => {
    const [device, other] = [await freshDevice(), await freshDevice()];
    const failed = async (of: Device, more: object) => {
      const sent = await send(of);
      await commandOf(of, sent.id);
      await answer(of, close(sent.id, 1, { ...unknown, ...more }));
      return sent.id;
    };
    const doubtful = await failed(device, {});
    const known = await failed(other, { unknown_end: undefined });
    const late = await freshDevice();
    const slow = await send(late, { timeout: 5 });
    await commandOf(late, slow.id);
    server.clock.advance(6_000);
    await expect.poll(async () => (await get(slow.id)).status).toBe("TIMEOUT");
    await answer(late, close(slow.id, 1, unknown));
    // As servers of before have stored them.
    await server.db.pool.query("update operations set unknown_end = false, late_result = late_result - 'unknown_end'");
    const text = await readFile(new URL("../src/db/migrations/0036_closes_of_operations.sql", import.meta.url), "utf8");
    for (const [statement] of text.matchAll(/^update [^;]*;/gm)) await server.db.pool.query(statement);
    expect(await get(doubtful)).toMatchObject({ unknown_end: true });
    expect(await get(known)).not.toHaveProperty("unknown_end");
    expect(await get(slow.id)).toMatchObject({ late_result: { unknown_end: true } });
    expect(await get(slow.id)).not.toHaveProperty("unknown_end");
    await Promise.all([device, other, late].map((each) => each.leave()));
  });

  const terminals = `/v1/accounts/${tenant.aid}/terminals`;
  const storeOf = async (id: string) => {
    const { rows } = await server.db.pool.query("select store_ref from operations where id = $1", [id]);
    return rows[0].store_ref;
  };
  const makeStore = async (store_id: string) =>
    (await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id } })).body.id;
  const move = async ({ terminalId }: Device, store_id: string) =>
    expect((await server.call("PUT", `${terminals}/${terminalId}`, { ...tenant, body: { store_id } })).status).toBe(
      200,
    );

  it("the store in which its terminal was when it was accepted", { tags: "replicas" }, async () => {
    const device = await freshDevice();
    const [here, there] = [await makeStore("HERE"), await makeStore("THERE")];
    await move(device, "HERE");
    const first = await send(device);
    expect(first).not.toHaveProperty("store_ref");
    const { origin } = await commandOf(device, first.id);
    expect(await storeOf(first.id)).toBe(here);
    await move(device, "THERE");
    await answer(device, close(first.id, 1, { origin }));
    expect(await storeOf(first.id)).toBe(here);
    const second = await send(device, { operation: "open_menu" });
    expect(await storeOf(second.id)).toBe(there);
    await device.openedMenu(second.id);
    await expect.poll(async () => (await get(second.id)).status).toBe("COMPLETED");
    // Closes that are recovered, or made at the terminal, belong to the terminal's present store.
    const third = (await order(device)).body;
    const { origin: signed } = await commandOf(device, third.id);
    await lose(third.id);
    await move(device, "HERE");
    await answer(device, close(third.id, 2, { origin: signed }));
    expect(await storeOf(third.id)).toBe(here);
    const [byHand] = (await server.call("GET", `/v1/admin/terminals/operations?limit=1`, tenant)).body;
    expect(byHand.id).toBe(third.id);
    await device.leave();
  });

  it("all of it also in months that are made later", async () => {
    const columns = async (table: string) => {
      const { rows } = await server.db.pool.query(
        `select column_name, is_nullable, column_default from information_schema.columns
         where table_schema = current_schema() and table_name = $1 order by column_name`,
        [table],
      );
      return rows;
    };
    await server.db.pool.query("select tillkeeper_make_month('2031-05-05T00:00:00Z')");
    const parent = await columns("operations");
    expect(parent).toEqual(
      expect.arrayContaining([
        { column_name: "store_ref", is_nullable: "YES", column_default: null },
        { column_name: "unknown_end", is_nullable: "NO", column_default: "false" },
      ]),
    );
    expect(await columns("operations_2031_05")).toEqual(parent);
  });
});

import { randomUUID } from "node:crypto";
import { type Device, enterAs } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { lowestId } from "../src/platform/ids.ts";
import { base, figures, memoryWords } from "./support/memory-words.ts";

/** docs/adr/0026-closes-and-memory.md, as a device sees it. */
describe("memory", async () => {
  const { server, tenant } = await world({ own: {} });
  const { at, freshDevice, get, order, send, close, answer, commandOf, lose } = memoryWords(() => ({ server, tenant }));

  it("is taken in its order: a result that is not the next is told so, and stored when its turn comes", {
    tags: "replicas",
  }, async () => {
    const device = await freshDevice();
    const [first, second] = [randomUUID(), await send(device)];
    await commandOf(device, second.id);
    const early = await answer(device, close(second.id, 2));
    expect(early).toEqual({ operation_id: second.id, memory: { number: 0 } });
    expect(await get(second.id)).toMatchObject({ status: "PENDING" });
    const byHand = await answer(device, close(first, 1, { by_hand: true }));
    expect(byHand).toEqual({ operation_id: first, status: "COMPLETED", memory: { number: 1, id: first } });
    const next = await answer(device, close(second.id, 2));
    expect(next).toEqual({ operation_id: second.id, status: "COMPLETED", memory: { number: 2, id: second.id } });
    // A repeated result changes nothing.
    expect(await answer(device, close(first, 1, { by_hand: true }))).toMatchObject({ memory: { number: 2 } });
    expect(await answer(device, close(second.id, 2))).toEqual(next);
    await device.leave();
  });

  it("may leave out what a device has dropped, if it holds what the device has before that", async () => {
    const device = await freshDevice();
    const [one, other, last] = [randomUUID(), randomUUID(), randomUUID()];
    expect(await answer(device, close(one, 7, { by_hand: true }))).toEqual({
      operation_id: one,
      memory: { number: 0 },
    });
    expect(await answer(device, close(one, 7, { by_hand: true, after: 0 }))).toMatchObject({
      status: "COMPLETED",
      memory: { number: 7, id: one },
    });
    expect(await answer(device, close(last, 20, { by_hand: true, after: 8 }))).toMatchObject({ memory: { number: 7 } });
    expect(await answer(device, close(other, 8, { by_hand: true }))).toMatchObject({
      memory: { number: 8, id: other },
    });
    expect(await answer(device, close(last, 20, { by_hand: true, after: 8 }))).toMatchObject({
      memory: { number: 20 },
    });
    await device.leave();
  });

  it("is named by the welcome, and by the answer to a heartbeat that believes otherwise", async () => {
    const device = await freshDevice();
    const session = randomUUID();
    const id = randomUUID();
    await answer(device, close(id, 1, { by_hand: true }));
    await device.hello();
    expect(await device.next("welcome")).toMatchObject({ memory: { number: 1, id } });
    await device.say("heartbeat", { session, sent_at: at(), memory: { number: 1, id } });
    await device.say("heartbeat", { session, sent_at: at() });
    await device.say("heartbeat", { session, sent_at: at(), memory: { number: 1, id: randomUUID() } });
    expect(await device.next("memory")).toEqual({ memory: { number: 1, id } });
    await device.say("heartbeat", { session, sent_at: at(), memory: { number: 4, id } });
    expect(await device.next("memory", 1)).toEqual({ memory: { number: 1, id } });
    expect(device.received.filter(({ channel }) => channel === "memory")).toHaveLength(2);
    await device.leave();
  });

  it("gives each close the one before it: done, made by hand or with an unknown end, but not one that was declined", {
    tags: "replicas",
  }, async () => {
    const device = await freshDevice();
    const previous = async () => {
      const sent = await send(device);
      return { id: sent.id as string, previous_close: (await commandOf(device, sent.id))["previous_close"] };
    };
    const first = await previous();
    expect(first.previous_close).toBeNull();
    await answer(device, close(first.id, 1));
    const second = await previous();
    expect(second.previous_close).toBe(first.id);
    const declined = { outcome: "declined", batch_id: "000002", ...figures };
    await answer(device, close(second.id, 2, { result: declined }));
    const third = await previous();
    expect(third.previous_close).toBe(first.id);
    const failed = { status: "FAILED", result: undefined, reason: "device_error" };
    await answer(device, close(third.id, 3, failed));
    const fourth = await previous();
    expect(fourth.previous_close).toBe(first.id);
    await answer(device, close(fourth.id, 4, { ...failed, unknown_end: true }));
    const fifth = await previous();
    expect(fifth.previous_close).toBe(fourth.id);
    const byHand = randomUUID();
    await answer(device, close(byHand, 5, { by_hand: true }));
    await answer(device, close(fifth.id, 6, { ...failed, reason: "out_of_step", last_close: byHand }));
    expect(await get(fifth.id)).toMatchObject({ status: "FAILED", reason: "out_of_step" });
    const sixth = await previous();
    expect(sixth.previous_close).toBe(byHand);
    await answer(device, close(sixth.id, 7, { repeats: first.id }));
    expect((await previous()).previous_close).toBe(byHand);
    await device.leave();
  });

  it("brings back what the database has lost, with the request that it came of", { tags: "replicas" }, async () => {
    const device = await freshDevice();
    const key = { "idempotency-key": randomUUID() };
    const { body: sent } = await order(device, { parameters: { operator_id: "Kari" } }, key);
    const { origin } = await commandOf(device, sent.id);
    await lose(sent.id);
    expect((await server.call("GET", `${base}/${sent.id}`, tenant)).status).toBe(404);
    expect(await answer(device, close(sent.id, 1, { origin }))).toMatchObject({ status: "COMPLETED" });
    expect(await get(sent.id)).toMatchObject({
      recovered: true,
      status: "COMPLETED",
      created_at: sent.created_at,
      created_by: sent.created_by,
      deadline: sent.deadline,
      parameters: { operator_id: "Kari" },
      result: { batch_id: "000001", sale_amount: 24_000 },
    });
    const again = await order(device, { parameters: { operator_id: "Kari" } }, key);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.body.id).toBe(sent.id);
    expect((await order(device, { parameters: { operator_id: "Ola" } }, key)).status).toBe(422);
    await device.leave();
  });

  it("brings it back by its own name also where the device writes that in capitals", async () => {
    const device = await freshDevice();
    const key = { "idempotency-key": randomUUID() };
    const { body: sent } = await order(device, {}, key);
    const { origin } = await commandOf(device, sent.id);
    await lose(sent.id);
    const told = close(sent.id.toUpperCase(), 1, { origin });
    expect(await answer(device, told)).toMatchObject({ operation_id: told.operation_id, status: "COMPLETED" });
    expect(await get(sent.id)).toMatchObject({ recovered: true, created_by: sent.created_by });
    expect((await order(device, {}, key)).body.id).toBe(sent.id);
    await device.leave();
  });

  it("keeps a log's result whose operation the database has lost, with the log or without", async () => {
    const device = await freshDevice();
    const sent = await send(device, { operation: "send_logs" });
    const { origin } = await commandOf(device, sent.id);
    const result = { log_id: randomUUID(), size: 3, sha256: "0".repeat(64) };
    const told = close(sent.id, 1, { operation: "send_logs", result, origin });
    // While the operation exists, its log must exist, too.
    expect(await answer(device, told, "rejection")).toMatchObject({ errors: [{ path: "/result/log_id" }] });
    await lose(sent.id);
    expect(await answer(device, { ...told, number: 2, after: 1 })).toMatchObject({ status: "COMPLETED" });
    expect(await get(sent.id)).toMatchObject({ status: "COMPLETED", recovered: true, result });
    await device.leave();
  });

  it("believes an origin only as it was signed: the fact counts, the name does not", async () => {
    const device = await freshDevice();
    const other = await freshDevice();
    const sent = await send(device);
    const { origin } = await commandOf(device, sent.id);
    await lose(sent.id);
    const { signed } = origin as { signed: string };
    const [text = ""] = signed.split(".");
    const forged = JSON.parse(Buffer.from(text, "base64url").toString());
    forged[4] = "somebody else";
    const changed = `${Buffer.from(JSON.stringify(forged)).toString("base64url")}.${signed.split(".")[1]}`;
    expect(await answer(device, close(sent.id, 1, { origin: { signed: changed } }))).toMatchObject({
      memory: { number: 1 },
    });
    expect((await server.call("GET", `${base}/${sent.id}`, tenant)).status).toBe(404);
    const { body: closes } = await server.call(
      "GET",
      `${base}?terminal_id=${device.terminalId}&operation=end_of_day`,
      tenant,
    );
    expect(closes).toMatchObject([{ created_by: `terminal:${device.terminalId}`, recovered: true }]);
    // The origin of another terminal is refused.
    const menu = { operation: "open_menu", result: { opened: true }, origin };
    const id = randomUUID();
    expect(await answer(other, { ...close(id, 1), ...menu })).toEqual({
      operation_id: id,
      status: "UNKNOWN",
      memory: { number: 1, id },
    });
    expect((await server.call("GET", `${base}/${id}`, tenant)).status).toBe(404);
    await device.leave();
    await other.leave();
  });

  it("takes no operation's name from a close that no server has signed, nor a place in the list that is to come", async () => {
    const [device, other] = [await freshDevice(), await freshDevice()];
    const sent = await send(device);
    const { origin } = await commandOf(device, sent.id);
    await lose(sent.id);
    const inAMonth = lowestId(new Date(server.clock.now().getTime() + 30 * 86_400_000)).replace(
      "0000-0000-",
      "7000-8000-",
    );
    for (const [index, id] of [sent.id, inAMonth].entries()) {
      expect(await answer(other, close(id, index + 1))).toMatchObject({ operation_id: id, status: "COMPLETED" });
    }
    const { body } = await server.call("GET", `${base}?terminal_id=${other.terminalId}&operation=end_of_day`, tenant);
    const latest = lowestId(new Date(server.clock.now().getTime() + 60_000));
    expect(body.filter(({ id }: { id: string }) => id === sent.id || id > latest)).toEqual([]);
    // The terminal that the origin belongs to still has its place.
    expect(await answer(device, close(sent.id, 1, { origin }))).toMatchObject({ status: "COMPLETED" });
    expect(await get(sent.id)).toMatchObject({ terminal_id: device.terminalId, created_by: sent.created_by });
    await device.leave();
    await other.leave();
  });

  it("shows a day that was closed by hand in the list, at the time of the terminal's journal", async () => {
    const device = await freshDevice();
    const begun = new Date(server.clock.now().getTime() - 3_600_000).toISOString();
    await answer(device, close(randomUUID(), 1, { by_hand: true, started_at: begun }));
    const { body } = await server.call("GET", `${base}?terminal_id=${device.terminalId}&operation=end_of_day`, tenant);
    expect(body).toHaveLength(1);
    expect(body[0]).toMatchObject({
      status: "COMPLETED",
      recovered: true,
      created_by: `terminal:${device.terminalId}`,
      result: { batch_id: "000001" },
    });
    expect(new Date(body[0].phases.accepted).getTime()).toBe(Date.parse(begun));
    await device.leave();
  });

  it("has one row for a close by hand that is told anew as another address, also by a clock that is ahead", async () => {
    const device = await freshDevice();
    const byHand = (hours: number) => {
      const then = new Date(server.clock.now().getTime() + hours * 3_600_000).toISOString();
      return close(randomUUID(), 1, { by_hand: true, started_at: then, finished_at: then });
    };
    const [first, second] = [byHand(-1), { ...byHand(1), number: 2 }];
    const tell = async (as: Device) => {
      for (const told of [first, second]) {
        expect(await answer(as, told)).toMatchObject({ memory: { number: told.number, id: told.operation_id } });
      }
    };
    await tell(device);
    await device.leave();
    server.clock.advance(1_000);
    const path = `/v1/accounts/${tenant.aid}/terminals/${device.terminalId}/credentials`;
    const again = await enterAs(server, (await server.call("POST", path, tenant)).body);
    await tell(again);
    const { body } = await server.call("GET", `${base}?terminal_id=${device.terminalId}&operation=end_of_day`, tenant);
    expect(body).toHaveLength(2);
    await again.leave();
  });

  it("keeps what came after the end as the late result, and counts it", async () => {
    const device = await freshDevice();
    const sent = await send(device);
    await commandOf(device, sent.id);
    server.clock.advance(600_000);
    expect(await answer(device, close(sent.id, 1))).toMatchObject({ status: "TIMEOUT", memory: { number: 1 } });
    expect(await get(sent.id)).toMatchObject({ status: "TIMEOUT", late_result: { status: "COMPLETED" } });
    await device.leave();
  });

  it("goes on behind a result that nobody can read; its operation says so at its deadline", async () => {
    const device = await freshDevice();
    const sent = await send(device);
    await commandOf(device, sent.id);
    const told = close(sent.id, 1, { result: { outcome: "perhaps", batch_id: "000001" } });
    expect(await answer(device, told, "rejection")).toMatchObject({ errors: [{ path: "/result/outcome" }] });
    expect(await device.next("memory")).toEqual({ memory: { number: 1, id: sent.id } });
    expect(await get(sent.id)).toMatchObject({ status: "PENDING" });
    server.clock.advance(600_000);
    await expect.poll(() => get(sent.id)).toMatchObject({ status: "TIMEOUT", reason: "invalid_result" });
    const next = await send(device);
    // The operation may have closed the day.
    expect(await commandOf(device, next.id)).toMatchObject({ previous_close: sent.id });
    await device.leave();
  });

  it("takes a close by its facts: figures that cannot be are named and left out, what does not add up is marked", async () => {
    const device = await freshDevice();
    const sent = await send(device);
    await commandOf(device, sent.id);
    const result = {
      outcome: "accepted",
      batch_id: "000001",
      ...figures,
      start_of_day_at: "2026-02-30T06:00:00Z",
      purchases_count: -1,
      reversals_amount: 2 ** 53,
      tip_amount: 40_000,
      colour: "green",
    };
    expect(await answer(device, close(sent.id, 1, { result }))).toMatchObject({ status: "COMPLETED" });
    const { result: kept, status } = await get(sent.id);
    expect(status).toBe("COMPLETED");
    const { start_of_day_at: _, purchases_count: __, reversals_amount: ___, ...left } = figures;
    expect(kept).toEqual({
      outcome: "accepted",
      batch_id: "000001",
      ...left,
      tip_amount: 40_000,
      invalid_fields: ["start_of_day_at", "purchases_count", "reversals_amount"],
      inconsistent: ["tip_above_purchases"],
    });
    await device.leave();
  });

  it("has a close cancelled by its device alone, also one that was never sent", async () => {
    const device = await freshDevice();
    await device.leave();
    const sent = await send(device);
    const asked = await server.call("POST", `${base}/${sent.id}/cancel`, tenant);
    expect(asked.status).toBe(202);
    expect(await get(sent.id)).toMatchObject({ status: "PENDING", cancellation: { requested_by: expect.any(String) } });
  });
});

import { randomUUID } from "node:crypto";
import { expect, vi } from "vitest";
import { operations } from "../device-suite/desk.ts";
import type { SuiteDevice } from "../device-suite/device.ts";
import type { Drill } from "./drill.ts";
import type { Story } from "./story.ts";

/** The closes that are missing or incomplete in the backup: the cases of docs/backup.md, "After a restore". */
export const restoreStories = {
  "a close that was accepted and done since: its request comes again before its device": async (play) => {
    const { drill, until } = play;
    const device = await play.activeDevice();
    await until("backup");
    const { key, first } = await closed(drill, device);
    device.agent.signal("SIGSTOP");
    await until("restored");
    expect((await drill.operation(first.id)).error.code).toBe("operation_not_found");
    const again = await drill.close(device.id, key);
    expect(again.status).toBe(201);
    device.agent.signal("SIGCONT");
    expect(await drill.ended(again.body.id)).toMatchObject({ status: "COMPLETED", result: first.result });
    expect(await drill.known(first.id)).toMatchObject({ status: "COMPLETED", recovered: true, result: first.result });
    await closesOnce(drill, device, [first.id, again.body.id]);
    await goesOnAfter(drill, device, first);
  },

  "a close that was accepted and done since: its request comes again after its device": async (play) => {
    const { drill, until } = play;
    const device = await play.activeDevice();
    await until("backup");
    const { key, first } = await closed(drill, device);
    await until("restored");
    const known = await drill.known(first.id);
    expect(known).toMatchObject({ recovered: true, created_by: first.created_by, created_at: first.created_at });
    expect(known).toMatchObject({ status: "COMPLETED", result: first.result });
    await expectReplay(drill, device, key, first.id);
    await closesOnce(drill, device, [first.id]);
    await goesOnAfter(drill, device, first);
  },

  "a close that was done since, and is restored within its window": async (play) => {
    const { drill, until } = play;
    const device = await play.activeDevice();
    device.agent.signal("SIGSTOP");
    const { body } = await drill.close(device.id, randomUUID(), { timeout: 600 });
    await until("backup");
    device.agent.signal("SIGCONT");
    const first = await drill.ended(body.id);
    expect(first).toMatchObject({ status: "COMPLETED" });
    await until("restored");
    const after = await drill.ended(first.id);
    expect(after).toMatchObject({ status: "COMPLETED", result: first.result });
    expect(after).not.toHaveProperty("recovered");
    await closesOnce(drill, device, [first.id]);
    await goesOnAfter(drill, device, first);
  },

  "a close that was done since, and is restored after its window": async (play) => {
    const { drill, until } = play;
    const device = await play.activeDevice();
    device.agent.signal("SIGSTOP");
    const { body } = await drill.close(device.id, randomUUID(), { timeout: 600 });
    drill.expireMeanwhile(body.id);
    await until("backup");
    device.agent.signal("SIGCONT");
    const first = await drill.ended(body.id);
    expect(first).toMatchObject({ status: "COMPLETED" });
    device.agent.signal("SIGSTOP");
    await until("restored");
    expect(await drill.ended(first.id)).toMatchObject({ status: "TIMEOUT", reason: "no_answer" });
    device.agent.signal("SIGCONT");
    const late = { status: "COMPLETED", result: first.result };
    await vi.waitFor(async () => expect(await drill.operation(first.id)).toMatchObject({ late_result: late }));
    expect(await drill.operation(first.id)).toMatchObject({ status: "TIMEOUT", reason: "no_answer" });
    await closesOnce(drill, device, [first.id]);
    await goesOnAfter(drill, device, first);
  },

  "a close that was done since, and never told: now, and once more when the database goes back again": async (play) => {
    const { drill, until } = play;
    const device = await play.activeDevice();
    await until("late");
    device.agent.signal("SIGSTOP");
    const key = randomUUID();
    const { body: first } = await drill.close(device.id, key);
    await drill.reaches(first.id, "dispatched");
    await until("hangs");
    device.agent.signal("SIGCONT");
    await device.agent.until({ event: "operation", operation_id: first.id, state: "COMPLETED" });
    device.agent.signal("SIGSTOP");
    await until("restored");
    expect((await drill.operation(first.id)).error.code).toBe("operation_not_found");
    device.agent.signal("SIGCONT");
    const known = await drill.known(first.id);
    expect(known).toMatchObject({ status: "COMPLETED", recovered: true });
    await device.agent.kill();
    device.start();
    await device.online();
    await until("again");
    expect(await drill.known(first.id)).toMatchObject({ recovered: true, result: known.result });
    await expectReplay(drill, device, key, first.id);
    await goesOnAfter(drill, device, known);
  },

  "a close that was interrupted since: its request comes again": async (play) => {
    const { drill, until } = play;
    const device = await play.activeDevice();
    await until("backup");
    const key = randomUUID();
    const slowly = { parameters: { operator_id: "simulate:slow" } };
    const { body: first } = await drill.close(device.id, key, slowly);
    await device.agent.until({ event: "operation", operation_id: first.id, state: "started" });
    await device.agent.kill();
    await until("restored");
    const again = await drill.close(device.id, key, slowly);
    expect(again.status).toBe(201);
    device.start();
    const interrupted = { status: "FAILED", reason: "device_error", error: { code: "interrupted" } };
    expect(await drill.ended(again.body.id)).toMatchObject(interrupted);
    expect(await drill.known(first.id)).toMatchObject({ ...interrupted, recovered: true });
    expect(device.agent.count({ event: "operation", state: "started" })).toBe(0);
    await drill.perform(device.id, "end_of_day");
  },

  "a close that was accepted before and sent since: cancelled when it has been done": async (play) => {
    const { drill, until } = play;
    const device = await play.activeDevice();
    await device.agent.stop();
    const { body } = await drill.close(device.id, randomUUID(), { timeout: 600 });
    await until("backup");
    device.start();
    const first = await drill.ended(body.id);
    expect(first).toMatchObject({ status: "COMPLETED" });
    device.agent.signal("SIGSTOP");
    await until("restored");
    expect((await drill.call("POST", `${operations}/${first.id}/cancel`)).status).toBe(202);
    expect(await drill.operation(first.id)).toMatchObject({ status: "PENDING" });
    device.agent.signal("SIGCONT");
    expect(await drill.ended(first.id)).toMatchObject({ status: "COMPLETED", result: first.result });
    await closesOnce(drill, device, [first.id]);
    await goesOnAfter(drill, device, first);
  },

  "a close that a failover forgets, while its device stays connected": async (play) => {
    const { drill, until } = play;
    const device = await play.activeDevice();
    await until("restored");
    // The link to the server works again; the link to an outside broker was never down.
    await drill.perform(device.id, "open_menu");
    const { key, first } = await closed(drill, device);
    // The agent may have used HTTPS in place of MQTT until the server was back.
    const links = device.agent.count({ event: "connected" });
    await until("again");
    expect(await drill.known(first.id)).toMatchObject({ recovered: true, status: "COMPLETED", result: first.result });
    expect(device.agent.count({ event: "connected" })).toBe(links);
    await expectReplay(drill, device, key, first.id);
    await closesOnce(drill, device, [first.id]);
    await goesOnAfter(drill, device, first);
  },

  "a close that a failover forgets: its request comes again before a word of its device": async (play) => {
    const { drill, until } = play;
    const device = await play.activeDevice();
    await until("restored");
    const { key, first } = await closed(drill, device);
    device.agent.signal("SIGSTOP");
    await until("again");
    let again = await drill.close(device.id, key);
    // The server still has connections to the former database.
    while (again.status === 503) again = await drill.close(device.id, key);
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([201, null]);
    device.agent.signal("SIGCONT");
    expect(await drill.ended(again.body.id)).toMatchObject({ status: "COMPLETED", result: first.result });
    expect(await drill.known(first.id)).toMatchObject({ recovered: true, result: first.result });
    await closesOnce(drill, device, [first.id, again.body.id]);
    await goesOnAfter(drill, device, first);
  },
} satisfies Record<string, Story>;

/** Closes the day with an idempotency key. Returns the key and the operation. */
export async function closed(drill: Drill, device: SuiteDevice) {
  const key = randomUUID();
  const { body, status } = await drill.close(device.id, key);
  expect([status, body.error]).toEqual([201, undefined]);
  const first = await drill.ended(body.id);
  expect(first).toMatchObject({ status: "COMPLETED", result: { outcome: "accepted" } });
  return { key, first };
}

/** Repeats the request, and expects the answer with the first operation. */
async function expectReplay(drill: Drill, device: SuiteDevice, key: string, id: string): Promise<void> {
  const { status, headers, body } = await drill.close(device.id, key);
  expect([status, headers.get("idempotent-replayed"), body.id]).toEqual([201, "true", id]);
}

/** Expects exactly these closes in the terminal's list, all with one batch. */
async function closesOnce(drill: Drill, device: SuiteDevice, ids: string[]): Promise<void> {
  const closes = await drill.closesOf(device.id);
  expect(closes.map(({ id }: { id: string }) => id).toSorted()).toEqual(ids.toSorted());
  const batches = closes.map(
    ({ result, late_result }: never) => (result ?? (late_result as { result: unknown }).result) as object,
  );
  expect(new Set(batches.map((of: object) => (of as { batch_id: string }).batch_id)).size).toBe(1);
}

/** Expects that the next batch begins at the end of this close: there was no other close in between. */
export async function goesOnAfter(
  drill: Drill,
  device: SuiteDevice,
  first: { result: { last_end_of_day_at: string } },
) {
  const next = await drill.perform(device.id, "end_of_day");
  expect(next.start_of_day_at).toBe(first.result.last_end_of_day_at);
}

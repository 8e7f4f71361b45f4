import { randomUUID } from "node:crypto";
import type { Scope } from "@tillkeeper/contract/scopes";
import { timelineTypes } from "@tillkeeper/contract/timeline";
import { world } from "@tillkeeper/stage/world";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { closes, fails, storeOf, type Till } from "./support/closings.ts";
import { askForLogs, uploadLog } from "./support/logs.ts";
import { timelineReader } from "./support/timeline.ts";

/** What happened to a terminal: docs/adr/0040-timeline.md. */
describe("the timeline of a terminal with a history", async () => {
  const { server, tenant, aid } = await world({ own: { config: { tokenLifetimeSeconds: 604_800 } } });
  const { page, call, older, newer } = timelineReader(server, tenant);
  const store = storeOf(server, tenant, "S312");
  const api = async (method: "GET" | "POST" | "PUT" | "PATCH", path: string, body?: object) => {
    const answer = await server.call(method, path, { ...tenant, ...(body && { body }) });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const send = (till: Till, operation: string, more: object = {}) =>
    api("POST", "/v1/admin/terminals/operations", { terminal_id: till.id, operation, ...more });
  const untilOver = (id: string) =>
    vi.waitUntil(async () => (await api("GET", `/v1/admin/terminals/operations/${id}`)).status !== "PENDING", 10_000);
  let path: string;
  let till: Till;
  const untilPresence = (status: string) =>
    vi.waitUntil(async () => (await api("GET", `/v1/accounts/${aid}/${path}/presence`)).status === status, 30_000);

  beforeAll(async () => {
    await server.db.sql.updateTable("clients").set({ name: "Till 4" }).where("account_id", "=", aid).execute();
    till = await store.till(fails("user_aborted"));
    path = `terminals/${till.id}`;
    const { device } = till;
    // An operation that fails, one that is cancelled, and one that is answered too late.
    await untilOver((await send(till, "end_of_day")).id);
    const menu = await send(till, "open_menu");
    await vi.waitUntil(() => till.commands.some(({ operation_id }) => operation_id === menu.id));
    await api("POST", `/v1/admin/terminals/operations/${menu.id}/cancel`);
    await till.finish("cancelled");
    await untilOver(menu.id);
    const late = await send(till, "open_menu", { timeout: 5 });
    await vi.waitUntil(() => till.commands.some(({ operation_id }) => operation_id === late.id));
    server.clock.advance(6_000);
    await untilOver(late.id);
    await till.say({ operation_id: late.id, operation: "open_menu", status: "COMPLETED", result: { opened: true } });
    // A log.
    const command = await askForLogs(server, tenant, device);
    await till.say({
      operation_id: command.operation_id,
      operation: "send_logs",
      status: "COMPLETED",
      result: await uploadLog(command),
    });
    // What it tells of itself.
    await device.beat({ telemetry: { battery: { percent: 12, charging: false }, printer: "paper_out" } });
    await device.beat({ fault: { code: "tamper", message: "The lid is open." } });
    await device.beat();
    await vi.waitUntil(async () => (await page(path)).entries.some(({ type }) => type === "printer_changed"), 10_000);
    // A close by hand, and one by the store.
    await till.closeByHand();
    till.answering = closes();
    await store.close({ again: true });
    await vi.waitUntil(async () => (await page(path)).entries.some(({ type }) => type === "closing_ended"), 10_000);
    // Changes by people.
    await api("POST", `/v1/accounts/${aid}/configurations`, { content: { tips: true }, store_id: "S312" });
    await api("PATCH", `/v1/accounts/${aid}/stores/S312/configuration`, { auto_end_of_day: { time: "23:15" } });
    await api("PUT", `/v1/accounts/${aid}/terminals/${till.id}`, { device_model: "S1P2" });
    await api("POST", `/v1/accounts/${aid}/terminals/${till.id}/pairing-codes`);
    // It is away until it counts as offline.
    device.cut();
    await untilPresence("late");
    server.clock.advance(60_000);
    await vi.waitUntil(async () => (await page(path)).entries.some(({ type }) => type === "terminal_offline"), 30_000);
    await store.back(till);
    await untilPresence("online");
  }, 120_000);

  it("has everything once, in the order of time, with a type, a sentence and a link that answers", async () => {
    const entries = await older(path, 100);
    const times = entries.map(({ at }) => at);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    const types = new Set(entries.map(({ type }) => type));
    for (const type of [
      "terminal_registered",
      "credential_issued",
      "terminal_online",
      "operation_accepted",
      "operation_completed",
      "operation_failed",
      "operation_cancel_requested",
      "operation_timed_out",
      "operation_answered_late",
      "log_received",
      "battery_changed",
      "printer_changed",
      "fault_reported",
      "fault_ended",
      "closed_at_terminal",
      "operation_recovered",
      "closing_requested",
      "closing_attempted",
      "closing_ended",
      "configuration_made",
      "store_configured",
      "terminal_changed",
      "pairing_code_issued",
      "terminal_late",
      "terminal_offline",
    ] as const) {
      expect([...types], type).toContain(type);
    }
    for (const { text, link, type } of entries) {
      expect(Object.keys(timelineTypes)).toContain(type);
      expect(text, type).toMatch(/^[A-Z0-9][^\n]{10,}\.$/);
      expect(text).not.toMatch(/undefined|null|NaN|\[object/);
      const { status, body } = await server.call("GET", link, tenant);
      expect(status, `${type}: ${link} ${JSON.stringify(body)}`).toBe(200);
      if (link.includes("?")) expect(Object.values(body as object)[0], link).not.toHaveLength(0);
    }
  });

  it("names who did it, and says it in words", async () => {
    const texts = (await older(path, 100)).map(({ text }) => text);
    for (const text of [
      /^Till 4 asked the terminal to close the day\.$/,
      /^The close of the day failed (?:at once|after .*): somebody at the terminal stopped it\.$/,
      /^The opening of the menu had no answer within its 5 seconds: the terminal had it/,
      /^The terminal told late, after the operation had ended without an answer: it opened its menu\.$/,
      /^The terminal reported the fault tamper: The lid is open\.$/,
      /^The terminal has its battery at 12%, and is not charging\.$/,
      /^Till 4 changed the terminal: device_model\.$/,
      /^Till 4 made configuration 1 for all terminals in the store\.$/,
      /^The terminal went offline: its connection had been lost for 20 seconds\.$/,
      /^The closing of the business day of .* ended: the terminal is closed\.$/,
    ]) {
      expect(texts).toContainEqual(expect.stringMatching(text));
    }
    const entry = (await older(path, 100)).findLast(({ type }) => type === "operation_failed");
    expect(entry?.operation).toMatchObject({ operation: "end_of_day", status: "FAILED", reason: "user_aborted" });
    expect(Object.keys(entry?.operation?.phases ?? {})).toContain("delivered");
  });

  it("pages both ways without a repetition or a gap, whatever the size of a page", async () => {
    const all = await older(path, 100);
    const ids = all.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(30);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(ids.length - 1), async (limit, start) => {
        expect((await older(path, limit)).map(({ id }) => id)).toEqual(ids);
        expect((await newer(path, limit, ids.at(-1) as string)).map(({ id }) => id)).toEqual(ids.slice(0, -1));
        const { entries } = await page(path, { limit, ending_before: ids[start] as string });
        expect(entries.map(({ id }) => id)).toEqual(ids.slice(Math.max(0, start - limit), start));
      }),
      { numRuns: 8 },
    );
  });

  it("is narrowed to a span, and looks around an instant", async () => {
    const all = await older(path, 100);
    const middle = all[Math.floor(all.length / 2)];
    const at = middle?.at as string;
    const within = await older(path, 7, { "at.gte": at, "at.lte": all[3]?.at as string });
    expect(within).toEqual(all.filter((entry) => entry.at >= at && entry.at <= (all[3]?.at as string)));
    const around = await page(path, { around: at, limit: 10 });
    const index = all.findLastIndex((entry) => entry.at >= at);
    expect(around.entries.map(({ id }) => id)).toEqual(all.slice(index - 4, index + 6).map(({ id }) => id));
    expect(around.around).toMatchObject({ asked: at, instants: [{ at }] });
    const before = await page(path, { starting_after: around.starting_after as string, limit: 3 });
    expect(before.entries).toEqual(all.slice(index + 6, index + 9));
    const again = { around: at, starting_after: around.starting_after as string, limit: 3 };
    expect(await page(path, again)).toEqual(before);
    const after = await page(path, { ending_before: around.ending_before as string, limit: 3 });
    expect(after.entries).toEqual(all.slice(index - 7, index - 4));
  });

  it("refuses what cannot be meant, and names the place", async () => {
    const [entry] = (await page(path, { limit: 1 })).entries;
    const id = entry?.id as string;
    for (const [query, place] of [
      [{ around: "2026-02-30T10:00" }, "/query/around"],
      [{ around: "2026-06-29" }, "/query/around"],
      [{ around: "2026-06-29T25:00" }, "/query/around"],
      [{ "at.gte": "yesterday" }, "/query/at.gte"],
      [{ starting_after: "1.nowhere.1" }, "/query/starting_after"],
      [{ ending_before: "1.accepted.17" }, "/query/ending_before"],
      [{ starting_after: id, around: "2026-02-30T10:00" }, "/query/around"],
      [{ limit: 101 }, "/query/limit"],
      [{ type: "x" }, "/query/type"],
    ] as const) {
      const { status, body } = await call(path, query);
      expect([status, (body as never as { error: { errors: { path: string }[] } }).error.errors[0]?.path]).toEqual([
        400,
        place,
      ]);
    }
  });

  it("is nobody else's, and takes both scopes", async () => {
    const other = await server.account();
    for (const what of [path, "stores/S312"]) {
      const strange = await server.call("GET", `/v1/accounts/${other.aid}/${what}/timeline`, other);
      expect([strange.status, strange.body.error.code]).toEqual([404, expect.stringMatching(/_not_found$/)]);
      expect((await server.call("GET", `/v1/accounts/${aid}/${what}/timeline`, other)).status).toBe(404);
    }
    const statusWith = async (scopes: Scope[]) => {
      const { token } = await server.account(aid, { clientId: randomUUID(), scopes });
      const { status, body } = await server.call("GET", `/v1/accounts/${aid}/${path}/timeline`, { token });
      return status === 200 ? status : [status, body.error.message];
    };
    expect(await statusWith(["read:checkout:/admin/terminals", "read:accounts"])).toBe(200);
    expect(await statusWith(["admin:checkout", "admin:accounts"])).toBe(200);
    expect(await statusWith(["read:checkout:/admin/terminals"])).toEqual([
      403,
      "The token needs one of the scopes: admin:checkout, read:checkout:/admin/terminals; and one of: admin:accounts, read:accounts.",
    ]);
    expect(await statusWith(["admin:accounts"])).toEqual([
      403,
      "The token needs one of the scopes: admin:checkout, read:checkout:/admin/terminals; and one of: admin:accounts, read:accounts.",
    ]);
  });
});

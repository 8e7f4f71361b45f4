import { world } from "@tillkeeper/stage/world";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../src/platform/ids.ts";
import { register } from "../support/presence.ts";
import { timelineReader } from "../support/timeline.ts";

/** A store has what happened to its terminals while they were there. */
describe("the timeline of a store", async () => {
  const { server, tenant, aid } = await world({ own: { config: { tokenLifetimeSeconds: 604_800 } } });
  const { page, older, newer } = timelineReader(server, tenant);
  const url = `/v1/accounts/${aid}`;
  let moving: string;
  let staying: string;

  /** Time passes, and something happens to the terminal, at one instant of which there are several entries. */
  const happens = async (terminalId: string) => {
    server.clock.advance(60_000);
    const at = server.clock.now();
    const row = () => ({ account_id: aid, terminal_id: terminalId, id: newId(at), at });
    await server.db.sql
      .insertInto("presence_changes")
      .values([
        { ...row(), status: "late", reason: "silent" },
        { ...row(), status: "online", reason: "heard_again" },
      ])
      .execute();
    const printer = { ...row(), field: "printer", value: JSON.stringify("paper_out") } as const;
    await server.db.sql.insertInto("telemetry_history").values(printer).execute();
    server.clock.advance(60_000);
    return at.toISOString();
  };
  const move = async (storeId: string) => {
    server.clock.advance(60_000);
    const body = { store_id: storeId };
    const { status } = await server.call("PUT", `${url}/terminals/${moving}`, { ...tenant, body });
    if (status !== 200) throw new Error(`not moved: ${status}`);
    server.clock.advance(60_000);
  };
  const times: Record<string, string> = {};

  beforeAll(async () => {
    ({ terminalId: moving } = await register(server, tenant, "6600001", "here"));
    ({ terminalId: staying } = await register(server, tenant, "6600002", "here"));
    await register(server, tenant, "6600003", "there");
    times["before"] = await happens(moving);
    await move("there");
    times["there"] = await happens(moving);
    times["beside"] = await happens(staying);
    await move("here");
    times["back"] = await happens(moving);
    await server.call("POST", `${url}/stores/here/suspend`, tenant);
    await server.call("POST", `${url}/stores/here/closings`, { ...tenant, body: {} });
  });

  const seen = async (path: string) => {
    const entries = await older(path, 100);
    return Object.keys(times).filter((name) =>
      entries.some(({ at, type }) => at === times[name] && type === "terminal_late"),
    );
  };

  it("has what happened to a terminal while it was there, and where it went", async () => {
    expect(await seen("stores/here")).toEqual(["before", "beside", "back"]);
    expect(await seen("stores/there")).toEqual(["there"]);
    expect(await seen(`terminals/${moving}`)).toEqual(["before", "there", "back"]);
    const moves = async (path: string) =>
      (await older(path, 100)).flatMap(({ type, text }) =>
        type === "terminal_moved" ? [text.replace(/^.* moved /, "")] : [],
      );
    const both = [
      `terminal ${moving} from store there to store here.`,
      `terminal ${moving} from store here to store there.`,
    ];
    expect(await moves("stores/here")).toEqual(both);
    expect(await moves("stores/there")).toEqual(both);
  });

  it("has what changed of the store, and its closings", async () => {
    const types = (await older("stores/here", 100)).map(({ type }) => type);
    expect(types).toContain("store_created");
    expect(types).toContain("closing_requested");
    expect(types).toContain("store_suspended");
    expect((await older(`terminals/${staying}`, 100)).map(({ type }) => type)).toContain("store_suspended");
  });

  it("pages both ways without a repetition or a gap, also within one instant", async () => {
    const all = await older("stores/here", 100);
    const ids = all.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .toSorted()
        .toReversed(),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 12 }), async (limit) => {
        expect((await older("stores/here", limit)).map(({ id }) => id)).toEqual(ids);
        expect((await newer("stores/here", limit, ids.at(-1) as string)).map(({ id }) => id)).toEqual(ids.slice(0, -1));
      }),
      { numRuns: 5 },
    );
  });

  it("has what many terminals did at once, in one order", async () => {
    const body = { store_id: "busy" };
    await server.call("POST", `${url}/stores`, { ...tenant, body });
    const terminals: string[] = [];
    for (const number of Array.from({ length: 9 }, (_, index) => index)) {
      terminals.push((await register(server, tenant, `66001${number}`, "busy")).terminalId);
    }
    const begin = server.clock.now().getTime() + 1_000;
    // Each operation takes longer than nine others need to begin, and one in three is answered after its end.
    const operations = Array.from({ length: 36 }, (_, index) => {
      const at = new Date(begin + index * 7_000);
      const end = new Date(at.getTime() + 60_000);
      const late = index % 3 === 0;
      const told = late && {
        late_result: JSON.stringify({ status: "COMPLETED", result: { opened: true } }),
        told_late_at: new Date(begin + 400_000),
      };
      return {
        account_id: aid,
        id: newId(at),
        terminal_id: terminals[index % 9] as string,
        operation: "open_menu",
        status: late ? "TIMEOUT" : "COMPLETED",
        parameters: "{}",
        deadline: end,
        created_at: at,
        created_by: "x",
        updated_at: end,
        updated_by: "x",
        answered_at: late ? null : end,
        result: late ? null : JSON.stringify({ opened: true }),
        late_result: null,
        told_late_at: null,
        ...told,
      } as const;
    });
    for (const row of operations) await server.db.sql.insertInto("operations").values(row).execute();
    const { body: closing } = await server.call("POST", `${url}/stores/busy/closings`, { ...tenant, body: {} });
    const attempts = terminals.map((terminal_id) => ({
      account_id: aid,
      closing_id: closing.id,
      terminal_id,
      n: 1,
      at: new Date(begin + 30_000),
      asked_by: "x",
      when_busy: null,
      expected_close: null,
      operation_id: null,
      refused: "gone" as const,
    }));
    await server.db.sql.insertInto("closing_attempts").values(attempts).execute();
    server.clock.advance(500_000);
    const path = "stores/busy";
    const all = await older(path, 100);
    const ids = all.map(({ id }) => id);
    const count = (type: string) =>
      all.filter((entry) => entry.type === type && entry.at >= new Date(begin).toISOString()).length;
    expect(
      [
        "operation_accepted",
        "operation_completed",
        "operation_timed_out",
        "operation_answered_late",
        "closing_attempted",
      ].map(count),
    ).toEqual([36, 24, 12, 12, 9]);
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .toSorted()
        .toReversed(),
    );
    for (const limit of [3, 7, 40]) {
      expect((await older(path, limit)).map(({ id }) => id)).toEqual(ids);
      expect((await newer(path, limit, ids.at(-1) as string)).map(({ id }) => id)).toEqual(ids.slice(0, -1));
    }
  });

  it("has an operation where its terminal was when it was accepted, whenever it ended", async () => {
    const send = () =>
      server.call("POST", "/v1/admin/terminals/operations", {
        ...tenant,
        body: { terminal_id: moving, operation: "open_menu", timeout: 600 },
      });
    await server.call("POST", `${url}/stores/here/resume`, tenant);
    // As if its device had paired.
    const used = { status: "ACTIVE", status_reason: null } as const;
    await server.db.sql.updateTable("terminals").set(used).where("terminal_id", "=", moving).execute();
    const { status, body } = await send();
    expect(status, JSON.stringify(body)).toBe(201);
    await move("there");
    server.clock.advance(600_000);
    await expect
      .poll(async () => (await server.call("GET", `/v1/admin/terminals/operations/${body.id}`, tenant)).body.status)
      .toBe("TIMEOUT");
    const of = async (path: string) =>
      (await older(path, 3)).flatMap(({ type, operation }) => (operation?.id === body.id ? [type] : []));
    expect(await of("stores/here")).toEqual(["operation_timed_out", "operation_accepted"]);
    expect(await of("stores/there")).toEqual([]);
    expect(await of(`terminals/${moving}`)).toEqual(["operation_timed_out", "operation_accepted"]);
    const span = { "at.gte": new Date(server.clock.now().getTime() - 180_000).toISOString() };
    expect((await page("stores/here", span)).entries.map(({ type }) => type)).toContain("operation_timed_out");
  });
});

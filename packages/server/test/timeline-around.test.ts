import { randomUUID } from "node:crypto";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";
import { newId } from "../src/platform/ids.ts";
import { register } from "./support/presence.ts";
import { timelineReader } from "./support/timeline.ts";

/** The time that people name is that of the store's clocks. */
describe("a timeline around a local time", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const { page } = timelineReader(server, tenant);
  let path: string;
  let terminalId: string;

  /** A change of presence at each of these instants. */
  const seed = async (...instants: string[]) => {
    const rows = instants.map((instant) => {
      const at = new Date(instant);
      return {
        account_id: aid,
        terminal_id: terminalId,
        id: newId(at),
        at,
        status: "online",
        reason: "heard_again",
      } as const;
    });
    await server.db.sql.insertInto("presence_changes").values(rows).execute();
  };
  const around = async (time: string, limit = 4) => {
    const { entries, around: told } = await page(path, { around: time, limit });
    return { times: entries.map(({ at }) => at), told };
  };
  const minutes = (from: string, count: number) =>
    Array.from({ length: count }, (_, minute) => new Date(Date.parse(from) + minute * 60_000).toISOString());

  beforeAll(async () => {
    ({ terminalId } = await register(server, tenant, "6500001", "oslo"));
    path = `terminals/${terminalId}`;
    await server.call("PATCH", `/v1/accounts/${aid}/stores/oslo/configuration`, {
      ...tenant,
      body: { time_zone: "Europe/Oslo" },
    });
    // It has been in its store for long.
    const created_at = new Date("2020-01-01T00:00:00.000Z");
    await server.db.sql.updateTable("terminals").set({ created_at }).where("account_id", "=", aid).execute();
    await seed(...minutes("2026-06-29T21:00:00.000Z", 60));
    await seed(...minutes("2025-10-25T23:30:00.000Z", 180));
    await seed(...minutes("2026-03-29T00:00:00.000Z", 120));
  });

  it("takes the store's time where there is no offset, and names the instant", async () => {
    const { times, told } = await around("2026-06-29T23:31");
    expect(times).toEqual([32, 31, 30, 29].map((minute) => `2026-06-29T21:${minute}:00.000Z`));
    expect(told).toEqual({
      asked: "2026-06-29T23:31",
      time_zone: "Europe/Oslo",
      instants: [{ at: "2026-06-29T21:31:00.000Z", local: "2026-06-29T23:31:00+02:00" }],
      text: "23:31 on 29 June 2026 in Europe/Oslo was 21:31 UTC.",
    });
    for (const same of ["2026-06-29T21:31Z", "2026-06-29T21:31:00.000Z", "2026-06-29T17:31-04:00"]) {
      const other = await around(same);
      expect(other.times).toEqual(times);
      expect(other.told).toEqual({
        asked: same,
        instants: [{ at: "2026-06-29T21:31:00.000Z" }],
        text: "That is 21:31 UTC on 29 June 2026.",
      });
    }
  });

  it("gives both of an hour that comes twice, and says what is between them", async () => {
    const { times, told } = await around("2025-10-26T02:30", 8);
    const at = (time: string) => `2025-10-26T${time}:00.000Z`;
    const parts = ["01:31", "01:30", "01:29", "01:28", "00:31", "00:30", "00:29", "00:28"];
    expect(times).toEqual(parts.map(at));
    expect(told).toMatchObject({
      instants: [
        { at: at("00:30"), local: "2025-10-26T02:30:00+02:00" },
        { at: at("01:30"), local: "2025-10-26T02:30:00+01:00" },
      ],
      text: "Clocks in Europe/Oslo showed 02:30 on 26 October 2025 twice: at 00:30 UTC and at 01:30 UTC. Each has its part of the page.",
    });
    const { gap } = told ?? {};
    const between = await page(path, { ...gap, limit: 100 });
    expect(between.entries.map((entry) => entry.at)).toEqual(minutes(at("00:32"), 56).toReversed());
    expect(between).not.toHaveProperty("starting_after");
    const whole = await around("2025-10-26T02:30", 100);
    expect(new Set(whole.times).size).toBe(whole.times.length);
    expect(whole.told?.gap).toBeDefined();
  });

  it("leaves no gap where the two parts meet", async () => {
    const { terminalId: quiet } = await register(server, tenant, "6500002", "oslo");
    const at = new Date("2025-10-26T01:00:00.000Z");
    const row = {
      account_id: aid,
      terminal_id: quiet,
      id: newId(at),
      at,
      status: "online",
      reason: "connected",
    } as const;
    await server.db.sql.insertInto("presence_changes").values(row).execute();
    const found = await page(`terminals/${quiet}`, { around: "2025-10-26T02:30", limit: 20 });
    expect(found.entries.filter(({ type }) => type === "terminal_online").map((entry) => entry.at)).toEqual([
      at.toISOString(),
    ]);
    expect(found.around?.instants).toHaveLength(2);
    expect(found.around).not.toHaveProperty("gap");
  });

  it("says which instant it takes of a time that clocks skipped", async () => {
    const { times, told } = await around("2026-03-29T02:30");
    expect(times).toEqual(["01:01", "01:00", "00:59", "00:58"].map((time) => `2026-03-29T${time}:00.000Z`));
    expect(told).toMatchObject({
      instants: [{ at: "2026-03-29T01:00:00.000Z", local: "2026-03-29T03:00:00+02:00" }],
      text: "Clocks in Europe/Oslo skipped 02:30 on 29 March 2026: they went on at 03:00, which was 01:00 UTC and is taken.",
    });
  });

  it("has the same for a store", async () => {
    const found = await page("stores/oslo", { around: "2026-06-29T23:31", limit: 2 });
    expect(found.around).toMatchObject({ time_zone: "Europe/Oslo", instants: [{ at: "2026-06-29T21:31:00.000Z" }] });
    expect(found.entries.map(({ text }) => text)).toEqual([
      `Terminal ${terminalId} was heard again, and is online.`,
      `Terminal ${terminalId} was heard again, and is online.`,
    ]);
  });

  it("goes by the clocks of the store where the terminal was at that time", async () => {
    await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: "tokyo" } });
    const body = { time_zone: "Asia/Tokyo" };
    await server.call("PATCH", `/v1/accounts/${aid}/stores/tokyo/configuration`, { ...tenant, body });
    const { terminalId: moving } = await register(server, tenant, "6500003", "oslo");
    server.clock.advance(3 * 86_400_000);
    const before = server.clock.now();
    server.clock.advance(3 * 86_400_000);
    const url = `/v1/accounts/${aid}/terminals/${moving}`;
    expect((await server.call("PUT", url, { ...(await fresh()), body: { store_id: "tokyo" } })).status).toBe(200);
    server.clock.advance(3 * 86_400_000);
    const zoneAt = async (at: Date) => {
      const { token } = await fresh();
      const query = `around=${at.toISOString().slice(0, 16)}`;
      return (await server.call("GET", `${url}/timeline?${query}`, { token })).body.around.time_zone;
    };
    expect(await zoneAt(before)).toBe("Europe/Oslo");
    expect(await zoneAt(server.clock.now())).toBe("Asia/Tokyo");
  });

  /** A token of now: the clock was moved by days. */
  async function fresh() {
    return server.account(aid, { clientId: randomUUID() }).catch(() => tenant);
  }
});

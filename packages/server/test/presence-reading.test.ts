import type { StorePresence } from "@tillkeeper/contract/http/presence";
import { world } from "@tillkeeper/stage/world";
import { afterEach, describe, expect, it, vi } from "vitest";
import { writePresenceEvents } from "../src/presence/hearing/write.ts";
import type { PresenceEvent } from "../src/presence/status/state.ts";
import { PresentDevice, type Registered, register, watcher } from "./support/presence.ts";

describe("reading of presence", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  let devices: PresentDevice[] = [];
  const see = watcher(server, tenant);
  afterEach(async () => {
    await Promise.all(devices.map((device) => device.leave()));
    devices = [];
  });

  const connect = async (registered: Registered) => {
    const device = await PresentDevice.connect(server, registered);
    devices.push(device);
    return device;
  };

  it("is shown for a store and for all stores, with what needs somebody most", async () => {
    const own = await server.account();
    const stores = `/v1/accounts/${own.aid}/stores`;
    const look = watcher(server, own);
    const [one, two, three] = await Promise.all(
      ["71", "72", "73"].map((number) => register(server, own, number, "shop")),
    );
    await server.call("POST", stores, { token: own.token, body: { store_id: "empty" } });
    const first = await connect(one as Registered);
    await first.greet();
    await first.beat({ telemetry: { battery: { percent: 12 }, printer: "ok" } });
    const second = await connect(two as Registered);
    await second.greet();
    second.cut();
    await look.until((two as Registered).terminalId, "late");
    const counts = { online: 1, late: 1, offline: 0, never: 1, shut_down: 0 };
    const store = await look.get(`${stores}/shop/presence`);
    expect(store).toMatchObject({ store_id: "shop", counts, worst: "late" });
    const byId = new Map(
      store.terminals.map((terminal: { terminal_id: string; status: string }) => [
        terminal.terminal_id,
        terminal.status,
      ]),
    );
    expect([one, two, three].map((terminal) => byId.get(terminal?.terminalId))).toEqual(["online", "late", "never"]);
    expect(store.terminals[0]).not.toHaveProperty("telemetry");
    const telemetry = async () => (await look.telemetry((one as Registered).terminalId)).telemetry;
    await expect.poll(telemetry).toMatchObject({ battery: { device_serial_number: "71" }, printer: { value: "ok" } });
    const { terminals } = await look.get(`${stores}/shop/presence?includes=telemetry`);
    const tellsOf = new Map(
      terminals.map((shown: StorePresence["terminals"][number]) => [shown.terminal_id, shown.telemetry]),
    );
    expect([one, two, three].map((terminal) => tellsOf.get(terminal?.terminalId))).toEqual([await telemetry(), {}, {}]);
    const all = await look.get(`/v1/accounts/${own.aid}/presence?limit=1`);
    expect(all.stores).toMatchObject([{ store_id: "empty", counts: { online: 0 } }]);
    expect(all.stores[0]).not.toHaveProperty("worst");
    const next = await look.get(`/v1/accounts/${own.aid}/presence?limit=1&starting_after=${all.starting_after}`);
    expect(next.stores).toMatchObject([{ store_id: "shop", counts, worst: "late" }]);
    expect(next).not.toHaveProperty("starting_after");
  });

  it("names the devices that told it, also when two terminals have others since", async () => {
    const own = await server.account();
    const look = watcher(server, own);
    const serials = ["81", "82"];
    for (const [index, serial] of serials.entries()) {
      const registered = await register(server, own, serial, "kiosk");
      const { terminalId } = registered;
      const device = await connect(registered);
      await device.greet();
      await device.beat({ telemetry: { battery: { percent: 40 + index } } });
      await expect.poll(() => look.telemetry(terminalId)).toMatchObject({ telemetry: { battery: {} } });
      const swap = { token: own.token, body: { device_serial_number: `9${index}` } };
      const { status } = await server.call("POST", `/v1/accounts/${own.aid}/terminals/${terminalId}/device`, swap);
      expect(status).toBe(200);
    }
    const { terminals } = await look.get(`/v1/accounts/${own.aid}/stores/kiosk/presence?includes=telemetry`);
    expect(terminals).toMatchObject(
      serials.map((serial, index) => ({
        telemetry: { battery: { device_serial_number: serial, value: { percent: 40 + index } } },
      })),
    );
  });

  it("says nothing of a device that was replaced, whatever is heard of it", async () => {
    const { terminalId, address: former } = await register(server, tenant, "6000303");
    const begin = server.clock.now().getTime();
    const at = (seconds: number) => new Date(begin + seconds * 1000);
    const write = (event: PresenceEvent) =>
      writePresenceEvents(server.db, [{ accountId: aid, terminalId, events: [event] }], event.at);
    const heardAt = async () => Date.parse((await see.presence(terminalId)).last_heard_at ?? "") - begin;
    await write({ kind: "hello", at: at(0), session: "1", nextExpectedAt: at(30), address: former });
    const path = `/v1/accounts/${aid}/terminals/${terminalId}/credentials`;
    const { address } = (await server.call("POST", path, tenant)).body;
    const beat = { kind: "heartbeat", session: "1", roundTripMs: 7, fault: null } as const;
    await write({ ...beat, at: at(1), nextExpectedAt: at(31), address: former });
    await write({ kind: "heard", at: at(2), nextExpectedAt: at(32), address: former });
    await write({ kind: "hello", at: at(3), session: "2", nextExpectedAt: at(33), address: former });
    expect(await heardAt()).toBe(0);
    await write({ kind: "heard", at: at(4), nextExpectedAt: at(34), address });
    expect(await heardAt()).toBe(4_000);
  });

  it("answers in order what happened within one millisecond", async () => {
    const { terminalId, address } = await register(server, tenant, "6000302");
    const at = server.clock.now();
    const rounds = [1, 2, 3, 4].flatMap((round): PresenceEvent[] => [
      { kind: "hello", at, session: `${round}`, nextExpectedAt: new Date(at.getTime() + 30_000), address },
      { kind: "gone", at, session: `${round}` },
    ]);
    // Two batches, as the server would write them.
    for (const events of [rounds.slice(0, 3), rounds.slice(3)]) {
      await writePresenceEvents(server.db, [{ accountId: aid, terminalId, events }], at);
    }
    const once = ["online connected", "late link_lost"];
    expect(await see.changes(terminalId)).toEqual([...once, ...once, ...once, ...once]);
    expect((await see.presence(terminalId)).status).toBe("late");
  });

  it("has ten changes of any minute, of which the last is what holds, however long a device comes and goes", async () => {
    const { terminalId, address } = await register(server, tenant, "6000304");
    const begin = server.clock.now().getTime();
    const at = (seconds: number) => new Date(begin + Math.round(seconds * 1000));
    const round = (seconds: number): PresenceEvent[] => [
      { kind: "hello", at: at(seconds), session: `${seconds}`, nextExpectedAt: at(seconds + 30), address },
      { kind: "gone", at: at(seconds + 0.4), session: `${seconds}` },
    ];
    const write = (events: PresenceEvent[]) =>
      writePresenceEvents(server.db, [{ accountId: aid, terminalId, events }], (events.at(-1) as PresenceEvent).at);
    const times = async () => {
      const path = `/v1/accounts/${aid}/terminals/${terminalId}/presence/changes?limit=100`;
      const { changes } = await see.get(path);
      return changes.map((change: { at: string }) => (Date.parse(change.at) - begin) / 1000).toReversed();
    };
    // Written one by one, then all at once, as after an outage of the database.
    for (let second = 0; second < 20; second += 1) await write(round(second));
    const firstNine = [0, 0.4, 1, 1.4, 2, 2.4, 3, 3.4, 4];
    expect(await times()).toEqual([...firstNine, 19.4]);
    await write(Array.from({ length: 20 }, (_, second) => round(20 + second)).flat());
    expect(await times()).toEqual([...firstNine, 39.4]);
    for (let second = 40; second < 300; second += 1) await write(round(second));
    const all = await times();
    expect(all.at(-1)).toBe(299.4);
    for (const from of all)
      expect(all.filter((time: number) => time >= from && time < from + 60).length).toBeLessThan(11);
    // The changes of the first minutes stay.
    expect(all.slice(0, 9)).toEqual(firstNine);
    expect(all.length).toBeGreaterThan(30);
    // After the clock was put back, changes that lie ahead must not suppress present ones.
    await write(round(-3_600));
    expect((await times()).slice(0, 1)).toEqual([-3_600]);
  });

  it("answers what happened at a time, page by page", async () => {
    const registered = await register(server, tenant, "6000301");
    const id = registered.terminalId;
    const device = await connect(registered);
    await device.greet();
    device.cut();
    await see.until(id, "late");
    server.clock.advance(60_000);
    const expected = ["online connected", "late link_lost", "offline link_lost"];
    await vi.waitFor(async () => expect(await see.changes(id)).toEqual(expected));
    await (await connect(registered)).greet();
    const path = `/v1/accounts/${aid}/terminals/${id}/presence/changes`;
    const whole = (await see.get(path)).changes;
    expect(whole).toHaveLength(4);
    const paged = [];
    let cursor = "";
    do {
      const page = await see.get(`${path}?limit=1${cursor && `&starting_after=${cursor}`}`);
      paged.push(...page.changes);
      cursor = page.starting_after ?? "";
    } while (cursor !== "");
    expect(paged).toEqual(whole);
    const [, offline, late] = whole;
    const then = await see.get(`${path}?at.gte=${late.at}&at.lte=${offline.at}`);
    expect(then.changes).toEqual([offline, late]);
    const second = `${offline.at.slice(0, 19)}Z`;
    expect((await see.get(`${path}?at.gte=${second}&at.lte=${second}`)).changes).toContainEqual(offline);
    const bad = await server.call("GET", `${path}?starting_after=x&limit=0&at.gte=yesterday`, { token: tenant.token });
    expect(bad.status).toBe(400);
    expect(bad.body.error.errors.map((error: { path: string }) => error.path).toSorted()).toEqual([
      "/query/at.gte",
      "/query/limit",
      "/query/starting_after",
    ]);
  });
});

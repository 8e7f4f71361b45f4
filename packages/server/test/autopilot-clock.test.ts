import { world } from "@tillkeeper/stage/world";
import { expect, it, vi } from "vitest";
import { type AutopilotDeps, autopilotWorker } from "../src/closings/autopilot/worker.ts";
import type { Clock } from "../src/platform/clock.ts";
import { autopilotOf } from "./support/autopilot.ts";
import { comingYear, storeOf } from "./support/closings.ts";

/**
 * A server reads once a second how far business time was moved. One that has not read it yet must not begin a store's days before
 * the move: it would tell of days as missed that passed before the store was configured.
 */
it("a server that has not seen that business time was moved plans a store from the moved time on", async () => {
  const { server, tenant } = await world({ own: {} });
  const { db } = server;
  const clock = storeOf(server, tenant);
  await clock.register();
  const { day, move } = comingYear(server, clock);
  await move("07-01T12:00:00Z");
  const { store, configure, untilPlanned, missed } = autopilotOf(server, tenant);
  await store.till();
  await configure();
  await untilPlanned(day("07-01"));

  let looks = 0;
  const before = () => new Date(`${day("06-20")}T12:00:00Z`);
  // To plan a store needs no more than these.
  const deps: Partial<AutopilotDeps> = {
    db,
    clock: { now: () => (looks === 0 ? before() : server.clock.now()) } as Clock,
    presenceClock: { realNow: () => server.clock.realNow() },
    reportsWaiting: () => 0,
    follow: async () => {
      looks += 1;
    },
  };
  const running = new AbortController();
  const worker = autopilotWorker(deps as AutopilotDeps);
  const ended = worker.run(running.signal);
  // The server itself may be the first to look.
  await vi.waitUntil(async () => {
    await db.pool.query("update store_autopilot set business_day = null, look_at = 'epoch', version = version + 1");
    worker.wake();
    await untilPlanned(day("07-01"));
    return looks > 0;
  });
  running.abort();
  await ended;
  expect(await missed()).toEqual([]);
});

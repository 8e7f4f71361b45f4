import { world } from "@tillkeeper/stage/world";
import { expect, it } from "vitest";
import { autopilotOf } from "../support/autopilot.ts";
import { closes, comingYear, moveTo, silent, storeOf } from "../support/closings.ts";

const { server, other, tenant, aid } = await world({ own: {}, other: {} });
const clock = storeOf(server, tenant);
await clock.register();
const { day, move } = comingYear(server, clock);
const eventsOf = async (storeRef: string) => {
  const { rows } = await server.db.pool.query(
    "select cause from events where account_id = $1 and store_ref = $2 and type like 'store_closing%' order by position",
    [aid, storeRef],
  );
  return rows.map(({ cause }) => cause);
};

it("two servers make one closing of a store and a day, each evening, and tell of a missed day once", async () => {
  expect(other).toBeDefined();
  const stores = Array.from({ length: 12 }, () => autopilotOf(server, tenant));
  await move("06-10T12:00:00Z");
  const [first] = stores as [(typeof stores)[0]];
  const till = await first.store.till();
  await Promise.all(stores.slice(1).map(({ store }) => store.register()));
  await Promise.all(stores.map(({ configure }) => configure()));
  await Promise.all(stores.map(({ untilPlanned }) => untilPlanned(day("06-10"))));
  for (const date of ["06-10", "06-11", "06-12"]) {
    await move(`${date}T21:30:01Z`);
    await Promise.all(stores.map(({ untilAsked }) => untilAsked(day(date))));
    await expect.poll(async () => (await first.closing(day(date)))?.state, { timeout: 10_000 }).toBe("closed");
  }
  expect(till.commands).toHaveLength(3);
  const { rows } = await server.db.pool.query(
    "select store_ref, count(*)::int from closings where account_id = $1 and created_by = 'autopilot' group by store_ref",
    [aid],
  );
  expect(rows).toMatchObject([{ count: 3 }]);
  till.answering = silent;
  await move("06-20T12:00:00Z");
  await Promise.all(stores.map(({ untilPlanned }) => untilPlanned(day("06-20"))));
  const days = (await first.missed()).map((one) => (one as { business_day: string }).business_day);
  expect(days).toEqual(["13", "14", "15", "16", "17", "18", "19"].map((date) => day(`06-${date}`)));
  for (const { missed, stop } of stores.slice(1)) {
    // A terminal that has never paired has nothing to close.
    expect(await missed()).toEqual([]);
    await stop();
  }
  await first.stop();
});

it("a server that dies after it has closed, or while it has claimed, leaves nothing to do twice", async () => {
  await move("07-01T12:00:00Z");
  const { store, configure, closing, untilPlanned, untilAsked, missed, stop } = autopilotOf(server, tenant);
  const till = await store.till();
  await configure();
  await untilPlanned(day("07-01"));
  await move("07-01T21:30:01Z");
  await untilAsked(day("07-01"));
  const found = await closing(day("07-01"));
  await expect.poll(async () => (await closing(day("07-01")))?.state).toBe("closed");
  // As if what follows the close had never been written.
  await server.db.pool.query(
    `update store_autopilot set asked_at = null, until = null, look_at = 'epoch'
     where (account_id, store_ref) = (select account_id, store_ref from closings where account_id = $1 and id = $2)`,
    [aid, found?.id],
  );
  await untilAsked(day("07-01"));
  const after = await closing(day("07-01"));
  expect([after?.id, after?.asked_at, till.commands.length]).toEqual([found?.id, found?.asked_at, 1]);
  const { rows } = await server.db.pool.query("select store_ref from closings where account_id = $1 and id = $2", [
    aid,
    found?.id,
  ]);
  await expect.poll(() => eventsOf(rows[0].store_ref)).toEqual(["asked", "closed"]);
  await move("07-02T03:00:01Z");
  await untilPlanned(day("07-02"));
  expect(await missed()).toEqual([]);
  await stop();
});

it("nights that pass four hours at a time close each day once, or tell of it", async () => {
  await move("08-01T12:00:00Z");
  const { store, configure, untilPlanned, untilAsked, closing, missed, stop } = autopilotOf(server, tenant);
  const till = await store.till(closes());
  await configure();
  await untilPlanned(day("08-01"));
  for (let hour = 13; hour <= 13 + 60; hour += 4) {
    const at = new Date(Date.parse(day("08-01T00:00:00Z")) + hour * 3_600_000);
    await moveTo(server, at.toISOString(), clock);
  }
  await untilAsked(day("08-03"));
  const closings = [await closing(day("08-01")), await closing(day("08-02"))];
  const told = new Set((await missed()).map((one) => (one as { business_day: string }).business_day));
  // Each day was either closed, or is told of as missed.
  for (const [index, one] of closings.entries()) {
    const name = day(`08-0${index + 1}`);
    if (!told.has(name)) expect(one?.state).toBe("closed");
  }
  expect(till.commands.length).toBeLessThanOrEqual(3);
  await stop();
});

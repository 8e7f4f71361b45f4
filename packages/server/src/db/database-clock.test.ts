import type { Pool } from "pg";
import { expect, it } from "vitest";
import { DatabaseClock } from "./database-clock.ts";

const noon = Date.parse("2026-06-29T12:00:00.000Z");

/** A database and a machine whose clocks the test sets, with a delay on the way between them. */
async function opened() {
  const business = { aheadMs: 0, sinceMs: noon, rate: 1 };
  const world = { databaseMs: noon, wallMs: noon, elapsedMs: 500, ...business, thereMs: 1, backMs: 1 };
  const pass = (ms: number) => {
    world.databaseMs += ms;
    world.wallMs += ms;
    world.elapsedMs += ms;
  };
  const query = async () => {
    pass(world.thereMs);
    const { databaseMs, aheadMs, sinceMs, rate } = world;
    const row = { databaseMs, aheadMs, sinceMs, rate };
    pass(world.backMs);
    return { rows: [row] };
  };
  const machine = { wallMs: () => world.wallMs, elapsedMs: () => world.elapsedMs };
  const clock = await DatabaseClock.open({ query } as unknown as Pool, machine);
  return { world, pass, clock };
}

it("has the time of the middle of the way to the database and back, and keeps it while no look speaks against it", async () => {
  const { world, pass, clock } = await opened();
  expect(clock.realNow().getTime()).toBe(world.databaseMs);
  pass(60_000);
  expect(clock.realNow().getTime()).toBe(world.databaseMs);
  // A slow answer alone says little: the time may have been read at its beginning.
  Object.assign(world, { thereMs: 0, backMs: 400 });
  await clock.look();
  expect(clock.realNow().getTime()).toBe(world.databaseMs);
  Object.assign(world, { thereMs: 10, backMs: 10 });
  world.databaseMs += 90;
  await clock.look();
  expect(clock.realNow().getTime()).toBe(world.databaseMs);
});

it("stands still where it was a little ahead, and goes back where the database's clock was set back", async () => {
  const { world, pass, clock } = await opened();
  const before = clock.realNow().getTime();
  world.databaseMs -= 300;
  await clock.look();
  expect(clock.realNow().getTime()).toBe(before);
  pass(1_000);
  expect(clock.realNow().getTime()).toBe(world.databaseMs);
  world.databaseMs -= 3_600_000;
  await clock.look();
  expect(clock.realNow().getTime()).toBe(world.databaseMs);
});

it("asks the machine's wall clock nothing, and tells how far it is off", async () => {
  const { world, clock } = await opened();
  expect(clock.wallAheadMs).toBe(0);
  world.wallMs -= 10_800_000;
  expect(clock.wallAheadMs).toBe(-10_800_000);
  await clock.look();
  expect(clock.realNow().getTime()).toBe(world.databaseMs);
});

it("has business time as far ahead of the real one as the row says", async () => {
  const { world, clock } = await opened();
  expect(clock.now()).toEqual(clock.realNow());
  world.aheadMs = 86_400_000;
  await clock.look();
  expect(clock.realNow().getTime()).toBe(world.databaseMs);
  expect(clock.now().getTime()).toBe(world.databaseMs + 86_400_000);
  expect(clock.toReal(clock.now())).toEqual(clock.realNow());
  expect(clock.wallAheadMs).toBe(0);
});

it("runs as fast as the row says from the instant that it names", async () => {
  const { world, pass, clock } = await opened();
  Object.assign(world, { aheadMs: 3_600_000, sinceMs: world.databaseMs, rate: 60 });
  await clock.look();
  const begun = world.sinceMs + 3_600_000;
  pass(10_000);
  const passedMs = world.databaseMs - world.sinceMs;
  expect(clock.now().getTime()).toBe(begun + 60 * passedMs);
  expect(clock.realNow().getTime()).toBe(world.databaseMs);
  expect(clock.toReal(clock.now())).toEqual(clock.realNow());
  expect(clock.toReal(new Date(begun + 60_000)).getTime()).toBe(world.sinceMs + 1_000);
  expect(clock.toReal(new Date(begun - 60_000)).getTime()).toBe(world.sinceMs - 60_000);
  expect(clock.rate()).toBe(60);
});

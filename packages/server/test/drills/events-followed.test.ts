import { world } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  expectNothingSkippedOrDoubled,
  type Follower,
  PageFollower,
  StreamFollower,
  writeOutOfOrder,
} from "../support/event-followers.ts";

const followersOfEachKind = 4;
const rounds = 2;

/** D33: over reconnects, restarts, and a database that goes back. */
describe("readers of events that come back again and again", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const follow = (): Follower[] => {
    const options = { urls: () => [server.url], aid, token: tenant.token };
    const followers = Array.from({ length: followersOfEachKind }).flatMap(() => [
      new StreamFollower(options),
      new PageFollower(options),
    ]);
    onTestFinished(() => void followers.map((follower) => follower.stop()));
    return followers;
  };
  const written = async (atLeast: number) => {
    const begin = await count();
    await vi.waitUntil(async () => (await count()) >= begin + atLeast, { timeout: 20_000, interval: 20 });
  };
  const count = async () => {
    const { last } = await server.db.sql
      .selectFrom("events")
      .select((eb) => eb.fn.max("position").as("last"))
      .where("account_id", "=", aid)
      .executeTakeFirstOrThrow();
    return Number(last ?? 0);
  };

  it("get every event once, in order", async () => {
    const followers = follow();
    const writers = writeOutOfOrder(server.db, aid);
    onTestFinished(() => writers.stop());
    await written(200);
    await server.restart();
    await written(100);
    await writers.stop();
    await expectNothingSkippedOrDoubled(server.db, aid, followers);
    for (const { segments } of followers) expect(segments).toHaveLength(1);
  });

  it("are told to read the state anew when the database went back, and miss nothing from there on", async () => {
    const followers = follow();
    const writers = writeOutOfOrder(server.db, aid);
    onTestFinished(() => writers.stop());
    for (let round = 0; round < rounds; round += 1) {
      await written(60);
      // While this transaction holds the sequencer's turn, another server starts, with another epoch, as after a restore.
      await server.db.sql.transaction().execute(async (tx) => {
        await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx);
        await sql`select from event_turn for update`.execute(tx);
        const back = 1 + Math.floor(Math.random() * 50);
        const head = sql`(select position from event_heads where account_id = ${aid})`;
        // Who has not read what is lost need not be told.
        const kept = (await count()) - back;
        await vi.waitUntil(() => followers.some(({ lastId }) => Number(lastId.split("-")[1] ?? 0) > kept));
        await sql`delete from events where account_id = ${aid} and position > ${head} - ${back}::int`.execute(tx);
        await sql`update event_heads set position = position - ${back}::int where account_id = ${aid}`.execute(tx);
        await server.restart();
      });
    }
    await written(60);
    await writers.stop();
    await expectNothingSkippedOrDoubled(server.db, aid, followers);
    expect(Math.max(...followers.map(({ segments }) => segments.length))).toBeGreaterThan(1);
  });
});

// @module-tag replicas: three servers of which some end.

import { type ServerGroup, startServerGroup } from "@tillkeeper/stage/servers/server-group";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  expectNothingSkippedOrDoubled,
  PageFollower,
  StreamFollower,
  writeOutOfOrder,
} from "../support/event-followers.ts";

const aid = "T33000041";
const betweenMs = 1_500;

/** D33: an id of one server is good at each of them. */
describe("readers of events at three servers of which some end", () => {
  let group: ServerGroup;
  beforeAll(async () => {
    group = await startServerGroup(aid);
  });
  afterAll(() => group.stop());

  it("get every event once, in order, whichever server is killed", async () => {
    const options = { urls: () => group.members.map(({ url }) => url), aid, token: group.tenant.token };
    const followers = [1, 2, 3, 4].flatMap(() => [new StreamFollower(options), new PageFollower(options)]);
    const writers = writeOutOfOrder(group.db, aid);
    const pause = () => new Promise((resolve) => void setTimeout(resolve, betweenMs));
    for (const member of group.members) {
      await pause();
      await member.kill();
      await pause();
      await member.start();
    }
    await writers.stop();
    await expectNothingSkippedOrDoubled(group.db, aid, followers);
    for (const { segments } of followers) expect(segments).toHaveLength(1);
  });
});

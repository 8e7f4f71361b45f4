import { RoughLink } from "@tillkeeper/stage/links/rough-link";
import { type Outage, startOutage } from "@tillkeeper/stage/outages/outage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

describe("a link to the database that breaks", () => {
  let link: RoughLink;
  let outage: Outage;
  beforeEach(async () => {
    outage = await startOutage("T36000001", {
      patience: 2,
      through: async (port) => {
        link = await RoughLink.to(port);
        return link.port;
      },
    });
    await outage.recovered();
  });
  afterEach(async () => {
    await outage.stop();
    await link.stop();
  });

  it("in the middle of statements costs 503s and nothing else", async () => {
    for (let round = 0; round < 40; round += 1) {
      await outage.load.more(1);
      link.break();
    }
    await outage.recovered();
    expect(await outage.wrongAnswers()).toEqual([]);
  });

  it("after the database has done the work, and before it can say so", async () => {
    for (let round = 0; round < 20; round += 1) {
      link.mood = "loses answers";
      await outage.load.refusals(10);
      link.mood = "calm";
      await outage.load.more(2);
    }
    expect(await outage.wrongAnswers()).toEqual([]);
  });

  it("without a word: requests give up, and the connections are not used again", async () => {
    for (let round = 0; round < 3; round += 1) {
      link.forget();
      // The number of requests on a dead connection depends on chance; at least one has waited for an answer.
      await outage.load.refusals(1);
      await outage.recovered();
    }
    expect(await outage.wrongAnswers()).toEqual([]);
  });
});

import { type OutageOn, startOutageOn } from "@tillkeeper/stage/outages/outage";
import { PatroniCluster } from "@tillkeeper/stage/postgres/patroni/cluster";
import type { Member } from "@tillkeeper/stage/postgres/patroni/member";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

describe("a database on two machines, with a synchronous standby", () => {
  const folder = new Folder("failover");
  let cluster: PatroniCluster;
  let outage: OutageOn;
  beforeAll(async () => {
    cluster = await PatroniCluster.start({ folder: folder.path, synchronous: true });
    outage = await startOutageOn(cluster.address, "T36000102", { patience: 2 });
    await outage.recovered();
  });
  afterAll(async () => {
    await outage?.stop();
    await cluster?.stop();
    folder.remove();
  });

  const leader = async () => (await cluster.leader()) as Member;

  it("gets another leader when its leader dies, and loses nothing", async () => {
    const dying = await leader();
    await dying.kill();
    await outage.load.refusals(5);
    await outage.recovered();
    expect(await leader()).not.toBe(dying);
    dying.start();
    await cluster.whole();
    await outage.recovered();
  });

  it("gets another leader when its leader stalls, which does not lead again when it goes on", async () => {
    const stalling = await leader();
    stalling.pause();
    await outage.load.refusals(5);
    await outage.recovered();
    const next = await leader();
    expect(next).not.toBe(stalling);
    stalling.resume();
    await cluster.whole();
    await outage.recovered();
    expect(await leader()).toBe(next);
  });

  it("goes on without its standby", async () => {
    const standby = (await cluster.standby()) as Member;
    const leading = await leader();
    await standby.kill();
    await outage.recovered();
    standby.start();
    await cluster.whole();
    await outage.recovered();
    expect(await leader()).toBe(leading);
  });

  it("has given no wrong answer in all that time", async () => {
    expect(await outage.wrongAnswers()).toEqual([]);
  });
});

import { type Outage, startOutage } from "@tillkeeper/stage/outages/outage";
import { asSuperuser } from "@tillkeeper/stage/postgres/own-postgres";
import { until } from "@tillkeeper/stage/until";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

describe("a database that cannot be written, as a standby", () => {
  let outage: Outage;
  beforeEach(async () => {
    outage = await startOutage("T36000101");
    await outage.recovered();
  });
  afterEach(async () => {
    // The load goes on until its requests are answered.
    await readOnly("off");
    await outage.stop();
  });

  const readOnly = async (value: "on" | "off") => {
    await asSuperuser(outage.postgres, `alter system set default_transaction_read_only = ${value}`);
    await asSuperuser(outage.postgres, "select pg_reload_conf()");
  };
  const ready = async () => {
    const answer = await fetch(`${outage.server.url}/health/ready`);
    return { code: answer.status, ...((await answer.json()) as { database: string }) };
  };

  it("costs 503s and nothing else, takes the server out, and is over when it is over", async () => {
    for (let round = 0; round < 3; round += 1) {
      await readOnly("on");
      await outage.load.refusals(20);
      expect(await ready()).toMatchObject({ code: 503, database: "down" });
      await readOnly("off");
      await outage.recovered();
      await until(async () => (await ready()).code === 200, "the server to be ready");
    }
    expect(await outage.wrongAnswers()).toEqual([]);
  });
});

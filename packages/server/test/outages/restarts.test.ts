import { database, type Outage, owner, startOutage } from "@tillkeeper/stage/outages/outage";
import { asSuperuser } from "@tillkeeper/stage/postgres/own-postgres";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

describe("a database that goes away under load and comes back", () => {
  let outage: Outage;
  beforeEach(async () => {
    outage = await startOutage("T34000001");
    await outage.recovered();
  });
  afterEach(() => outage.stop());

  for (const how of ["fast", "immediate", "SIGKILL"] as const) {
    it(`costs 503s and nothing else: ${how}`, async () => {
      for (let round = 0; round < 3; round += 1) {
        const { refused } = outage.load;
        await outage.postgres.end(how);
        await outage.load.refusals(20);
        await outage.postgres.start();
        await outage.recovered();
        expect(outage.load.refused).toBeGreaterThan(refused);
      }
      expect(await outage.wrongAnswers()).toEqual([]);
    });
  }

  it("costs 503s for what has to be written while it can only be read, as in the middle of a failover", async () => {
    const { postgres, load } = outage;
    await asSuperuser(postgres, `alter database ${database} set default_transaction_read_only = on`);
    const cutOff = `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${owner}'`;
    await asSuperuser(postgres, cutOff);
    await load.refusals(50);
    await asSuperuser(postgres, `alter database ${database} reset default_transaction_read_only`);
    await asSuperuser(postgres, cutOff);
    await outage.recovered();
    expect(await outage.wrongAnswers()).toEqual([]);
  });
});

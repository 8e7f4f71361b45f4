import { sql } from "kysely";
import { factsOfBatch } from "../../packages/server/src/closings/sql/facts.ts";
import { batchTable } from "../../packages/server/src/db/batch-table.ts";
import { seedClosings, settle } from "./closings-seed.ts";
import { Ending } from "./ending.ts";
import { startSubject } from "./subject.ts";
import { accountId } from "./terminal-set.ts";

const c = new Ending();
const stores = 1000;
const kt = batchTable<any>({ account_id: ["text", (k) => k.accountId], id: ["uuid", (k) => k.id] });
try {
  const s = await startSubject(c, stores * 3, { stores });
  const text = factsOfBatch(sql.raw(kt.as("wanted"))).compile(s.db.sql).sql;
  for (const mode of ["empty stats", "new"]) {
    if (mode === "empty stats") await settle(s.db);
    else {
      await s.db.pool.query(
        "truncate closings, operations, operation_claims, terminal_addresses, terminal_credentials, terminal_presence cascade",
      );
    }
    await seedClosings(s.db, stores);
    const { rows } = await s.db.pool.query("select id from closings order by id desc limit 500");
    const values = kt.values(rows.map(({ id }: any) => ({ accountId, id })));
    const client = await s.db.pool.connect();
    const t = performance.now();
    const r = await client.query({
      text: "explain (analyze, buffers off) " + text,
      values,
      query_timeout: 100000,
    } as any);
    console.log("====", mode, performance.now() - t);
    console.log(r.rows.map((x: any) => x["QUERY PLAN"]).join("\n"));
    client.release();
  }
} finally {
  await c.close();
}

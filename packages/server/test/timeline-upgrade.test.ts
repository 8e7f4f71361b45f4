import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { expect, it } from "vitest";
import { openDb } from "../src/db/db.ts";
import { migrate } from "../src/db/migrate.ts";
import { createLogger } from "../src/platform/log/log.ts";

const log = createLogger("silent");
const aid = "T94100001";
const terminal = `${aid}-T0001`;

it("what happened before the timeline was there is told: moves of terminals, and late results", async () => {
  const database = await createTestDatabase({ empty: true });
  const db = openDb({ connectionString: database.url }, log);
  try {
    await migrate(db, "0038_closings.sql");
    await db.pool.query("insert into accounts (account_id, name, created_at) values ($1, 'x', '2026-01-01T00:00Z')", [
      aid,
    ]);
    await db.pool.query(
      `insert into stores (account_id, id, number, store_id, status, verified, created_at, created_by, updated_at, updated_by)
       select $1, $1 || '-000' || n, n, 'S' || n, 'ACTIVE', true, '2026-01-01T00:00Z', 'x', now(), 'x' from generate_series(1, 3) as n`,
      [aid],
    );
    await db.pool.query(
      `insert into terminals (account_id, terminal_id, number, id, store_ref, device_serial_number, simulated, status, created_at,
         created_by, updated_at)
       values ($1, $2, 1, gen_random_uuid(), $1 || '-0003', '1', false, 'ACTIVE', '2026-01-02T00:00Z', 'x', now())`,
      [aid, terminal],
    );
    const moves = [
      ["2026-02-01T00:00:00Z", "S1", "S2"],
      ["2026-02-02T00:00:00Z", "S2", "S2"],
      ["2026-03-01T00:00:00Z", "S2", "S3"],
    ];
    for (const [at, from, to] of moves) {
      const [before, after] = [from, to].map((store_id) => JSON.stringify({ store_id }));
      const values = [aid, at, terminal, before, after];
      await db.pool.query(
        "select audit_append($1, $2, 'c', '', '', 'terminal.update', 'terminal', $3, $4, $5)",
        values,
      );
    }
    await db.pool.query("select tillkeeper_make_month('2026-02-10T00:00Z')");
    await db.pool.query(
      `insert into operations (account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by,
         updated_at, updated_by, late_result)
       select $1, (substr(tillkeeper_lowest_id(at)::text, 1, 14) || '7000-8000-00000000000' || n)::uuid, $2, 'open_menu', 'TIMEOUT', '{}',
         at, at, 'x', at + interval '1 minute', 'x', case when n = 1 then '{}'::jsonb end
       from (values (1, '2026-02-10T00:00Z'::timestamptz), (2, '2026-02-11T00:00Z')) as row (n, at)`,
      [aid, terminal],
    );
    await migrate(db);
    const { rows: stays } = await db.pool.query(
      "select store_ref, used_from, used_until from terminal_stores where account_id = $1 order by id",
      [aid],
    );
    const at = (day: string) => new Date(`2026-${day}T00:00:00Z`);
    expect(stays).toEqual([
      { store_ref: `${aid}-0001`, used_from: at("01-02"), used_until: at("02-01") },
      { store_ref: `${aid}-0002`, used_from: at("02-01"), used_until: at("03-01") },
    ]);
    const { rows: late } = await db.pool.query(
      "select told_late_at from operations where account_id = $1 order by id",
      [aid],
    );
    expect(late).toEqual([{ told_late_at: new Date("2026-02-10T00:01:00Z") }, { told_late_at: null }]);
  } finally {
    await db.close();
    await database.drop();
  }
});

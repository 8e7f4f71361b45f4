import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { register } from "../support/presence.ts";

describe("the look for those who are overdue", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  /** More rows than one statement writes. */
  const count = 1_700;

  /** Creates terminals like the first, all heard just now. */
  async function hear(): Promise<void> {
    const { terminalId } = await register(server, tenant, "6500001");
    await server.db.pool.query(
      `insert into terminals select (jsonb_populate_record(terminals, jsonb_build_object(
         'terminal_id', $1 || '-T' || n, 'id', gen_random_uuid(), 'number', n, 'device_serial_number', 'W-' || n))).*
       from terminals, generate_series(10001, 10000 + $3::integer) as n where terminal_id = $2`,
      [aid, terminalId, count],
    );
    const now = server.clock.now();
    await server.db.pool.query(
      `insert into terminal_presence (account_id, terminal_id, session, status, since, connected_at, last_heard_at, next_expected_at)
       select account_id, terminal_id, 'A', 'online', $2::timestamptz, $2, $2, $2::timestamptz + interval '30 seconds' from terminals
       where account_id = $1 and number > 10000`,
      [aid, now],
    );
  }

  it("writes each change of each of very many down, once", { tags: "replicas" }, async () => {
    await hear();
    server.clock.advance(40_000);
    const written = async () =>
      (
        await server.db.pool.query(
          `select status, count(*)::integer, count(distinct terminal_id)::integer as terminals
           from presence_changes where account_id = $1 group by status order by status`,
          [aid],
        )
      ).rows;
    const late = { status: "late", count, terminals: count };
    await vi.waitFor(async () => expect(await written()).toEqual([late]), { interval: 50 });
    server.clock.advance(60_000);
    const both = [late, { ...late, status: "offline" }];
    await vi.waitFor(async () => expect(await written()).toEqual(both), { interval: 50 });
  });

  it("is not taken each second, as it reads every row", async () => {
    const looks = new Set<number>();
    const look = async () => {
      const { rows } = await server.db.pool.query("select looked_at from presence_watch");
      return looks.add(rows[0].looked_at.getTime()).size;
    };
    await vi.waitUntil(async () => (await look()) === 4);
    const times = [...looks].slice(1);
    const gaps = times.slice(1).map((at, index) => at - (times[index] as number));
    expect(Math.min(...gaps)).toBeGreaterThan(2_000);
  });
});

import type { Db } from "@tillkeeper/server/db/db";
import type { Sample } from "./lists-cases.ts";
import {
  commonWord,
  destinations,
  type Fleet,
  mainDestination,
  oldModel,
  oldShare,
  oldWord,
  organizationStride,
  rareStore,
  serialStride,
} from "./lists-fleet.ts";

/** Rows per statement: few enough that Ctrl-C takes effect soon, enough that statement triggers pay off. */
const batchSize = 100_000;
const timeoutMs = 180_000;
const sampleSize = 500;
/** The server's default `limit` of both lists. */
export const pageSize = 10;

// Every column of a row follows from its number. `hashint4` scatters values that must not be in order, and gives both
// accounts equal shares of each value.

const destinationsSql = `
  insert into payout_destinations (
    account_id, payout_destination_id, case_status, type, merchant_category_code, created_at, created_by, updated_at,
    updated_by
  )
  select $1, case n when 0 then '${mainDestination}' else 'PD' || n end, 'ACTIVE', 'company', '5499', now(), 'bench',
    now(), 'bench'
  from generate_series(0, $2::int) as n`;

/** Of 100 stores, four are SUSPENDED and two DELETED. */
const storesSql = `
  insert into stores (
    account_id, id, number, store_id, status, suspended_by_operator, verified, organization, store_name, address,
    payout_destination_id, created_at, created_by, updated_at, updated_by
  )
  select $1, $1 || '-' || lpad(n::text, greatest(4, length(n::text)), '0'), n, 'S' || n, status,
    status = 'SUSPENDED', true,
    jsonb_build_object('organization_number', $5 || lpad((n::bigint * ${organizationStride} % 100000000)::text, 8, '0')),
    case when n = ${rareStore.number} then '${rareStore.word}'
      when n <= ${oldShare} * $4::int and abs(hashint4(n + 3) % 4) = 0 then '${oldWord} ' || n
      else '${commonWord} ' || n end,
    jsonb_build_object('address_line', 'Storgata ' || n % 200, 'postal_code', '0349', 'country', 'NO',
      'postal_place', (array['Oslo', 'Bergen', 'Trondheim', 'Stavanger', 'Bodø'])[1 + abs(hashint4(n + 1) % 5)]),
    case when hashint4(n + 2) % 2 = 0 then '${mainDestination}' else 'PD' || 1 + abs(hashint4(n + 4) % $6::int) end,
    now(), 'bench', now(), 'bench'
  from generate_series($2::int, $3::int) as n
  cross join lateral (
    select case when share < 2 then 'DELETED' when share < 6 then 'SUSPENDED' else 'ACTIVE' end as status
    from (select abs(hashint4(n) % 100) as share) as hashed
  ) as chosen`;

/**
 * Ten terminals per store, with numbers far apart. Terminals of deleted stores are DELETED, of suspended stores
 * INACTIVE; of the others, one in 400 is in ERROR.
 */
const terminalsSql = `
  insert into terminals (
    account_id, terminal_id, number, id, store_ref, device_serial_number, device_model, simulated, status,
    status_before_inactive, created_at, created_by, updated_at, deleted_at, deleted_by
  )
  select $1, $1 || '-T' || lpad(n::text, greatest(4, length(n::text)), '0'), n, gen_random_uuid(), stores.id,
    $5 || lpad((n::bigint * ${serialStride} % 1000000000)::text, 9, '0'),
    case when n <= ${oldShare} * $4::int and abs(hashint4(n + 3) % 4) = 0 then '${oldModel}'
      when abs(hashint4(n + 1) % 400) = 0 then 'RX5000'
      when hashint4(n + 2) % 2 = 0 then 'A920' else 'A77' end,
    false, chosen.status, case chosen.status when 'INACTIVE' then 'ACTIVE' end, now(), 'bench', now(),
    case chosen.status when 'DELETED' then now() end, case chosen.status when 'DELETED' then 'bench' end
  from generate_series($2::int, $3::int) as n
  join stores on stores.account_id = $1 and stores.number = 1 + n % $6::int
  cross join lateral (
    select case stores.status when 'DELETED' then 'DELETED' when 'SUSPENDED' then 'INACTIVE'
      else case when abs(hashint4(n) % 400) = 0 then 'ERROR' when abs(hashint4(n) % 25) = 1 then 'PENDING'
        else 'ACTIVE' end end as status
  ) as chosen`;

/** Inserts an account's payout destinations, stores and terminals; triggers fill the search tables. */
export async function seedFleet(db: Db, fleet: Fleet): Promise<void> {
  const { accountId, stores, terminals, serialDigit } = fleet;
  await run(db, destinationsSql, [accountId, destinations(fleet)]);
  await inBatches(stores, (from, to) =>
    run(db, storesSql, [accountId, from, to, stores, String(serialDigit), destinations(fleet)]),
  );
  await run(db, "analyze stores");
  await inBatches(terminals, (from, to) =>
    run(db, terminalsSql, [accountId, from, to, terminals, String(serialDigit), stores]),
  );
  await run(db, "update accounts set last_store_number = $2, last_terminal_number = $3 where account_id = $1", [
    accountId,
    stores,
    terminals,
  ]);
}

/** Does what autovacuum would do some minutes later, during the measurement. */
export async function settle(db: Db): Promise<void> {
  for (const table of ["payout_destinations", "stores", "store_search", "terminals", "terminal_search"]) {
    await run(db, `vacuum analyze ${table}`);
  }
  await run(db, "checkpoint");
}

/** Draws terminals and stores from the whole account, and finds the cursors of the deep and last pages. */
export async function takeSample(db: Db, fleet: Fleet): Promise<Sample> {
  const terminals = await db.pool.query<Sample["terminals"][number]>(
    `select terminal_id, device_serial_number, 'S' || 1 + number % $2::int as store_id from terminals
     where account_id = $1 and status = 'ACTIVE' order by hashint4(number + 7) limit $3`,
    [fleet.accountId, fleet.stores, sampleSize],
  );
  const stores = await db.pool.query<Sample["stores"][number]>(
    `select organization ->> 'organization_number' as organization_number, payout_destination_id from stores
     where account_id = $1 and status = 'ACTIVE' and payout_destination_id <> '${mainDestination}'
     order by hashint4(number + 7) limit $2`,
    [fleet.accountId, sampleSize],
  );
  const cursors = {
    terminals: { deep: await cursor(db, fleet, "terminals", 1_000), last: await cursor(db, fleet, "terminals") },
    stores: { deep: await cursor(db, fleet, "stores", 1_000), last: await cursor(db, fleet, "stores") },
  };
  return { terminals: terminals.rows, stores: stores.rows, cursors };
}

/** Returns the `starting_after` of page number `page`, or of the last full page when there are fewer pages. */
async function cursor(db: Db, fleet: Fleet, table: "stores" | "terminals", page = Number.POSITIVE_INFINITY) {
  const live = `from ${table} where account_id = $1 and status <> 'DELETED'`;
  const { rows } = await db.pool.query<{ live: number }>(`select count(*)::int as live ${live}`, [fleet.accountId]);
  const number = Math.min(page, Math.floor((rows[0]?.live ?? 0) / pageSize));
  const found = await db.pool.query<{ id: string }>(
    `select ${table === "stores" ? "id" : "terminal_id"} as id ${live} order by number desc offset $2 limit 1`,
    [fleet.accountId, (number - 1) * pageSize - 1],
  );
  return found.rows[0]?.id ?? "";
}

async function inBatches(size: number, insert: (from: number, to: number) => Promise<void>): Promise<void> {
  for (let from = 1; from <= size; from += batchSize) await insert(from, Math.min(size, from + batchSize - 1));
}

async function run(db: Db, text: string, values: unknown[] = []): Promise<void> {
  // Exceeds the query timeout of the server's own statements.
  await db.pool.query({ text, values, query_timeout: timeoutMs } as { text: string; values: unknown[] });
}

import { randomUUID } from "node:crypto";
import { createTestDatabase } from "@tillkeeper/stage/postgres/database";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { type RawBuilder, sql } from "kysely";
import type { Pool, PoolClient, QueryConfig } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { factsOf, findClosings, insertAttempts, noteLooks, noteOutcomes } from "../src/closings/sql/advance.ts";
import { factsOfAccount, factsOfStores } from "../src/closings/sql/facts.ts";
import { untouchedDays } from "../src/closings/sql/new.ts";
import { closingsOfDays, closingsOfOperations } from "../src/closings/sql/news.ts";
import { type Db, openDb } from "../src/db/db.ts";
import { differingMemories } from "../src/gateway/sql/differing-memories.ts";
import { toFinish } from "../src/operations/reports/results.ts";
import { acceptOperations } from "../src/operations/sql/accept.ts";
import { expireOperations } from "../src/operations/sql/expire.ts";
import { noteProgress } from "../src/operations/sql/progress.ts";
import { takeAnswers } from "../src/operations/sql/take-answers.ts";
import { createLogger } from "../src/platform/log/log.ts";
import { noteHeard } from "../src/presence/hearing/sql/note-heard.ts";
import { noteTelemetry } from "../src/presence/telemetry/sql/note-telemetry.ts";
import { claimDue, firstOfAll } from "../src/webhooks/sending/claim.ts";
import { giveBack, keepBodies, takeOver, useSlowLane } from "../src/webhooks/sending/sql.ts";

interface Plan {
  "Relation Name"?: string;
  "Index Name"?: string;
  "Index Cond"?: string;
  "Node Type": string;
  "Parent Relationship"?: string;
  "Subplan Name"?: string;
  Plans?: Plan[];
}

const at = new Date("2026-11-27T12:00:00Z");
const device = { accountId: "T32000001", terminalId: "T32000001-T0001", address: "T32000001-T0001-D1" };
const { accountId, terminalId } = device;
const id = randomUUID();
const operation = "open_menu" as const;
const result = { operation_id: id, operation, status: "COMPLETED" as const, finished_at: at.toISOString(), result: {} };
const context = { at, origins: { of: () => ({ signed: "" }), read: () => undefined } };
const finish = toFinish(device, result, context);
/** Stored anew where the database has lost it. */
const doubtfulClose = toFinish(
  device,
  { ...result, number: 1, operation: "end_of_day", status: "FAILED", result: undefined, unknown_end: true },
  context,
);
const asked = {
  accountId,
  id,
  terminalId,
  operation,
  parameters: {},
  whenBusy: null,
  deadline: at,
  timeoutGiven: true,
  createdAt: at,
  clientId: "c",
  requestKey: null,
  requestSha256: null,
  dueAt: at,
  announced: true,
};
const progress = { accountId, id, terminalId, dispatchedAt: at, deliveredAt: null, startedAt: null };
const heard = { ...device, session: null, at, nextExpectedAt: at, roundTripMs: null };

/** The tables that the statements read, beside the batch. */
const tables = [
  "terminals",
  "terminal_addresses",
  "terminal_credentials",
  "terminal_presence",
  "terminal_telemetry",
  "telemetry_history",
  "operations",
  "operation_claims",
  "closings",
  "closing_terminals",
  "closing_attempts",
];

type Run = (pool: Pool, other: Pick<Db, "sql">) => Promise<unknown>;
const closing = { accountId, id };

const statements: Record<string, Run> = {
  accept: (pool) => acceptOperations(pool, [asked]),
  "accept what expects a close": (pool) =>
    acceptOperations(pool, [
      { ...asked, operation: "end_of_day", expectedClose: id },
      { ...asked, expectedClose: null },
    ]),
  "take answers": (pool) => takeAnswers(pool, [finish], "skip"),
  "take an answer of a lost close": (pool) => takeAnswers(pool, [doubtfulClose], "skip"),
  "take an answer that waits": (pool) => takeAnswers(pool, [finish], "wait"),
  "note progress": (pool) => noteProgress(pool, [progress], "skip"),
  expire: (pool) => expireOperations(pool, at, 1_000),
  "note telemetry": async (pool) => {
    await noteTelemetry(pool, [{ ...device, field: "open_batch", value: { transactions_count: 0 }, at }], at);
  },
  "note who was heard": (pool) => noteHeard(pool, [heard], at),
  "find closings": (pool, other) => findClosings({ ...other, pool }, [closing]),
  "read the facts of closings": (pool, other) => factsOf({ ...other, pool }, [closing]),
  "write attempts of closings": (pool) =>
    insertAttempts(pool, [{ ...closing, terminalId, n: 1, at, askedBy: "x", whenBusy: null, expectedClose: null }]),
  "note what came of attempts": async (pool) => {
    await noteOutcomes(pool, [{ ...closing, terminalId, n: 1, operationId: id, refused: null }]);
  },
  "note when closings are looked at": (pool) =>
    noteLooks(pool, [{ ...closing, askedAt: at, lookAt: at, at, told: { state: "running", digest: "x" } }]),
  "find the closings of operations": (pool) => closingsOfOperations(pool, [{ accountId, operationId: id }]),
  "find the closings of days": (pool) =>
    closingsOfDays(pool, [{ account_id: accountId, store_ref: "s", created_at: at, sent_by: null }]),
  "compare memories": (pool) => differingMemories(pool, [{ device, believed: { number: 0 } }]),
};

const lookups = [
  "find closings",
  "read the facts of closings",
  "write attempts of closings",
  "note what came of attempts",
];

/** Statements of webhooks, which meet a table of deliveries that is mostly done. */
const ofWebhooks: Record<string, Run> = {
  "claim deliveries": (pool) =>
    claimDue(pool, {
      lane: 0,
      behind: firstOfAll,
      now: at,
      realNow: at,
      free: 512,
      underWay: new Map(),
      most: { subscription: 8, failing: 8, account: 128, host: 24 },
      lease: id,
    }),
  "keep bodies": (pool) => keepBodies(pool, [{ id, body: "{}" }]),
  "give deliveries back": (pool) => giveBack(pool, { lease: id, ids: [id], dueAt: at }),
  "take deliveries over": (pool) => takeOver(pool),
  "use the slow lane": (pool) => useSlowLane(pool, id),
};

const factsForRequests: Record<string, () => RawBuilder<unknown>> = {
  facts_of_closing: () => factsOfAccount(accountId, [randomUUID()]),
  facts_of_closings: () => factsOfAccount(accountId, [randomUUID(), randomUUID(), randomUUID()]),
  facts_of_stores: () =>
    factsOfStores(accountId, at, [{ closingId: null, storeRef: `${accountId}-0001`, startsAt: at, endsAt: at }]),
};

/**
 * Connections of the hot statements can only use nested loops, so a batch that is joined with itself costs its square.
 */
describe("a statement for a batch reads the batch once for each step:", async () => {
  const database = await createTestDatabase();
  // A server has made the months of the tables, and is gone: it would hold locks that the truncation waits for.
  await (await startTestServer({ database })).stop();
  const db = openDb({ connectionString: database.url }, createLogger("silent"));
  beforeAll(async () => {
    // Statistics of a new database. PostgreSQL plans otherwise when statistics call a table empty that is filled later.
    await sql`truncate ${sql.join(tables.map((table) => sql.table(table)))} cascade`.execute(db.sql);
  });
  afterAll(async () => {
    await db.close();
    await database.drop();
  });

  it.each(Object.keys(statements))("%s", async (name) => {
    const { text, values = [] } = await captured(statements[name] as Run, db);
    expect(loopsOver(await genericPlan(text, values.length))).toEqual([]);
  });

  // Other indexes begin with the account, too: by one of them a lookup would read all closings of the account.
  it.each(lookups)("%s looks up a closing by its primary key, without statistics", async (name) => {
    const { text, values = [] } = await captured(statements[name] as Run, db);
    const used = indexesOf(await genericPlan(text, values.length), "closings");
    expect(new Set(used)).toEqual(new Set(["closings_pkey"]));
  });

  // An index by account and day would read the closings of all stores for each of them.
  const byStore = new Set(["closings_account_id_store_ref_business_day_key", "closings_by_store"]);
  it.each(["without statistics", "with those of an evening"])(
    "closings of a store's days are looked up by store, %s",
    async (statistics) => {
      const ofDays = await captured(statements["find the closings of days"] as Run, db);
      const untouched = untouchedDays(accountId, [{ storeRef: "s", day: "2026-11-27", startsAt: at, endsAt: at }]);
      const { sql: text, parameters } = untouched.compile(db.sql);
      const client = await db.pool.connect();
      try {
        await client.query("begin");
        if (statistics !== "without statistics") {
          await client.query(
            "alter table closings drop constraint closings_account_id_store_ref_fkey, drop constraint closings_account_id_fkey",
          );
          await client.query(
            `insert into closings (account_id, id, store_ref, business_day, day_starts_at, day_ends_at, time_zone, created_at, created_by,
               asked_at, asked_by, retry_until)
             select $1, gen_random_uuid(), n::text, '2026-11-27', now(), now(), 'Etc/UTC', now(), 'x', now(), 'x', now()
             from generate_series(1, 20000) as n`,
            [accountId],
          );
          await client.query("analyze closings");
        }
        const plans = [
          await planIn(client, ofDays.text, ofDays.values?.length ?? 0),
          await planIn(client, text, parameters.length),
        ];
        const used = plans.flatMap((plan) => indexesOf(plan, "closings"));
        expect(used).toHaveLength(2);
        expect(used.filter((name) => !byStore.has(name))).toEqual([]);
      } finally {
        await client.query("rollback");
        client.release(true);
      }
    },
  );

  it.each(["pool", "urgent"] as const)(
    "however small the first batches of a connection were, %s plans once",
    async (pool) => {
      const client = await db[pool].connect();
      try {
        const { text, values = [] } = await captured(statements["take answers"] as Run, db);
        await client.query(`prepare planned as ${text}`);
        const nulls = values.map(() => "null").join(", ");
        for (let times = 0; times < 7; times += 1) await client.query(`execute planned (${nulls})`);
        const { rows } = await client.query(
          "select custom_plans::int from pg_prepared_statements where name = 'planned'",
        );
        expect(rows).toEqual([{ custom_plans: 0 }]);
      } finally {
        client.release(true);
      }
    },
  );

  it.each(Object.keys(factsForRequests))("%s, which requests use, is planned once on a connection", async (name) => {
    const facts = factsForRequests[name] as () => RawBuilder<unknown>;
    const [planned] = await db.sql.connection().execute(async (connection) => {
      // PostgreSQL plans the first five for their values, and compares.
      for (let times = 0; times < 12; times += 1) await facts().execute(connection);
      const counts = sql`select custom_plans::int as custom from pg_prepared_statements where name = ${name}`;
      return (await counts.execute(connection)).rows;
    });
    expect(planned).toEqual({ custom: 5 });
  });

  // Where none waits, an index of those that wait looks as cheap as one row.
  const withShares = Object.keys(ofWebhooks).flatMap((name) => [200, 0].map((waiting) => ({ name, waiting })));
  it.each(withShares)("$name reads by keys, though of 20,000 deliveries $waiting wait", async ({ name, waiting }) => {
    const client = await db.pool.connect();
    try {
      await client.query("begin");
      await client.query(
        `insert into hook_subscriptions (account_id, id, url, content_type, insecure_ssl, events, active, ordered, created_at, created_by, updated_at, updated_by)
         select $1, md5(n::text)::uuid, 'http://x', 'application/json', false, '{}', true, false, now(), 'x', now(), 'x' from generate_series(1, 50) as n`,
        [accountId],
      );
      await client.query(
        `insert into hook_deliveries (account_id, id, subscription_id, event, position, epoch, state, lane, due_at, created_at)
         select $1, gen_random_uuid(), md5((1 + n % 50)::text)::uuid, 'x', n, 'e', case when n <= $2 then 'waiting' else 'delivered' end, 0, now(), now()
         from generate_series(1, 20000) as n`,
        [accountId, waiting],
      );
      await client.query("analyze hook_deliveries, hook_subscriptions");
      const { text, values = [] } = await captured(ofWebhooks[name] as Run, db);
      const plan = await planIn(client, text, values.length);
      expect(wholeTablesOf(plan)).not.toContain("hook_deliveries");
      if (name === "claim deliveries") expect(wholeIndexesOf(plan, "hook_deliveries")).toEqual([]);
    } finally {
      await client.query("rollback");
      client.release(true);
    }
  });

  it("and a join of a batch with itself is found", async () => {
    const joined =
      "with input as materialized (select unnest($1::text[]) as x) select from input as a join input as b using (x)";
    expect(loopsOver(await genericPlan(joined, 1))).toEqual(["CTE Scan"]);
  });

  /** The plan after some executions, which does not depend on the values. */
  async function genericPlan(text: string, parameters: number): Promise<Plan> {
    const client = await db.pool.connect();
    try {
      return await planIn(client, text, parameters);
    } finally {
      client.release(true);
    }
  }
});

async function planIn(client: PoolClient, text: string, parameters: number): Promise<Plan> {
  await client.query("set plan_cache_mode = force_generic_plan");
  await client.query(`deallocate all; prepare looked_at as ${text}`);
  const nulls = Array.from({ length: parameters }, () => "null").join(", ");
  const { rows } = await client.query(`explain (format json) execute looked_at${nulls === "" ? "" : ` (${nulls})`}`);
  return rows[0]["QUERY PLAN"][0].Plan as Plan;
}

async function captured(run: Run, db: Pick<Db, "sql">): Promise<QueryConfig> {
  const queries: QueryConfig[] = [];
  const query = async (config: QueryConfig) => {
    queries.push(config);
    return { rows: [], rowCount: 0 };
  };
  await run({ query } as unknown as Pool, db);
  return queries[0] as QueryConfig;
}

const wholeReads = new Set(["CTE Scan", "Function Scan", "Seq Scan"]);

/** Tables that are read whole, once or often. */
function wholeTablesOf(plan: Plan): string[] {
  const own = plan["Node Type"] === "Seq Scan" ? [plan["Relation Name"] ?? ""] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(wholeTablesOf)];
}

/** The indexes by which a table is read. */
function indexesOf(plan: Plan, table: string): string[] {
  const own = plan["Relation Name"] === table && plan["Index Name"] ? [plan["Index Name"]] : [];
  return [...own, ...(plan.Plans ?? []).flatMap((inner) => indexesOf(inner, table))];
}

/** The indexes of a table that are read whole. */
function wholeIndexesOf(plan: Plan, table: string): string[] {
  const isWhole = plan["Relation Name"] === table && plan["Index Name"] && !plan["Index Cond"];
  return [
    ...(isWhole ? [plan["Index Name"] as string] : []),
    ...(plan.Plans ?? []).flatMap((inner) => wholeIndexesOf(inner, table)),
  ];
}

/** Tables that are read whole for each row of another node. */
function loopsOver(plan: Plan): string[] {
  const own = plan["Parent Relationship"] === "Inner" ? wholeReadsOf(plan) : [];
  return [...own, ...(plan.Plans ?? []).flatMap(loopsOver)];
}

/** Skips nodes that only pass rows on. */
function wholeReadsOf({ "Node Type": type, Plans }: Plan): string[] {
  if (wholeReads.has(type)) return [type];
  return type === "Materialize" ? (Plans ?? []).flatMap(wholeReadsOf) : [];
}

import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tx } from "../../src/db/db.ts";
import { inTenant } from "../../src/db/tenants/tenant.ts";
import { countTerminals, findStore, listStores, type StorePage } from "../../src/merchants/stores/queries.ts";

interface Listed {
  id: string;
  store_id: string;
  status: string;
  store_name?: string;
  payout_destination?: { payout_destination_id: string };
}

describe("the list of stores", async () => {
  const { server, tenant, aid } = await world({ live: true, own: {} });
  const stores = `/v1/accounts/${aid}/stores`;
  let all: Listed[];
  beforeAll(async () => {
    await server.account("P65000009");
    for (const id of ["PD1", "PD2"]) await addDestination(id, aid);
    await addStores();
    all = (await list("limit=100&include_deleted=true")).stores;
  });

  const list = async (query: string): Promise<{ stores: Listed[]; starting_after?: string }> => {
    const answer = await server.call("GET", `${stores}?${query}`, tenant);
    expect(answer.status, `${query} ${JSON.stringify(answer.body.error)}`).toBe(200);
    return answer.body;
  };
  const idsOf = async (query: string) => (await list(`limit=100&${query}`)).stores.map((store) => store.store_id);

  async function addDestination(id: string, accountId: string): Promise<void> {
    await server.db.sql
      .insertInto("payout_destinations")
      .values({
        account_id: accountId,
        payout_destination_id: id,
        case_status: "ACTIVE",
        type: "company",
        organization: JSON.stringify({ organization_number: "923609016" }),
        created_at: new Date(),
      })
      .execute();
  }

  /** Thirty stores of every status and destination, some with a text to search for. */
  async function addStores(): Promise<void> {
    const post = (path: string, body?: unknown) =>
      server.call("POST", `${stores}${path}`, { token: tenant.token, ...(body !== undefined && { body }) });
    for (let n = 1; n <= 30; n += 1) {
      const destination = n % 3 === 0 ? {} : { payout_destination: { payout_destination_id: `PD${n % 3}` } };
      await post("", { store_id: `N${n}`, store_name: n % 2 === 0 ? "Even & 50%_off" : `Odd ${n}`, ...destination });
      if (n % 5 === 0) await post(`/N${n}/suspend`);
      if (n % 7 === 0) await server.call("DELETE", `${stores}/N${n}`, tenant);
    }
    const address = { address_line: "1", postal_place: "TRONDHEIM", country: "NO" };
    await post("", { store_id: "Sø-1", store_name: "ÆRLIG Kaffe", address });
    await post("", { store_id: "Org", organization: { organization_number: "974760673" } });
    for (const [n, store] of ["Sø-1", "Sø-1", "Org"].entries()) {
      const body = { device_serial_number: `LIST-${n}`, store_id: store };
      await server.call("POST", `/v1/accounts/${aid}/terminals`, { ...tenant, body });
    }
  }

  it("shows all but DELETED, newest first, unless asked otherwise", async () => {
    const live = all.filter((store) => store.status !== "DELETED").map((store) => store.store_id);
    expect(all.map((store) => store.id)).toEqual(
      all
        .map((store) => store.id)
        .toSorted()
        .toReversed(),
    );
    expect(await idsOf("")).toEqual(live);
    expect(await idsOf("include_deleted=false")).toEqual(live);
    const withStatus = (...statuses: string[]) =>
      all.filter((store) => statuses.includes(store.status)).map((store) => store.store_id);
    expect(await idsOf("status=DELETED")).toEqual(["N28", "N21", "N14", "N7"]);
    expect(await idsOf("status=SUSPENDED")).toEqual(withStatus("SUSPENDED"));
    expect(await idsOf("status=SUSPENDED&status=DELETED")).toEqual(withStatus("SUSPENDED", "DELETED"));
    expect(await idsOf("status=ACTIVE&status=ACTIVE")).toEqual(withStatus("ACTIVE"));
    expect(await idsOf("status=ACTIVE&include_deleted=true")).toEqual(withStatus("ACTIVE"));
  });

  it("filters by one payout destination or several, whichever are its own", async () => {
    const tiedTo = (...ids: string[]) =>
      all
        .filter((store) => store.status !== "DELETED")
        .filter((store) => ids.includes(store.payout_destination?.payout_destination_id ?? ""))
        .map((store) => store.store_id);
    expect(await idsOf("payout_destination_id=PD1")).toEqual(tiedTo("PD1"));
    expect(await idsOf("payout_destination_id=PD2&payout_destination_id=PD1&payout_destination_id=PD2")).toEqual(
      tiedTo("PD1", "PD2"),
    );
    expect(await idsOf("payout_destination_id=PD9")).toEqual([]);
  });

  it("searches name, both ids, place and organization number, in either case, taking every character literally", async () => {
    for (const [text, expected] of [
      ["ærlig KAFFE", ["Sø-1"]],
      ["SØ-", ["Sø-1"]],
      ["trond", ["Sø-1"]],
      ["97476", ["Org"]],
      ["e", await idsOf("search=E")],
      [`${aid}-0001`, ["N1"]],
      ["odd 1%", []],
      ["_dd", []],
      ["\\", []],
      ["no such store", []],
    ] as const) {
      expect(await idsOf(`search=${encodeURIComponent(text)}`), text).toEqual(expected);
    }
    const even = await idsOf(`search=${encodeURIComponent("50%_OFF")}`);
    expect(even).toEqual(
      all
        .filter((store) => store.store_name?.startsWith("Even") && store.status !== "DELETED")
        .map((store) => store.store_id),
    );
    // Two adjacent fields are not one text.
    expect(await idsOf(`search=${encodeURIComponent("kaffetrondheim")}`)).toEqual([]);
    expect((await server.call("GET", `${stores}?search=`, tenant)).status).toBe(400);
    expect((await server.call("GET", `${stores}?search=a%0Ab`, tenant)).status).toBe(400);
  });

  it("finds a store by what it is now, not by what it was", async () => {
    await server.call("PUT", `${stores}/Org`, { ...tenant, body: { store_name: "Renamed" } });
    expect(await idsOf("search=97476")).toEqual([]);
    expect(await idsOf("search=renamed")).toEqual(["Org"]);
  });

  it("pages through any mixture of filters without skipping or repeating", async () => {
    for (const filter of [
      "",
      "include_deleted=true",
      "status=ACTIVE&status=DELETED",
      "search=odd",
      "search=off&status=SUSPENDED&status=ACTIVE&payout_destination_id=PD1&payout_destination_id=PD2",
      "payout_destination_id=PD1&payout_destination_id=PD2&include_deleted=true",
    ]) {
      const whole = await idsOf(filter);
      expect(whole.length).toBeGreaterThan(3);
      for (const limit of [1, 3, whole.length]) {
        const seen: string[] = [];
        let cursor: string | undefined = "";
        while (cursor !== undefined) {
          const page = await list(`${filter}&limit=${limit}${cursor}`.replace(/^&/, ""));
          expect(page.stores.length).toBeLessThanOrEqual(limit);
          seen.push(...page.stores.map((store) => store.store_id));
          cursor = page.starting_after && `&starting_after=${page.starting_after}`;
        }
        expect(seen, `${filter} by ${limit}`).toEqual(whole);
      }
    }
  });

  it("counts the live terminals of each store by status", async () => {
    await server.db.sql
      .updateTable("terminals")
      .set({ status: "ERROR" })
      .where("device_serial_number", "=", "LIST-0")
      .execute();
    const [store] = (await list(`search=${encodeURIComponent("sø-1")}`)).stores;
    expect(store).toMatchObject({
      number_of_terminals: 2,
      terminals_summary: [
        { status: "PENDING", count: 1 },
        { status: "ERROR", count: 1 },
      ],
    });
    expect(store).not.toHaveProperty("terminals");
    expect((await list("search=N11")).stores[0]).toMatchObject({ number_of_terminals: 0, terminals_summary: [] });
  });

  it("names filters that are wrong, and shows nothing of other accounts", async () => {
    for (const [query, place] of [
      ["status=GONE", "/query/status/0"],
      ["status=ACTIVE&status=x", "/query/status/1"],
      ["payout_destination_id=a/b", "/query/payout_destination_id/0"],
      ["includes=terminals", "/query/includes/0"],
      ["store_id=N1", "/query/store_id"],
    ] as const) {
      const answer = await server.call("GET", `${stores}?${query}`, tenant);
      expect(answer.status, query).toBe(400);
      expect(answer.body.error.errors.map((error: { path: string }) => error.path)).toContain(place);
    }
    const other = await server.account("P65000002");
    for (const query of ["search=odd", "payout_destination_id=PD1", "include_deleted=true", "status=SUSPENDED"]) {
      const theirs = await server.call("GET", `/v1/accounts/P65000002/stores?${query}`, other);
      expect(theirs).toMatchObject({ status: 200, body: { stores: [] } });
    }
  });
});

describe("the list of many stores", () => {
  const aid = "P65000003";
  const many = 10_000;
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    for (const account of [aid, "P65000004"]) {
      await server.account(account);
      await sql`
        insert into payout_destinations (account_id, payout_destination_id, case_status, type, created_at)
        values (${account}, 'PD-rare', 'ACTIVE', 'company', now()), (${account}, 'PD-all', 'ACTIVE', 'company', now())
      `.execute(server.db.sql);
      // The wanted stores are the oldest: a search from the newest would read the whole table.
      await sql`
        insert into stores (account_id, id, number, store_id, status, verified, store_name, payout_destination_id,
          suspended_by_operator, created_at, created_by, updated_at, updated_by)
        select ${account}, ${account} || '-' || case when n < 1000 then lpad(n::text, 4, '0') else n::text end, n, 'S' || n,
          case when n <= 3 then 'SUSPENDED' when n <= 6 or n > ${many}::integer - 1000 then 'DELETED' else 'ACTIVE' end,
          false, case when n <= 9 then 'Quince jelly' else 'Corner shop ' || n end,
          case when n <= 12 then 'PD-rare' else 'PD-all' end, n <= 3, now(), 'x', now(), 'x'
        from generate_series(1, ${many}::integer) as n`.execute(server.db.sql);
    }
    await sql`
      insert into terminals (account_id, terminal_id, number, id, store_ref, device_serial_number, simulated, status,
        created_at, created_by, updated_at)
      select account_id, account_id || '-T' || number, number, gen_random_uuid(), id, account_id || number, false, 'ACTIVE',
        now(), 'x', now()
      from stores where account_id = ${aid} and status <> 'DELETED'`.execute(server.db.sql);
    await sql`vacuum analyze`.execute(server.db.sql);
  });
  afterAll(() => server.stop());

  /** Number of rows read from any table, by any access path, as PostgreSQL counts them. */
  async function rowsRead(work: (tx: Tx) => Promise<unknown>): Promise<number> {
    return inTenant(server.db, aid, async (tx) => {
      const counted = async () => {
        const { rows } = await sql<{ count: number }>`
          select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as count
          from pg_stat_xact_user_tables`.execute(tx);
        return rows[0]?.count ?? 0;
      };
      // The connection may have counted before.
      const before = await counted();
      await work(tx);
      return (await counted()) - before;
    });
  }

  it("reads about as many rows as it shows, whatever the filter and however far down", async () => {
    const page: StorePage = {
      below: undefined,
      limit: 11,
      statuses: ["ACTIVE", "SUSPENDED"],
      payoutDestinationIds: undefined,
      pattern: undefined,
    };
    for (const [name, filter, found] of [
      ["newest", {}, 11],
      ["far down", { below: 100 }, 11],
      ["few of a status", { statuses: ["SUSPENDED"] }, 3],
      ["every status", { statuses: ["DELETED", "ACTIVE", "SUSPENDED"] }, 11],
      ["few of a destination", { payoutDestinationIds: ["PD-rare"] }, 9],
      ["all of a destination", { payoutDestinationIds: ["PD-all", "PD-rare"] }, 11],
      ["a rare word", { pattern: "%QUINCE%" }, 6],
      ["a common word", { pattern: "%corner%" }, 11],
      ["a common word far down", { pattern: "%corner%", below: 100 }, 11],
      ["a word that is nowhere", { pattern: "%walnut%" }, 0],
      ["everything at once", { pattern: "%jelly%", statuses: ["SUSPENDED"], payoutDestinationIds: ["PD-rare"] }, 3],
    ] as const satisfies [string, Partial<StorePage>, number][]) {
      let shown = 0;
      const read = await rowsRead(async (tx) => {
        const rows = await listStores(tx, aid, { ...page, ...filter });
        shown = rows.length;
        if (shown > 0)
          await countTerminals(
            tx,
            aid,
            rows.map((row) => row.id),
          );
      });
      expect(shown, name).toBe(found);
      // For common words the DELETED stores, which are the newest, are skipped.
      expect(read, `rows read for ${name}`).toBeLessThan(name === "a common word" ? 1_200 : 100);
    }
    for (const id of ["S15", `${aid}-0015`, "nowhere"])
      expect(await rowsRead((tx) => findStore(tx, aid, id)), id).toBeLessThan(10);
  });
});

import { createHash } from "node:crypto";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";

describe("the list of terminals", async () => {
  const aid = "P22000001";
  const path = `/v1/accounts/${aid}/terminals`;
  const { server, tenant } = await world({ own: {}, aid });
  let bergenRef: string;

  /** Ids without the account's part, as the list gives them. */
  async function listed(query: string, of = tenant): Promise<string[]> {
    const answer = await server.call("GET", `/v1/accounts/${of.aid}/terminals?limit=100&${query}`, of);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body.terminals.map((row: { terminal_id: string }) => row.terminal_id.slice(of.aid.length + 1));
  }

  beforeAll(async () => {
    await server.db.pool.query(
      `insert into payout_destinations (account_id, payout_destination_id, case_status, type, merchant_category_code, created_at)
       values ($1, 'PD032', 'ACTIVE', 'company', '2741', now())`,
      [aid],
    );
    const stores: [string, string | undefined, string | undefined][] = [
      ["oslo", "Oslo Sentrum", undefined],
      ["bergen", "Bergen HAVNÉ_50%", "PD032"],
      ["plain", undefined, undefined],
    ];
    for (const [store_id, store_name, destination] of stores) {
      const body = {
        store_id,
        ...(store_name && { store_name }),
        ...(destination && { payout_destination: { payout_destination_id: destination } }),
      };
      const created = await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body });
      if (store_id === "bergen") bergenRef = created.body.id;
    }
    const terminals: [string, string, string | undefined][] = [
      ["oslo", "220000000001", "S1P2"],
      ["oslo", "220000000002", "SATURN1000"],
      ["bergen", "220000000003", "S1P2"],
      ["plain", "AB-220000000004", undefined],
      ["plain", "220000000005", undefined],
    ];
    for (const [store_id, serial, device_model] of terminals) {
      const body = { store_id, device_serial_number: serial, ...(device_model && { device_model }) };
      await server.call("POST", path, { ...tenant, body });
    }
    await server.call("DELETE", `${path}/${aid}-T0005`, tenant);
    await server.db.sql
      .updateTable("terminals")
      .set({ status: "ERROR" })
      .where("terminal_id", "=", `${aid}-T0002`)
      .execute();
  });

  it("answers the documented envelope, newest first, page by page", async () => {
    const first = await server.call("GET", `${path}?limit=2`, tenant);
    expect(first.body).toEqual({ terminals: expect.any(Array), starting_after: `${aid}-T0003` });
    expect(first.body.terminals[0]).toEqual({
      terminal_id: `${aid}-T0004`,
      device_serial_number: "AB-220000000004",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      created_by: tenant.clientId,
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      store_id: "plain",
      status: "PENDING",
      status_reason: "ADDING",
    });
    expect(await listed(`starting_after=${first.body.starting_after}`)).toEqual(["T0002", "T0001"]);
    const whole = await server.call("GET", path, tenant);
    expect(whole.body).not.toHaveProperty("starting_after");
  });

  it("narrows by each filter, by several values of one, and by several filters", async () => {
    const cases: [string, string[]][] = [
      ["status=ERROR", ["T0002"]],
      ["status=ERROR&status=PENDING", ["T0004", "T0003", "T0002", "T0001"]],
      ["device_model=S1P2", ["T0003", "T0001"]],
      ["device_model=S1P2&device_model=SATURN1000", ["T0003", "T0002", "T0001"]],
      ["device_serial_number=220000000002", ["T0002"]],
      ["device_serial_number=220000000002&device_serial_number=220000000001", ["T0002", "T0001"]],
      [`terminal_id=${aid}-T0003`, ["T0003"]],
      [`terminal_id=${aid}-T0003&terminal_id=${aid}-T0001&terminal_id=x`, ["T0003", "T0001"]],
      ["store_id=oslo", ["T0002", "T0001"]],
      [`store_id=oslo&store_id=${bergenRef}`, ["T0003", "T0002", "T0001"]],
      ["payout_destination_id=PD032", ["T0003"]],
      ["payout_destination_id=PD032&payout_destination_id=PD999", ["T0003"]],
      ["payout_destination_id=PD999", []],
      ["store_id=oslo&device_model=S1P2", ["T0001"]],
      ["store_id=oslo&status=ACTIVE", []],
      ["search=220000&status=ERROR", ["T0002"]],
      [`store_id=oslo&starting_after=${aid}-T0002`, ["T0001"]],
    ];
    for (const [query, ids] of cases) expect(await listed(query), query).toEqual(ids);
  });

  it("shows DELETED terminals only when asked for", async () => {
    const cases: [string, string[]][] = [
      ["status=DELETED", ["T0005"]],
      ["status=DELETED&status=ERROR", ["T0005", "T0002"]],
      ["include_deleted=true", ["T0005", "T0004", "T0003", "T0002", "T0001"]],
      ["include_deleted=true&status=ERROR", ["T0002"]],
      ["include_deleted=false", ["T0004", "T0003", "T0002", "T0001"]],
      [`terminal_id=${aid}-T0005`, []],
      [`terminal_id=${aid}-T0005&include_deleted=true`, ["T0005"]],
      ["search=000005", []],
      ["search=000005&status=DELETED", ["T0005"]],
    ];
    for (const [query, ids] of cases) expect(await listed(query), query).toEqual(ids);
  });

  it("searches id, serial, model, store id and store name, in any case, taking every character literally", async () => {
    const cases: [string, string[]][] = [
      [`${aid}-T0003`, ["T0003"]],
      ["-t0003", ["T0003"]],
      ["ab-22", ["T0004"]],
      ["saturn", ["T0002"]],
      ["OSLO", ["T0002", "T0001"]],
      ["slo sen", ["T0002", "T0001"]],
      ["havné", ["T0003"]],
      ["HAVNÉ", ["T0003"]],
      ["é_50%", ["T0003"]],
      ["%", ["T0003"]],
      ["_", ["T0003"]],
      ["2_0000", []],
      ["220%", []],
      ["\\", []],
      ["'", []],
      ["1", ["T0004", "T0003", "T0002", "T0001"]],
      ["s1p2oslo", []],
    ];
    for (const [text, ids] of cases) expect(await listed(`search=${encodeURIComponent(text)}`), text).toEqual(ids);
  });

  it("finds a terminal by its new model, its new store, and its store's new name", async () => {
    const id = `${aid}-T0001`;
    await server.call("PUT", `${path}/${id}`, {
      ...tenant,
      body: { device_model: "Saturn_S1F4_Pro", store_id: "plain" },
    });
    expect(await listed("search=s1f4_pro")).toEqual(["T0001"]);
    expect(await listed("search=oslo")).toEqual(["T0002"]);
    await server.db.sql
      .updateTable("stores")
      .set({ store_name: "Fjellheim" })
      .where("store_id", "=", "plain")
      .execute();
    expect(await listed("search=FJELL")).toEqual(["T0004", "T0001"]);
    await server.db.sql.updateTable("stores").set({ store_name: null }).where("store_id", "=", "plain").execute();
    await server.call("PUT", `${path}/${id}`, { ...tenant, body: { device_model: "S1P2", store_id: "oslo" } });
    expect(await listed("search=fjell")).toEqual([]);
  });

  it("shows stores and their payout destinations with includes=store, and only then", async () => {
    const { body } = await server.call("GET", `${path}?includes=store&store_id=bergen&store_id=plain`, tenant);
    expect(body.terminals.map((row: { store: unknown }) => row.store)).toEqual([
      { id: expect.stringMatching(/^P22000001-\d{4}$/), store_id: "plain" },
      {
        id: bergenRef,
        store_id: "bergen",
        store_name: "Bergen HAVNÉ_50%",
        payout_destination: {
          payout_destination_id: "PD032",
          status: "ACTIVE",
          type: "company",
          merchant_category_code: "2741",
        },
      },
    ]);
    const plain = await server.call("GET", path, tenant);
    for (const row of plain.body.terminals) expect(row).not.toHaveProperty("store");
  });

  it("refuses what it does not know, naming the place", async () => {
    const bad: [string, string][] = [
      ["status=BROKEN", "/query/status/0"],
      ["includes=stores", "/query/includes/0"],
      ["includes=store&includes=store", "/query/includes"],
      ["search=", "/query/search"],
      ["search=%0A", "/query/search"],
      ["starting_after=P22000002-T0001", "/query/starting_after"],
      ["model=x", "/query/model"],
      [Array.from({ length: 101 }, (_, n) => `terminal_id=${n}`).join("&"), "/query/terminal_id"],
    ];
    for (const [query, place] of bad) {
      const { status, body } = await server.call("GET", `${path}?${query}`, tenant);
      expect(status, query).toBe(400);
      expect(body.error.errors[0].path, query).toBe(place);
    }
  });

  it("shows nothing of another account, whatever is asked for", async () => {
    const foreign = await server.account("P22000002");
    for (const query of [
      "search=2200",
      `terminal_id=${aid}-T0001`,
      `store_id=${bergenRef}`,
      "store_id=oslo",
      "payout_destination_id=PD032",
      "device_serial_number=220000000001",
      "include_deleted=true",
    ])
      expect(await listed(query, foreign), query).toEqual([]);
    expect(await server.call("GET", path, foreign)).toMatchObject({ status: 404 });
  });

  describe("in a large fleet", () => {
    const size = 20_000;
    const textOf = (n: number) => createHash("md5").update(String(n)).digest("hex");
    let many: Tenant;
    beforeAll(async () => {
      many = await server.account("P22000003");
      await server.call("POST", `/v1/accounts/${many.aid}/stores`, { ...many, body: { store_id: "S1" } });
      await server.db.pool.query(
        `insert into terminals (account_id, terminal_id, number, id, store_ref, device_serial_number, simulated, status, created_at, created_by, updated_at)
         select $1, $1 || '-T' || (10000 + n), 10000 + n, gen_random_uuid(), $1 || '-0001', md5(n::text), false,
           case when n % 100 = 0 then 'ERROR' else 'ACTIVE' end, now(), 'x', now()
         from generate_series(1, $2::int) n`,
        [many.aid, size],
      );
      await server.db.pool.query("vacuum analyze terminals, terminal_search");
    });

    it("uses the index for what is rare", async () => {
      const scans = async () => {
        const { rows } = await server.db.pool.query(
          "select idx_scan::int as n from pg_stat_user_indexes where indexrelname = 'terminal_search_text'",
        );
        return rows[0].n;
      };
      const before = await scans();
      expect(await listed(`search=${textOf(1).slice(0, 12)}`, many)).toEqual(["T10001"]);
      await expect.poll(scans).toBeGreaterThan(before);
    });

    it("finds all and only what has the text, page by page, however common it is", async () => {
      const all = Array.from({ length: size }, (_, index) => size - index);
      for (const text of ["abcd", "777", "f0", "000", "ab-", "s1", "t1000", many.aid.toLowerCase()]) {
        for (const status of ["ACTIVE", "ERROR"]) {
          const wanted = all
            .filter((n) => (n % 100 === 0) === (status === "ERROR"))
            .filter((n) => `${many.aid.toLowerCase()}-t${10_000 + n}\n${textOf(n)}\ns1`.includes(text))
            .map((n) => `T${10_000 + n}`);
          const found: string[] = [];
          for (let page = 0, cursor = ""; page < 4; page += 1) {
            const ids = await listed(`search=${text}&status=${status}${cursor}`, many);
            found.push(...ids);
            if (ids.length < 100) break;
            cursor = `&starting_after=${many.aid}-${ids.at(-1)}`;
          }
          expect(found, `${text} ${status}`).toEqual(wanted.slice(0, 400));
        }
      }
    });
  });
});

import { createHash } from "node:crypto";
import type { ClosingReport } from "@tillkeeper/contract/http/closing-reports";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { noteRestored } from "../src/restores/restores.ts";
import { closes, comingYear, silent, storeOf } from "./support/closings.ts";

type Store = ReturnType<typeof storeOf>;

/** Reports of closings: provisional first, then numbered, corrected beside, never changed. Stores are in Oslo. */
describe("reports of closings", async () => {
  const { server, tenant } = await world({ own: {} });
  const account = `/v1/accounts/${tenant.aid}`;
  const clock = storeOf(server, tenant, "clock");
  await clock.register();
  const { day, move } = comingYear(server, clock);
  const listed = async (store: Store, id: string): Promise<ClosingReport[]> =>
    (await store.call("GET", `${store.path}/${id}/reports`)).body.reports;
  const as = async (store: Store, path: string, accept: string, more: Record<string, string> = {}) => {
    const { status, headers, body } = await store.call("GET", `${store.path}/${path}`, undefined, { accept, ...more });
    return { status, headers, text: body === undefined ? "" : String(body), body };
  };
  const stored = async (id: string) =>
    (
      await server.db.pool.query<{ number: number; body: string; sha256: string }>(
        "select number, body, sha256 from closing_reports where closing_id = $1 order by number",
        [id],
      )
    ).rows;

  it("are provisional while the day goes on, and numbered when it is over", async () => {
    const store = storeOf(server, tenant, "original");
    await store.till(closes({ currency: "NOK" }));
    await move("06-29T20:00:00Z");
    const { body: closing } = await store.close();
    const page = await as(store, `${closing.id}?language=en`, "text/html");
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.text).toContain("Provisional");
    expect(await listed(store, closing.id)).toEqual([]);
    await move("06-30T03:00:10Z");
    // Without a request, by the worker.
    await expect.poll(() => stored(closing.id), { timeout: 20_000 }).toHaveLength(1);
    expect(await listed(store, closing.id)).toMatchObject([{ number: 1, kind: "original", changes: [] }]);
    const numbered = await as(store, `${closing.id}?language=en`, "text/html");
    expect(numbered.text).toContain("Report no. 1");
    expect(numbered.text).not.toContain("Provisional");
    const [row] = await stored(closing.id);
    expect(
      createHash("sha256")
        .update(row?.body ?? "")
        .digest("hex"),
    ).toBe(row?.sha256);
  });

  it("are corrected beside the original, once, however many servers look", async () => {
    const store = storeOf(server, tenant, "corrected");
    const till = await store.till(silent);
    await move("07-01T20:00:00Z");
    const { body: closing } = await store.close({ retry_until: "2020-01-01T00:00:00Z" }, {});
    await expect.poll(() => till.commands.length).toBe(1);
    await move("07-02T03:00:10Z");
    await expect.poll(async () => (await store.read(closing.id)).ended_at, { timeout: 20_000 }).toBeDefined();
    await expect.poll(async () => (await listed(store, closing.id)).length, { timeout: 20_000 }).toBe(1);
    const before = await as(store, `${closing.id}?report=1&language=nb`, "text/html");
    await till.answerLate();
    const lists = await Promise.all(Array.from({ length: 6 }, () => listed(store, closing.id)));
    for (const list of lists) expect(list.map(({ number }) => number)).toEqual([1, 2]);
    const [original, correction] = lists[0] ?? [];
    expect(original).toMatchObject({ kind: "original", changes: [] });
    expect(correction).toMatchObject({ kind: "correction", corrects: 1 });
    expect(correction?.changes).toContainEqual({ what: "state", from: "unknown", to: "closed" });
    expect(correction?.changes).toContainEqual({
      what: "terminal_state",
      terminal_id: till.id,
      from: "unknown",
      to: "closed",
    });
    expect((await as(store, `${closing.id}?report=1&language=nb`, "text/html")).text).toBe(before.text);
    expect(before.text).toContain("Ukjent");
    const latest = await as(store, `${closing.id}?language=nb`, "text/html");
    expect(latest.text).toContain("Korrigerer rapport nr. 1");
    const json = await store.call("GET", `${store.path}/${closing.id}?report=1`);
    expect(json.body.state).toBe("unknown");
    expect((await store.read(closing.id)).state).toBe("closed");
    expect((await as(store, `${closing.id}?report=9`, "text/csv")).status).toBe(404);
  });

  it("cannot be changed, not even by the owner of the tables", async () => {
    const change = (sql: string) => expect(server.db.pool.query(sql)).rejects.toThrow("append-only");
    await change("update closing_reports set body = '{}'");
    await change("delete from closing_reports");
    await change("truncate closing_reports cascade");
  });

  it("come as CSV, amounts as they are and as decimal text, and no cell is a formula", async () => {
    const store = storeOf(server, tenant, '=1+1,"x"');
    const figures = {
      purchases_count: 1,
      purchases_amount: 1000,
      reversals_count: 1,
      reversals_amount: 3500,
      tip_amount: 0,
    };
    await store.till(closes({ ...figures, sale_amount: -2500, currency: "KWD", batch_id: "@b" }));
    await move("07-03T20:00:00Z");
    const { status, body: closing } = await store.close();
    expect(status).toBe(201);
    const { text, headers } = await as(store, closing.id, "text/csv", { "accept-language": "sv" });
    expect(headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    const [head = "", row = "", end] = text.split("\r\n");
    expect(end).toBe("");
    expect(head.startsWith("account_id,store_id,store_name,business_day,report_number")).toBe(true);
    expect(row).toContain(`"'=1+1,""x"""`);
    expect(row).toContain(",'@b,");
    expect(row.endsWith(",KWD,3,1,1000,1.000,1,3500,3.500,-2500,-2.500,0,0.000")).toBe(true);
  });

  it("are JSON for whoever does not say otherwise, and what is not there is refused by name", async () => {
    const { body: list } = await clock.call("GET", `${account}/closings?limit=1`);
    const [{ id, store_id: storeId }] = list.closings;
    const store = storeOf(server, tenant, storeId);
    for (const accept of ["*/*", "application/json", "application/*;q=0.5, text/html;q=0.1"]) {
      expect((await as(store, id, accept)).body.id).toBe(id);
    }
    const refused = await as(store, id, "application/pdf");
    expect([refused.status, refused.body.error.code]).toEqual([406, "not_acceptable"]);
    expect(refused.body.error.message).toContain("text/csv");
    expect((await as(store, id, "text/html, */*;q=0.8")).headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
  });

  it("are exported by the month, each day by its latest report", async () => {
    const { status, headers, body } = await clock.call("GET", `${account}/closings/export?month=${day("07")}`);
    expect([status, headers.get("content-disposition")]).toEqual([
      200,
      `attachment; filename="closings-${day("07")}.csv"`,
    ]);
    const rows = String(body).trimEnd().split("\r\n").slice(1);
    const kinds = rows.map((row) => /,(original|correction|provisional),/.exec(row)?.[1]);
    expect(kinds).toEqual(["correction", "provisional"]);
    expect((await clock.call("GET", `${account}/closings/export?month=${day("13")}`)).status).toBe(400);
    const { body: empty } = await clock.call("GET", `${account}/closings/export?month=2020-12`);
    expect(String(empty).split("\r\n")).toHaveLength(2);
  });

  it("are exported page after page: each closing once, by its latest report", async () => {
    await server.db.pool.query(
      `insert into closing_reports (account_id, store_ref, number, closing_id, business_day, corrects, made_at, body, sha256, changes)
       select account_id, store_ref, 500000 + n, md5((n / 2)::text)::uuid, '2031-01-01'::date + (n / 2) % 31,
         case n % 2 when 1 then 500000 + n - 1 end, made_at, body, sha256, '[]'
       from (select * from closing_reports where account_id = $1 order by number limit 1) as one, generate_series(0, 69) as n`,
      [tenant.aid],
    );
    const { body } = await clock.call("GET", `${account}/closings/export?month=2031-01`);
    const rows = String(body).trimEnd().split("\r\n").slice(1);
    expect(rows).toHaveLength(35);
    expect(new Set(rows.map((row) => /,5000(\d\d),correction,/.exec(row)?.[1])).size).toBe(35);
  });

  it("are nothing to another account", async () => {
    const { aid, token } = await server.account();
    const { body } = await server.call("GET", `/v1/accounts/${aid}/closings/export?month=2031-01`, { token });
    expect(String(body).split("\r\n")).toHaveLength(2);
    const { status } = await server.call("GET", `${account}/closings/export?month=2031-01`, { token });
    expect(status).toBe(404);
  });

  it("are summed up for a day of the whole account, and found by state", async () => {
    const { body } = await clock.call("GET", `${account}/closings?business_day=${day("07-03")}`);
    expect(body.sums).toMatchObject({
      closings_count: 1,
      complete: true,
      totals: [{ currency: "KWD", sale_amount: -2500 }],
    });
    const { body: closed } = await clock.call("GET", `${account}/closings?status=closed`);
    expect(closed.closings).toHaveLength(3);
    expect(closed).not.toHaveProperty("sums");
    const { body: first } = await clock.call("GET", `${account}/closings?status=closed&limit=2`);
    const next = `${account}/closings?status=closed&limit=2&starting_after=${first.starting_after}`;
    const { body: second } = await clock.call("GET", next);
    expect([...first.closings, ...second.closings]).toEqual(closed.closings);
    expect((await clock.call("GET", `${account}/closings?status=running`)).body.closings).toEqual([]);
  });

  it("go on at the next thousand after the database went back", async () => {
    await noteRestored({ db: server.db, clock: { now: () => new Date() } as never }, actor, "told");
    const store = storeOf(server, tenant, "original");
    await move("07-05T20:00:00Z");
    const { body: closing } = await store.close();
    await move("07-06T03:00:10Z");
    const numbers = async () => (await listed(store, closing.id)).map(({ number }) => number);
    await expect.poll(numbers, { timeout: 20_000 }).toEqual([1001]);
  });
});

const actor = { clientId: "system", address: "", requestId: "test" };

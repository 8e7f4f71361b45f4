import { randomUUID } from "node:crypto";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { fails, silent, standing, storeOf } from "./support/closings.ts";

/** Requests about closings at the edges of HTTP. */
describe("closings at the edges of HTTP", async () => {
  const { server, tenant } = await world();
  const newStore = () => storeOf(server, tenant);
  const store = newStore();
  await store.till(fails("device_error"));
  const { body: closing } = await store.close();
  const one = `${store.path}/${closing.id}`;
  const account = `/v1/accounts/${tenant.aid}`;
  const post = (body: unknown, headers: Record<string, string> = {}) => store.call("POST", store.path, body, headers);

  it("refuses bodies that make no sense, and names the place", async () => {
    const terminals = Array.from({ length: 1_001 }, (_, n) => `${tenant.aid}-T${n}`);
    const refused: [unknown, string | undefined][] = [
      [[], "/body"],
      ["[]", "/body"],
      ['"closed"', "/body"],
      ["null", "/body"],
      [{ terminals }, "/body/terminals"],
      [{ terminals: ["a", "a"] }, "/body/terminals"],
      [{ terminals: [""] }, "/body/terminals/0"],
      [{ terminals: ["\u0000"] }, undefined],
      [{ again: "yes" }, "/body/again"],
      [{ retry_until: "tomorrow" }, "/body/retry_until"],
      [{ retry_until: "9999-12-31T23:59:59Z" }, "/body/retry_until"],
      [{ business_day: "0000-01-01" }, "/body/business_day"],
      [{ business_day: "0001-01-01" }, "/body/business_day"],
      [{ business_day: "9999-12-31" }, "/body/business_day"],
      [{ business_day: "2027-02-29" }, "/body/business_day"],
      [{ business_day: null }, "/body/business_day"],
      [{ expected: [{ currency: "NOK", sale_amount: 2 ** 53 }] }, "/body/expected/0/sale_amount"],
      [{ expected: [{ currency: "NOK", sale_amount: 0.5 }] }, "/body/expected/0/sale_amount"],
    ];
    for (const [body, path] of refused) {
      const { status, body: answer } = await post(body);
      const shown = JSON.stringify(body)?.slice(0, 80);
      expect(status, shown).toBe(400);
      if (path)
        expect(
          answer.error.errors.map((place: { path: string }) => place.path),
          shown,
        ).toContain(path);
    }
    // The same name twice: JSON leaves the last.
    expect((await post('{"business_day":"2020-01-01","business_day":"2019-01-01"}')).status).toBe(400);
    const many = await post({ terminals: terminals.slice(0, 1_000) });
    expect([many.status, many.body.error.errors.length]).toEqual([400, 1_000]);
  });

  it("takes a time to try until that lies before all times of business, also with a leap second", async () => {
    for (const retry_until of ["0001-01-01T00:00:00Z", "2016-12-31T23:59:60Z"]) {
      const other = newStore();
      await other.register();
      const { status } = await other.call("POST", other.path, { retry_until });
      expect([201, 400], retry_until).toContain(status);
    }
  });

  it("answers queries about days that never were", async () => {
    for (const day of ["0000-01-01", "0001-01-01", "9999-12-31", "2028-02-29", "2027-02-29", "x", ""]) {
      for (const path of [`${account}/closings`, store.path, `${store.path}/preview`]) {
        const { status } = await store.call("GET", `${path}?business_day=${day}`);
        expect(status, `${path} ${day}`).toBeLessThan(500);
      }
    }
  });

  it("pages from whatever id, and shows nothing of another account", async () => {
    const stranger = await server.account();
    const list = `/v1/accounts/${stranger.aid}/closings`;
    const last = "ffffffff-ffff-7fff-bfff-ffffffffffff";
    for (const from of [closing.id, last]) {
      const { status, body } = await server.call("GET", `${list}?starting_after=${from}`, { token: stranger.token });
      expect([status, body.closings]).toEqual([200, []]);
    }
    expect((await store.call("GET", `${store.path}?starting_after=${last}`)).body.closings).toHaveLength(1);
    expect((await store.call("GET", `${store.path}?starting_after=x`)).status).toBe(400);
    const ofNoStore = await store.call("GET", `${account}/closings?store_id=${randomUUID()}`);
    expect([ofNoStore.status, ofNoStore.body.closings]).toEqual([200, []]);
  });

  it("knows no store and no closing by an odd name", async () => {
    for (const name of ["%00", "%2F", "..%2F", "%F0%9F%8F%AA", "%ff", "S%27--", "x".repeat(300)]) {
      for (const path of [`${account}/stores/${name}/closings`, `${store.path}/${name}`]) {
        const { status } = await store.call("GET", path);
        expect([400, 404, 414], `${path} ${status}`).toContain(status);
        const posted = await store.call("POST", path, {});
        expect([400, 404, 405, 414], `POST ${path} ${posted.status}`).toContain(posted.status);
      }
    }
  });

  it("allows the documented methods only", async () => {
    for (const [method, path] of [
      ["PUT", store.path],
      ["DELETE", one],
      ["PATCH", one],
      ["GET", `${one}/cancel`],
      ["POST", `${store.path}/preview`],
      ["POST", `${account}/closings`],
    ] as const) {
      const { status, headers } = await store.call(method, path, method === "GET" ? undefined : {});
      expect([status, headers.get("allow")], `${method} ${path}`).toEqual([405, expect.stringMatching(/GET|POST/)]);
    }
  });

  it("obeys If-Match on a closing and its cancel", async () => {
    const other = newStore();
    const till = await other.till(silent);
    const { body: made } = await other.close({}, {});
    await expect.poll(() => till.commands.length).toBe(1);
    const path = `${other.path}/${made.id}`;
    const tag = (await other.call("GET", path)).headers.get("etag");
    expect(tag).toMatch(/^"/);
    expect((await other.call("GET", path, undefined, { "if-none-match": tag ?? "" })).status).toBe(304);
    const stale = await other.call("POST", `${path}/cancel`, undefined, { "if-match": '"0"' });
    expect(stale.status).toBe(412);
    expect((await other.read(made.id)).cancelled_at).toBeUndefined();
    expect((await other.call("POST", `${path}/cancel`, undefined, { "if-match": tag ?? "" })).status).toBe(200);
    expect((await other.call("POST", `${path}/cancel`, undefined, { "if-match": tag ?? "" })).status).toBe(412);
    await till.finish("cancelled");
    await expect.poll(async () => standing(await other.read(made.id), till).reason).toBe("cancelled");
  });

  it("waits no longer than asked, whatever is preferred", async () => {
    for (const prefer of ["wait", "wait=-1", "wait=1e9x", "respond-async", ";;;", "wait=0"]) {
      const { status } = await store.call("GET", one, undefined, { prefer });
      expect([200, 400], prefer).toContain(status);
    }
  });

  it("lets a client that may only read do just that", async () => {
    const reader = await server.account(tenant.aid, {
      clientId: "closings-reader",
      scopes: ["read:checkout:/admin/terminals"],
    });
    const asReader = (method: string, path: string) => server.call(method, path, { token: reader.token });
    expect((await asReader("GET", one)).status).toBe(200);
    expect((await asReader("GET", `${store.path}/preview`)).status).toBe(200);
    expect((await asReader("POST", store.path)).status).toBe(403);
    expect((await asReader("POST", `${one}/cancel`)).status).toBe(403);
  });

  it("keeps keys of one store and one client apart from those of others", async () => {
    const [first, second] = [newStore(), newStore()];
    await first.register();
    await second.register();
    const key = { "idempotency-key": randomUUID() };
    expect((await first.close({}, key)).status).toBe(201);
    expect((await second.close({}, key)).status).toBe(422);
    expect((await first.close({ when_busy: "wait" }, key)).status).toBe(422);
    expect((await first.close({}, { "idempotency-key": "x" })).status).toBe(400);
    const stranger = storeOf(server, await server.account());
    await stranger.register();
    expect((await stranger.close({}, key)).status).toBe(201);
  });
});

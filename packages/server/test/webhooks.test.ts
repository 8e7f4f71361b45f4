import { createHmac } from "node:crypto";
import { world } from "@tillkeeper/stage/world";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { hooksOf, reachesTests, receiver, subjectsOf } from "./support/hooks.ts";

describe("webhooks", async () => {
  const { server, tenant } = await world({ own: reachesTests });
  const hooks = hooksOf(server, tenant);

  it("send a ping as soon as a subscription is made, with the subscription as its body", async () => {
    const shop = await receiver();
    const made = await hooks.create(shop.url);
    await expect.poll(() => shop.received.length).toBe(1);
    const [ping] = shop.received;
    expect(ping?.headers).toMatchObject({
      event: "ping",
      "content-type": "application/json",
      "event-delivery": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "user-agent": expect.stringMatching(/^Tillkeeper-Hook\//),
    });
    const { signing_secret: secret, ...shown } = made;
    expect(secret).toMatch(/^whsec_/);
    expect(JSON.parse(ping?.body ?? "")).toEqual(shown);
    expect((await hooks.call("POST", `/${made.id}/ping`)).status).toBe(204);
    await expect.poll(() => shop.received.length).toBe(2);
    const { signing_secret: _once, ...later } = { ...made };
    expect(await hooks.get(made.id)).toEqual({ ...later, ...(await times(made.id)) });
  });

  /** What an attempt may have changed. */
  async function times(id: string) {
    const { last_success_at: at } = await hooks.get(id);
    return at === undefined ? {} : { last_success_at: at };
  }

  it("carry the documented headers and signature, and those of Standard Webhooks", async () => {
    const shop = await receiver();
    const made = await hooks.create(shop.url, {}, { secret: { type: "HMAC-SHA1", value: "open sesame" } });
    expect(made.config.secret).toEqual({ type: "HMAC-SHA1" });
    await hooks.happen(["A"]);
    await expect.poll(() => shop.events().length).toBe(1);
    const { headers = {}, body = "" } = shop.events()[0] ?? {};
    expect(headers["event"]).toBe("account_store_update");
    expect(headers["event-signature"]).toBe(createHmac("sha1", "open sesame").update(body).digest("hex"));
    const payload = new Webhook(made.signing_secret).verify(body, headers) as Record<string, string>;
    expect(payload).toMatchObject({
      account_id: tenant.aid,
      event: "account_store_update",
      event_delivery: headers["event-delivery"],
      store: { store_id: "A" },
      specversion: "1.0",
      subject: "A",
    });
    expect(headers["webhook-id"]).toBe(`${tenant.aid}-${payload["id"]}`);
    expect(() => new Webhook(made.signing_secret).verify(`${body} `, headers)).toThrow();
  });

  it("send the header of a secret of the type Authorization, and do not show it", async () => {
    const shop = await receiver();
    const made = await hooks.create(shop.url, {}, { secret: { type: "Authorization", value: "Bearer very-secret" } });
    await expect.poll(() => shop.received.length).toBe(1);
    expect(shop.received[0]?.headers["authorization"]).toBe("Bearer very-secret");
    await expect.poll(async () => (await hooks.deliveries(made.id)).length).toBe(1);
    const [{ id }] = await hooks.deliveries(made.id);
    const { body } = await hooks.call("GET", `/${made.id}/deliveries/${id}`);
    expect(body.request.headers.authorization).toBe("***");
    const all = [
      made,
      body,
      await hooks.get(made.id),
      (await server.call("GET", `/v1/accounts/${tenant.aid}/audit`, tenant)).body,
    ];
    expect(JSON.stringify(all)).not.toContain("very-secret");
    const stored = await server.db.sql.selectFrom("hook_secrets").select("encrypted").execute();
    expect(JSON.stringify(stored)).not.toContain("very-secret");
  });

  it("log each attempt with its request, its answer and how long it took", async () => {
    const shop = await receiver();
    const made = await hooks.create(shop.url);
    await expect.poll(() => shop.received.length).toBe(1);
    shop.behave({ status: 503, body: "closed" });
    await hooks.happen(["A"]);
    await expect.poll(async () => (await hooks.deliveries(made.id, "?success=false")).length).toBe(1);
    const [row] = await hooks.deliveries(made.id, "?success=false");
    expect(row).toMatchObject({ status: 503, attempt: 1, state: "waiting", event: "account_store_update" });
    const { body } = await hooks.call("GET", `/${made.id}/deliveries/${row.id}`);
    expect(body).toMatchObject({
      ...row,
      url: shop.url,
      request: {
        headers: { event: "account_store_update" },
        body: { event_delivery: row.event_delivery, subject: "A" },
      },
      response: { headers: { "content-type": "text/plain" }, body: "closed" },
      details: { delivery_success: false, delivery_duration: expect.any(Number) },
    });
    const page = await hooks.call("GET", `/${made.id}/deliveries?limit=1&total=true`);
    expect(page.headers.get("total-count")).toBe("2");
    expect(page.headers.get("link")).toContain(`starting_after=${page.body[0].id}`);
  });

  it("send of the object what `fields` names, without `exclude_fields`", async () => {
    const [some, less] = [await receiver(), await receiver()];
    await hooks.create(some.url, { fields: "store(store_id,address/country)" });
    await hooks.create(less.url, { exclude_fields: ["phone_number", "country"] });
    await hooks.happen(["A"]);
    await expect.poll(() => [some.events().length, less.events().length]).toEqual([1, 1]);
    expect(JSON.parse(some.events()[0]?.body ?? "").store).toEqual({ store_id: "A", address: { country: "NO" } });
    expect(JSON.parse(some.events()[0]?.body ?? "")).toMatchObject({ event: "account_store_update", subject: "A" });
    expect(JSON.parse(less.events()[0]?.body ?? "").store).toMatchObject({ store_id: "A", address: {} });
    expect(less.events()[0]?.body).not.toMatch(/phone_number|country/);
  });

  it("send the older event of a payout destination's case beside the newer one", async () => {
    const shop = await receiver();
    const events = ["account_payout_destination_update", "approval_payout_destination_update", "transaction"];
    await hooks.create(shop.url, { events });
    await hooks.happen(["PD1"], "account_payout_destination_update");
    await expect
      .poll(() =>
        shop
          .events()
          .map(({ headers }) => headers["event"] ?? "")
          .toSorted((one, other) => (one < other ? -1 : 1)),
      )
      .toEqual(events.slice(0, 2));
    const old = shop.events().find(({ headers }) => headers["event"] === "approval_payout_destination_update");
    expect(Object.keys(JSON.parse(old?.body ?? ""))).toContain("payout_destination_case");
    expect(new Set(shop.events().map(({ headers }) => headers["webhook-id"])).size).toBe(2);
  });

  it("are signed by both secrets while a rotation overlaps", async () => {
    const shop = await receiver();
    const made = await hooks.create(shop.url, {}, { secret: { type: "HMAC-SHA1", value: "old" } });
    const rotation = { secret: { type: "HMAC-SHA1", value: "new" } };
    const { body: rotated } = await hooks.call("POST", `/${made.id}/rotate-secret`, rotation);
    expect(rotated.signing_secret).not.toBe(made.signing_secret);
    expect(rotated.signing_secrets).toHaveLength(2);
    await hooks.happen(["A"]);
    await expect.poll(() => shop.events().length).toBe(1);
    const { headers = {}, body = "" } = shop.events()[0] ?? {};
    for (const secret of [made.signing_secret, rotated.signing_secret]) new Webhook(secret).verify(body, headers);
    expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
    const signed = (secret: string) => createHmac("sha1", secret).update(body).digest("hex");
    expect(headers).toMatchObject({ "event-signature": signed("new"), "event-signature-previous": signed("old") });
    const { body: last } = await hooks.call("POST", `/${made.id}/rotate-secret`, { overlap_seconds: 0 });
    await hooks.happen(["B"]);
    await expect.poll(() => shop.events().length).toBe(2);
    const second = shop.events()[1];
    new Webhook(last.signing_secret).verify(second?.body ?? "", second?.headers ?? {});
    expect(() => new Webhook(rotated.signing_secret).verify(second?.body ?? "", second?.headers ?? {})).toThrow();
  });

  it("are changed, listed and deleted; a pause keeps what waits", async () => {
    const [shop, moved] = [await receiver(), await receiver()];
    const made = await hooks.create(shop.url);
    const { body: changed } = await hooks.call("PATCH", `/${made.id}`, {
      ...(await hooks.get(made.id)),
      config: { url: moved.url },
    });
    expect(changed.config.url).toBe(moved.url);
    expect((await hooks.call("POST", `/${made.id}/pause`)).body).toMatchObject({
      state: "paused",
      paused_reason: "asked",
    });
    await hooks.happen(["A", "B"]);
    await expect.poll(() => shop.received.length).toBe(1);
    const { body: resumed } = await hooks.call("POST", `/${made.id}/resume`, { missed: true });
    expect(resumed).toMatchObject({ state: "active" });
    await expect.poll(() => subjectsOf(moved).toSorted()).toEqual(["A", "B"]);
    const listed = await hooks.call("GET", "?total=true&limit=1");
    expect(listed.body).toHaveLength(1);
    expect(listed.body[0].id).toBe(made.id);
    expect(Number(listed.headers.get("total-count"))).toBeGreaterThan(1);
    expect((await hooks.call("DELETE", `/${made.id}`)).body.id).toBe(made.id);
    expect((await hooks.call("GET", `/${made.id}`)).status).toBe(404);
    await hooks.happen(["C"]);
    expect(subjectsOf(moved)).not.toContain("C");
  });

  it("send again one event, a range, and all since a time", async () => {
    const shop = await receiver();
    const made = await hooks.create(shop.url);
    const before = new Date().toISOString();
    await hooks.happen(["A", "B", "C"]);
    await expect.poll(() => shop.events().length).toBe(3);
    const [a, b] = shop
      .events()
      .map(({ body }) => JSON.parse(body))
      .toSorted((x, y) => (x.subject < y.subject ? -1 : 1));
    await expect
      .poll(async () => (await hooks.deliveries(made.id, `?event_delivery=${a.event_delivery}`)).length)
      .toBe(1);
    const [attempt] = await hooks.deliveries(made.id, `?event_delivery=${a.event_delivery}`);
    expect((await hooks.call("POST", `/${made.id}/deliveries/${attempt.id}/replay`)).status).toBe(202);
    await expect.poll(() => shop.events().length).toBe(4);
    const bodies = shop.events().map(({ body }) => body);
    expect(bodies.find((body) => JSON.parse(body).subject === "A")).toBe(bodies[3]);
    expect((await hooks.call("POST", `/${made.id}/replay`, { from: a.id, to: b.id })).status).toBe(202);
    await expect.poll(() => subjectsOf(shop).slice(4).toSorted()).toEqual(["A", "B"]);
    await expect.poll(async () => (await hooks.deliveries(made.id, "?success=true")).length).toBe(7);
    await hooks.call("POST", `/${made.id}/replay`, { since: before });
    await expect.poll(() => subjectsOf(shop).slice(6).toSorted()).toEqual(["A", "B", "C"]);
    await expect.poll(() => new Set(shop.events().map(({ headers }) => headers["webhook-id"])).size).toBe(3);
    await hooks.call("POST", `/${made.id}/replay`, { since: before, missed_only: true });
    expect((await hooks.call("POST", `/${made.id}/replay`, { from: "00000000-999" })).body.error.errors[0].path).toBe(
      "/body/from",
    );
    expect(shop.events()).toHaveLength(9);
  });

  it("follow no redirect", async () => {
    const [shop, other] = [await receiver(), await receiver()];
    const made = await hooks.create(shop.url);
    await expect.poll(() => shop.received.length).toBe(1);
    shop.behave({ redirect: other.url });
    await hooks.happen(["A"]);
    await expect.poll(async () => (await hooks.deliveries(made.id, "?success=false")).length).toBe(1);
    expect((await hooks.deliveries(made.id))[0]).toMatchObject({ status: 302, state: "waiting" });
    expect(other.received).toEqual([]);
  });

  it("wait for none that is dead", { timeout: 60_000 }, async () => {
    const dead = await receiver();
    const alive = await receiver();
    const made = await Promise.all(Array.from({ length: 12 }, () => hooks.create(`${dead.url}?${Math.random()}`)));
    await hooks.create(alive.url);
    dead.behave("hang");
    for (let round = 0; round < 5; round += 1) {
      const names = Array.from({ length: 10 }, (_, n) => `${round}-${n}`);
      await hooks.happen(names);
      await expect.poll(() => alive.events().length).toBe(10 * (round + 1));
    }
    for (const { id } of made) await hooks.call("DELETE", `/${id}`);
  });

  it.each([
    ["/body/events/0", { config: { url: "https://example.com" }, events: ["nothing"] }],
    ["/body/config/url", { config: { url: "ftp://example.com" }, events: ["account_store_add"] }],
    ["/body/config/url", { config: { url: "https://user@example.com" }, events: ["account_store_add"] }],
    ["/body/fields", { config: { url: "https://example.com" }, events: ["account_store_add"], fields: "a(b" }],
    ["/body/events", { config: { url: "https://example.com" } }],
    [
      "/body/config/content_type",
      { config: { url: "https://example.com", content_type: "text/plain" }, events: ["transaction"] },
    ],
  ])("are refused with the place of what is wrong: %s", async (path, body) => {
    const refused = await hooks.call("POST", "", body);
    expect(refused.status).toBe(400);
    expect(refused.body.error.errors.map((one: { path: string }) => one.path)).toContain(path);
  });

  it("are nobody else's", async () => {
    const shop = await receiver();
    const made = await hooks.create(shop.url);
    const stranger = await server.account();
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/ping"],
      ["POST", "/pause"],
      ["GET", "/deliveries"],
    ] as const) {
      const { status } = await server.call(
        method,
        `/v1/accounts/${stranger.aid}/hooks/subscriptions/${made.id}${path}`,
        stranger,
      );
      expect(status).toBe(404);
    }
    await hooksOf(server, stranger).happen(["X"]);
    await hooks.happen(["A"]);
    await expect.poll(() => subjectsOf(shop)).toEqual(["A"]);
  });
});

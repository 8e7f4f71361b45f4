import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const password = "five small blue boats";

describe("people", async () => {
  const { server, tenant, aid } = await world();
  const other = await server.account();
  let made = 0;

  const own = () => ({ "sec-fetch-site": "same-origin", origin: new URL(server.url).origin });
  const asAdmin = (method: string, path: string, body?: unknown, at = tenant) =>
    server.call(method, `/v1/accounts/${at.aid}${path}`, { token: at.token, body });
  const withCookie = (method: string, path: string, cookie: string, body?: unknown, headers: object = own()) =>
    server.call(method, path, { body, headers: { ...headers, cookie } });
  const cookieOf = ({ headers }: { headers: Headers }) => headers.get("set-cookie")?.split(";")[0] ?? "";
  const signIn = (email: string, secret = password, headers: object = own()) =>
    server.call("POST", "/v1/auth/sign-in", { headers: { ...headers }, body: { email, password: secret } });
  const redeem = (link: string, body: object = {}) =>
    server.call("POST", "/v1/auth/links", { headers: own(), body: { token: link.split("#")[1], ...body } });
  const linkFor = async (id: string, purpose = "invitation", at = tenant) =>
    (await asAdmin("POST", `/users/${id}/links`, { purpose }, at)).body.link as string;

  async function invite(role = "admin", further: object = {}, at = tenant) {
    made += 1;
    const email = `Kari.${made}@kiosk.example`;
    const { status, body } = await asAdmin("POST", "/users", { email, name: `Kari ${made}`, role, ...further }, at);
    expect(status).toBe(201);
    return { id: body.id as string, email };
  }
  async function person(role = "admin", further: object = {}) {
    const user = await invite(role, further);
    const reply = await redeem(await linkFor(user.id), { password });
    expect(reply.status).toBe(204);
    return { ...user, cookie: cookieOf(reply) };
  }

  it("accept an invitation by its link, once, and are then who they are by a cookie that pages cannot read", async () => {
    const user = await invite("operations");
    expect((await asAdmin("GET", `/users/${user.id}`)).body).toMatchObject({
      status: "INVITED",
      created_by: tenant.clientId,
    });
    const link = await linkFor(user.id);
    expect(link).toMatch(/\/sign-in\/link#[\w-]{43}$/);
    expect((await redeem(link, { password: "short" })).status).toBe(400);
    const used = await redeem(link, { name: "Kari Nordmann", password });
    expect(used.status).toBe(204);
    expect(used.headers.get("set-cookie")).toMatch(
      /^tillkeeper_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/,
    );
    expect(await redeem(link, { password })).toMatchObject({
      status: 404,
      body: { error: { code: "sign_in_link_not_found" } },
    });
    const session = await withCookie("GET", "/v1/session", cookieOf(used));
    expect(session.body).toMatchObject({
      user: { name: "Kari Nordmann", email: user.email.toLowerCase(), language: null },
      accounts: [{ account_id: aid, user_id: user.id, role: "operations" }],
    });
    expect((await asAdmin("GET", `/users/${user.id}`)).body).toMatchObject({ status: "ACTIVE", name: "Kari Nordmann" });
    const { body: log } = await asAdmin("GET", `/audit?subject_type=user&subject_id=${user.id}`);
    expect(log.entries.map(({ action }: { action: string }) => action)).toEqual([
      "user.sign_in",
      "user.accept",
      "user.link",
      "user.create",
    ]);
  });

  it("use a link in one of twenty requests at once, and never when it is late or of a removed user", async () => {
    const user = await invite();
    const link = await linkFor(user.id);
    const answers = await Promise.all(Array.from({ length: 12 }, () => redeem(link, { password })));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    const late = await invite();
    const lateLink = await linkFor(late.id);
    await server.db.sql
      .updateTable("sign_in_links")
      .set({ expires_at: new Date() })
      .where("user_id", "=", late.id)
      .execute();
    expect((await redeem(lateLink, { password })).status).toBe(404);
    const gone = await invite();
    const goneLink = await linkFor(gone.id);
    await asAdmin("DELETE", `/users/${gone.id}`);
    expect((await redeem(goneLink, { password })).status).toBe(404);
  });

  it("sign in with e-mail address and password; a wrong one and an unknown address are answered alike", async () => {
    const user = await person();
    const right = await signIn(user.email.toUpperCase());
    expect(right.status).toBe(204);
    expect(cookieOf(right)).not.toBe(user.cookie);
    const wrong = await signIn(user.email, "something else");
    const unknown = await signIn("nobody@kiosk.example");
    expect(wrong).toMatchObject({ status: 401, body: { error: { code: "sign_in_refused" } } });
    expect({ ...unknown, headers: undefined }).toEqual({ ...wrong, headers: undefined });
    const invited = await invite();
    expect((await signIn(invited.email)).body).toEqual(wrong.body);
  });

  it("get no session that somebody else has chosen, and lose one that they end", async () => {
    const user = await person();
    const chosen = `tillkeeper_session=${"A".repeat(43)}`;
    const reply = await server.call("POST", "/v1/auth/sign-in", {
      headers: { ...own(), cookie: chosen },
      body: { email: user.email, password },
    });
    const cookie = cookieOf(reply);
    expect(cookie).not.toBe(chosen);
    expect((await withCookie("GET", "/v1/session", chosen)).status).toBe(401);
    const { sessions } = (await withCookie("GET", "/v1/auth/sessions", cookie)).body;
    expect(sessions.map(({ current }: { current: boolean }) => current)).toEqual([true, false]);
    expect((await withCookie("DELETE", `/v1/auth/sessions/${sessions[1].id}`, cookie)).status).toBe(204);
    expect((await withCookie("GET", "/v1/session", user.cookie)).status).toBe(401);
    const stranger = await person();
    expect((await withCookie("DELETE", `/v1/auth/sessions/${sessions[0].id}`, stranger.cookie)).status).toBe(404);
    const out = await withCookie("POST", "/v1/auth/sign-out", cookie);
    expect(out.headers.get("set-cookie")).toMatch(/^tillkeeper_session=; .*Max-Age=0$/);
    expect((await withCookie("GET", "/v1/session", cookie)).status).toBe(401);
  });

  it("are let in by pages of this server alone", async () => {
    const { cookie } = await person();
    const path = `/v1/accounts/${aid}/stores`;
    expect((await withCookie("GET", path, cookie)).status).toBe(200);
    const { origin } = own();
    for (const headers of [
      {},
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "none" },
    ]) {
      expect((await withCookie("GET", path, cookie, undefined, headers)).body.error.code).toBe("missing_token");
    }
    expect((await withCookie("POST", path, cookie, {})).status).toBe(201);
    const elsewhere = "https://evil.example";
    for (const headers of [
      { "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "same-origin", origin: elsewhere },
      { origin },
    ]) {
      expect((await withCookie("POST", path, cookie, {}, headers)).body.error.code).toBe("missing_token");
    }
    expect((await signIn("nobody@kiosk.example", password, { origin: elsewhere })).body.error.code).toBe(
      "cross_origin_refused",
    );
    const stale = await server.call("GET", path, { headers: { ...own(), cookie, authorization: "Bearer a.b.c" } });
    expect(stale.body.error.code).toBe("invalid_token");
  });

  it("see the account in which they have a role, as their role allows, under their own id", async () => {
    const { cookie, id } = await person("operations");
    const store = await withCookie("POST", `/v1/accounts/${aid}/stores`, cookie, {});
    expect(store).toMatchObject({ status: 201, body: { created_by: id } });
    expect((await withCookie("GET", `/v1/accounts/${aid}/users`, cookie)).status).toBe(403);
    expect((await withCookie("POST", `/v1/accounts/${aid}/auth/clients`, cookie, {})).status).toBe(403);
    expect((await withCookie("GET", `/v1/accounts/${other.aid}/stores`, cookie)).body.error.code).toBe(
      "account_not_found",
    );
    expect((await withCookie("GET", "/v1/admin/terminals/operations", cookie)).body.error.code).toBe(
      "account_not_found",
    );
    const clash = await asAdmin("POST", "/auth/clients", { client_id: id });
    expect(clash.body.error.code).toBe("client_id_taken");
  });

  it("of the role `store` see their stores and nothing else", async () => {
    const [mine, foreign] = [
      (await asAdmin("POST", "/stores", { store_id: "S1" })).body,
      (await asAdmin("POST", "/stores", {})).body,
    ];
    expect((await asAdmin("POST", "/users", { email: "x@kiosk.example", name: "X", role: "store" })).status).toBe(400);
    expect(
      (await asAdmin("POST", "/users", { email: "x@kiosk.example", name: "X", role: "store", stores: ["none"] }))
        .status,
    ).toBe(400);
    const { cookie, id } = await person("store", { stores: ["S1"] });
    expect((await asAdmin("GET", `/users/${id}`)).body.stores).toEqual([mine.id]);
    const { accounts } = (await withCookie("GET", "/v1/session", cookie)).body;
    expect(accounts[0].stores).toEqual([{ id: mine.id, store_id: "S1", name: null }]);
    const { stores } = (await withCookie("GET", `/v1/accounts/${aid}/stores`, cookie)).body;
    expect(stores.map((store: { id: string }) => store.id)).toEqual([mine.id]);
    expect((await withCookie("GET", `/v1/accounts/${aid}/stores/${foreign.id}`, cookie)).status).toBe(404);
    expect((await withCookie("GET", `/v1/accounts/${aid}/audit`, cookie)).body.entries ?? []).toEqual([]);
    expect((await withCookie("POST", `/v1/accounts/${aid}/stores`, cookie, {})).status).toBe(403);
  });

  it("lose the account with the next request when they are removed, and keep no session without one", async () => {
    const admin = await person();
    const user = await person();
    expect((await withCookie("DELETE", `/v1/accounts/${aid}/users/${user.id}`, admin.cookie)).status).toBe(200);
    expect((await withCookie("GET", `/v1/accounts/${aid}/stores`, user.cookie)).status).toBe(401);
    expect((await withCookie("GET", "/v1/session", user.cookie)).status).toBe(401);
    expect((await signIn(user.email)).status).toBe(401);
  });

  it("keep an admin in each account, also when two remove each other at once", async () => {
    const at = await server.account();
    const admins = await Promise.all(
      [1, 2].map(async () => {
        const user = await invite("admin", {}, at);
        return { ...user, cookie: cookieOf(await redeem(await linkFor(user.id, "invitation", at), { password })) };
      }),
    );
    const [one, two] = admins as [(typeof admins)[0], (typeof admins)[0]];
    const remove = (by: string, id: string) => withCookie("DELETE", `/v1/accounts/${at.aid}/users/${id}`, by);
    const statuses = (await Promise.all([remove(one.cookie, two.id), remove(two.cookie, one.id)])).map(
      ({ status }) => status,
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    const { users } = (await asAdmin("GET", "/users", undefined, at)).body;
    expect(users).toHaveLength(1);
    const [{ id, name }] = users;
    expect((await asAdmin("DELETE", `/users/${id}`, undefined, at)).body.error.code).toBe("last_admin_user");
    expect((await asAdmin("PUT", `/users/${id}`, { name, role: "operations" }, at)).body.error.code).toBe(
      "last_admin_user",
    );
  });

  it("give no more power than they hold", async () => {
    const { id } = await invite();
    const few = await server.account(undefined, { scopes: ["admin:accounts"] });
    const refused = await asAdmin("POST", "/users", { email: "few@kiosk.example", name: "Few", role: "admin" }, few);
    expect(refused.body.error.code).toBe("scope_not_held");
    expect((await asAdmin("GET", `/users/${id}`, undefined, other)).body.error.code).toBe("user_not_found");
    expect((await asAdmin("POST", `/users/${id}/links`, { purpose: "invitation" }, other)).status).toBe(404);
  });

  it("of two accounts are opened by neither alone", async () => {
    const user = await person();
    const there = (await asAdmin("POST", "/users", { email: user.email, name: "Kari", role: "admin" }, other)).body;
    expect(there.status).toBe("INVITED");
    const link = await linkFor(there.id, "invitation", other);
    expect((await redeem(link, { password: "taken over by other" })).status).toBe(401);
    expect((await redeem(link)).status).toBe(401);
    const reset = await linkFor(user.id, "reset");
    expect((await redeem(link, { password })).status).toBe(204);
    expect((await redeem(reset, { password: "taken over by the first" })).status).toBe(404);
    expect((await withCookie("GET", "/v1/session", user.cookie)).body.accounts).toHaveLength(2);
  });

  it("set another password by a reset or by themselves, which ends their other sessions", async () => {
    const user = await person();
    const second = cookieOf(await signIn(user.email));
    const next = "another password of mine";
    expect((await withCookie("POST", "/v1/auth/password", second, { current: "wrong", new: next })).status).toBe(401);
    expect((await withCookie("POST", "/v1/auth/password", second, { current: password, new: next })).status).toBe(204);
    expect((await withCookie("GET", "/v1/session", user.cookie)).status).toBe(401);
    expect((await withCookie("GET", "/v1/session", second)).status).toBe(200);
    expect((await signIn(user.email)).status).toBe(401);
    const reset = await redeem(await linkFor(user.id, "reset"), { password });
    expect(reset.status).toBe(204);
    expect((await withCookie("GET", "/v1/session", second)).status).toBe(401);
    expect((await withCookie("GET", "/v1/session", cookieOf(reset))).status).toBe(200);
  });

  it("end after 12 hours without a request, and after 7 days", async () => {
    const user = await person();
    const back = (column: "seen_at" | "expires_at", hours: number) =>
      server.db.sql
        .updateTable("sessions")
        .set({ [column]: new Date(Date.now() - hours * 3_600_000) })
        .where("person_id", "in", (eb) =>
          eb.selectFrom("people").select("id").where("email", "=", user.email.toLowerCase()),
        )
        .execute();
    await back("seen_at", 11.9);
    expect((await withCookie("GET", "/v1/session", user.cookie)).status).toBe(200);
    await back("seen_at", 12.1);
    expect((await withCookie("GET", "/v1/session", user.cookie)).status).toBe(401);
    const second = cookieOf(await signIn(user.email));
    await back("expires_at", 0);
    expect((await withCookie("GET", "/v1/session", second)).status).toBe(401);
  });

  it("are not locked out by a storm of guesses beyond their network, which is", async () => {
    const { email } = await person();
    const guesses: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 3 }, (_, index) => signIn(email, `guess ${round} ${index}`)),
      );
      guesses.push(...answers.map(({ status }) => status));
    }
    expect(guesses.filter((status) => status === 401)).toHaveLength(10);
    const locked = await signIn(email);
    expect(locked).toMatchObject({ status: 429, body: { error: { code: "sign_in_locked" } } });
    expect(Number(locked.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

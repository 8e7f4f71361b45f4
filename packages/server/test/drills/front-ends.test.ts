import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { type Begun, frontEndsOf } from "../support/front-end.ts";
import { password, peopleOf } from "../support/people.ts";

const back = "https://app.kiosk.example/back";

describe("people who sign in to a front end of others", async () => {
  const stage = await world({ own: {} });
  const { server, aid, tenant } = stage;
  const other = await server.account();
  const { withCookie, person, asAdmin, own, actions, redeem, linkFor, cookieOf, signIn } = peopleOf(stage);
  const { register, metadata, begin, finish, revoke } = frontEndsOf(stage);
  const app = await register([back, "http://127.0.0.1/back", "com.kiosk.app:/back", "http://localhost:5173/back"]);
  const path = `/v1/accounts/${aid}/auth/authorization`;

  const show = ({ url }: Pick<Begun, "url">, cookie: string) => withCookie("GET", `${path}${url.search}`, cookie);
  const allow = ({ url }: Pick<Begun, "url">, cookie: string) =>
    withCookie("POST", path, cookie, Object.fromEntries(url.searchParams));
  const withToken = (method: string, below: string, token: string, body?: unknown) =>
    server.call(method, `/v1/accounts/${aid}${below}`, { token, body });
  /** Goes the whole way as a person. */
  async function enter(cookie: string, clientId = app.client_id, further: Record<string, string> = {}) {
    const begun = await begin(clientId, back, further);
    const allowed = await allow(begun, cookie);
    expect(allowed.status).toBe(200);
    return { begun, code: allowed.body.redirect_to as string, ...(await finish(allowed.body.redirect_to, begun)) };
  }
  /** Asks the token endpoint by hand. */
  const exchange = (code: string, { redirectUri, verifier, client }: Begun, further: Record<string, string> = {}) => {
    const grant = { grant_type: "authorization_code", client_id: client.client_id, redirect_uri: redirectUri };
    const form = new URLSearchParams({
      ...grant,
      code: new URL(code).searchParams.get("code") ?? "",
      code_verifier: verifier,
      ...further,
    });
    return fetch(`${server.url}/v1/accounts/${aid}/auth/token`, { method: "POST", body: form });
  };
  const oauthError = async (answer: Response) => [answer.status, ((await answer.json()) as { error: string }).error];

  it("get there by the library, with what role, grant and request have in common", async () => {
    expect(await metadata()).toMatchObject({
      authorization_endpoint: `${server.url}/authorize/${aid}`,
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
    });
    const admin = await person("admin");
    const begun = await begin(app.client_id, back);
    expect((await show(begun, admin.cookie)).body).toMatchObject({
      client: { client_id: app.client_id, name: "Till app" },
      returns_to: "app.kiosk.example",
      scopes: ["admin:accounts", "admin:checkout"],
    });
    const { access_token: token, scope } = await enter(admin.cookie);
    expect(scope).toBe("admin:accounts admin:checkout");
    // `created_by` is the person.
    const made = await withToken("POST", "/auth/clients", token, { name: "By the app" });
    expect(made).toMatchObject({ status: 201, body: { created_by: admin.id } });
    expect((await withToken("GET", "/hooks/subscriptions", token)).body.error.code).toBe("insufficient_scope");
    expect(await actions(admin.id)).toContain("user.authorize");

    const clerk = await person("operations");
    const narrow = await enter(clerk.cookie, app.client_id, { scope: "read:checkout:/admin/terminals admin:hooks" });
    expect(narrow.scope).toBe("read:checkout:/admin/terminals");
    expect((await withToken("GET", "/stores", narrow.access_token)).status).toBe(403);
    expect((await withToken("GET", "/payments/admin/terminals/operations", narrow.access_token)).status).toBe(200);
    expect((await withToken("POST", "/auth/clients", narrow.access_token, {})).status).toBe(403);
  });

  it("see only their stores there", async () => {
    const [first, second] = await Promise.all(
      ["north", "south"].map(async (name) => (await asAdmin("POST", "/stores", { store_id: name })).body),
    );
    const { body: user } = await asAdmin("POST", "/users", {
      email: "manager@kiosk.example",
      name: "Manager",
      role: "store",
      stores: [first?.id],
    });
    const cookie = cookieOf(await redeem(await linkFor(user.id), { password }));
    const { access_token: token } = await enter(cookie);
    const { body } = await withToken("GET", "/stores", token);
    expect(body.stores.map(({ id }: { id: string }) => id)).toEqual([first?.id]);
    expect((await withToken("GET", `/stores/${first?.id}`, token)).status).toBe(200);
    expect((await withToken("GET", `/stores/${second?.id}`, token)).status).toBe(404);
    const elsewhere = await server.call("GET", `/v1/accounts/${other.aid}/stores`, { token });
    expect(elsewhere.body.error.code).toBe("account_not_found");
  });

  it("are not let in by a code that was used, which ends its token, too", async () => {
    const { cookie } = await person();
    const { begun, code, access_token: token } = await enter(cookie);
    expect((await withToken("GET", "/stores", token)).status).toBe(200);
    expect(await oauthError(await exchange(code, begun))).toEqual([400, "invalid_grant"]);
    expect((await withToken("GET", "/stores", token)).body.error.code).toBe("invalid_token");
    const begunAgain = await begin(app.client_id, back);
    const { redirect_to: again } = (await allow(begunAgain, cookie)).body;
    const answers = await Promise.all(Array.from({ length: 4 }, () => exchange(again, begunAgain)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it("are not let in by another verifier, redirect address or client, nor too late", async () => {
    const { cookie } = await person();
    const foreign = await register([back]);
    const begun = await begin(app.client_id, back);
    const { redirect_to: code } = (await allow(begun, cookie)).body;
    for (const further of [
      { code_verifier: "v".repeat(43) },
      { code_verifier: new URL(begun.url).searchParams.get("code_challenge") ?? "" },
      { redirect_uri: "http://127.0.0.1/back" },
      { client_id: foreign.client_id },
      { client_id: tenant.clientId },
      { code: "A".repeat(43) },
    ]) {
      expect(await oauthError(await exchange(code, begun, further))).toEqual([400, "invalid_grant"]);
    }
    for (const name of ["code", "code_verifier", "redirect_uri", "client_id"]) {
      expect(await oauthError(await exchange(code, begun, { [name]: "" }))).toEqual([400, "invalid_request"]);
    }
    const secret = await exchange(code, begun, { client_secret: "wrong" });
    expect(await oauthError(secret)).toEqual([401, "invalid_client"]);
    // The code itself is still good: what a stranger tries takes it from nobody.
    expect((await exchange(code, begun)).status).toBe(200);

    const late = await begin(app.client_id, back);
    const { redirect_to: old } = (await allow(late, cookie)).body;
    await server.db.sql
      .updateTable("authorizations")
      .set({ code_expires_at: new Date(0) })
      .where("token_sha256", "is", null)
      .execute();
    expect(await oauthError(await exchange(old, late))).toEqual([400, "invalid_grant"]);
  });

  it("are sent to registered addresses alone", async () => {
    const { cookie } = await person();
    for (const uri of [
      "https://evil.example/back",
      `${back}/`,
      `${back}?x=1`,
      `${back}#part`,
      "https://app.kiosk.example:8443/back",
      "https://app.kiosk.example@evil.example/back",
      "http://app.kiosk.example/back",
      "http://127.0.0.1:80@evil.example/back",
      "http://127.0.0.1:4000/other",
      "http://localhost:4000/back",
      "javascript:alert(1)",
      "//evil.example",
      "x",
    ]) {
      const begun = await begin(app.client_id, uri);
      for (const answer of [await show(begun, cookie), await allow(begun, cookie)]) {
        expect({ uri, ...answer.body.error }).toMatchObject({ uri, code: "invalid_request" });
        expect(answer.body.error.errors[0].path).toMatch(/\/redirect_uri$/);
      }
    }
    for (const uri of ["http://127.0.0.1:49152/back", "com.kiosk.app:/back", "http://localhost:5173/back"]) {
      expect((await show(await begin(app.client_id, uri), cookie)).status).toBe(200);
    }
    // What was registered before it was checked, or by mistake, sends nobody anywhere.
    const careless = await register(["javascript:alert(1)", "http://shop.example/back", "data:text/html,x"]);
    for (const uri of ["javascript:alert(1)", "http://shop.example/back", "data:text/html,x"]) {
      expect((await show(await begin(careless.client_id, uri), cookie)).status).toBe(400);
    }
    for (const clientId of [tenant.clientId, "nobody"]) {
      const { body } = await show(await begin(clientId, back), cookie);
      expect(body.error.errors[0].path).toBe("/query/client_id");
    }
  });

  it("come back with a word where the request has a fault, and get no code", async () => {
    const { cookie } = await person("operations");
    for (const [further, error] of [
      [{ response_type: "token" }, "unsupported_response_type"],
      [{ code_challenge_method: "plain" }, "invalid_request"],
      [{ code_challenge: "short" }, "invalid_request"],
      [{ scope: "admin:hooks" }, "invalid_scope"],
    ] as const) {
      const begun = await begin(app.client_id, back, further);
      const { body } = await show(begun, cookie);
      expect(body.fault.error).toBe(error);
      const refusal = new URL(body.refusal_url);
      expect(`${refusal.origin}${refusal.pathname}`).toBe(back);
      expect(Object.fromEntries(refusal.searchParams)).toMatchObject({ error, state: begun.state });
      expect((await allow(begun, cookie)).status).toBe(400);
    }
    const { body } = await show(await begin(app.client_id, back), cookie);
    expect(new URL(body.refusal_url).searchParams.get("error")).toBe("access_denied");
  });

  it("lose the token with the session, the grant, the role and the password", async () => {
    const alive = async (token: string) => (await withToken("GET", "/stores", token)).status === 200;
    const enterAs = async (role = "admin") => {
      const user = await person(role);
      const { access_token: token } = await enter(user.cookie);
      expect(await alive(token)).toBe(true);
      return { ...user, token };
    };
    const out = await enterAs();
    expect((await withCookie("POST", "/v1/auth/sign-out", out.cookie)).status).toBe(204);
    expect(await alive(out.token)).toBe(false);

    const removed = await enterAs();
    expect((await asAdmin("DELETE", `/users/${removed.id}`)).status).toBe(200);
    expect(await alive(removed.token)).toBe(false);

    const reset = await enterAs();
    expect((await redeem(await linkFor(reset.id, "reset"), { password: "another password of mine" })).status).toBe(204);
    expect(await alive(reset.token)).toBe(false);

    const lowered = await enterAs();
    await asAdmin("PUT", `/users/${lowered.id}`, { name: "Kari", role: "operations" });
    expect(await alive(lowered.token)).toBe(true);
    expect((await withToken("POST", "/auth/clients", lowered.token, {})).status).toBe(403);

    const revoked = await enterAs();
    await revoke({ client_id: app.client_id }, revoked.token);
    await revoke({ client_id: app.client_id }, "unknown");
    expect(await alive(revoked.token)).toBe(false);

    const doomed = await register([back]);
    const user = await person();
    const { access_token: token } = await enter(user.cookie, doomed.client_id);
    await asAdmin("PATCH", `/auth/client-grants/${doomed.grantId}`, { scope: ["read:checkout"] });
    expect((await withToken("POST", "/auth/clients", token, {})).status).toBe(403);
    await asAdmin("DELETE", `/auth/clients/${doomed.id}`);
    expect(await alive(token)).toBe(false);
  });

  it("are asked only on pages of this server, and a token is no session", async () => {
    const { cookie, email } = await person();
    const begun = await begin(app.client_id, back);
    const body = Object.fromEntries(begun.url.searchParams);
    const post = (headers: Record<string, string>) =>
      server.call("POST", path, { headers: { ...headers, cookie }, body });
    expect((await post({ ...own(), "sec-fetch-site": "cross-site", origin: "https://evil.example" })).status).toBe(403);
    expect((await post({ ...own(), "sec-fetch-site": "same-site" })).status).toBe(403);
    expect((await post({ "sec-fetch-site": "same-origin" })).body.error.code).toBe("missing_session");
    expect((await post({})).body.error.code).toBe("missing_session");
    const stranger = await person("admin", other);
    expect((await allow(begun, stranger.cookie)).body.error.code).toBe("account_not_found");

    const { access_token: token } = await enter(cookie);
    for (const [method, url] of [
      ["GET", "/v1/session"],
      ["GET", "/v1/auth/sessions"],
      ["GET", `${path}${begun.url.search}`],
    ] as const) {
      expect((await server.call(method, url, { token })).body.error.code).toBe("missing_session");
    }
    expect((await signIn(email)).status).toBe(204);
    const { rows } = await server.db.pool.query("select * from authorizations");
    expect(JSON.stringify(rows)).not.toContain(token);
  });
});

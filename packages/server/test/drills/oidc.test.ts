import { world } from "@tillkeeper/stage/world";
import { afterAll, describe, expect, it } from "vitest";
import { lyingProvider, oidcClient, placeOfProvider, realProvider, throughProvider } from "../support/oidc-provider.ts";
import { codeOf, password, peopleOf } from "../support/people.ts";

/** What the browser has after it began: where the provider is, and its cookie. */
interface Begun {
  url: URL;
  cookie: string;
}

async function stageFor(place: Awaited<ReturnType<typeof placeOfProvider>>) {
  const config = { oidc: { issuer: place.issuer, name: "Kiosk", ...oidcClient } };
  const stage = await world({ own: { config } });
  const { server } = stage;
  const page = (path: string, cookie = "") =>
    fetch(`${server.url}${path}`, { redirect: "manual", headers: { cookie } });
  const locationOf = ({ headers }: Response) => headers.get("location") ?? "";
  const cookiesOf = (answer: Response) => answer.headers.getSetCookie();
  return {
    ...stage,
    ...peopleOf(stage),
    page,
    locationOf,
    callback: `${server.url}/v1/auth/oidc/callback`,
    begin: async (to?: string): Promise<Begun> => {
      const answer = await page(`/v1/auth/oidc/start${to === undefined ? "" : `?to=${encodeURIComponent(to)}`}`);
      expect(answer.status).toBe(302);
      return { url: new URL(locationOf(answer)), cookie: cookiesOf(answer)[0]?.split(";")[0] ?? "" };
    },
    /** Comes back from the provider. */
    comeBack: (address: string | URL, { cookie }: Pick<Begun, "cookie">) => {
      const { pathname, search } = new URL(address);
      return page(`${pathname}${search}`, cookie);
    },
    sessionOf: (answer: Response) =>
      cookiesOf(answer)
        .find((cookie) => /^tillkeeper_session=[\w-]/.test(cookie))
        ?.split(";")[0],
  };
}

describe("people who sign in at a provider", async () => {
  const place = await placeOfProvider();
  afterAll(() => place.close());
  const stage = await stageFor(place);
  const { server, page, locationOf, callback, begin, comeBack, sessionOf } = stage;
  const { withCookie, invite, person, asAdmin, actions, signIn, redeem, linkFor } = stage;
  const { people, handler } = await realProvider(place.issuer, callback);
  let subjects = 0;

  /** Goes through a whole sign-in at the provider. */
  async function enter(email: string, { sub = `subject-${++subjects}`, verified = true, to = "/T1/today" } = {}) {
    people.now = sub;
    people.of[sub] = { email, email_verified: verified };
    const begun = await begin(to);
    const back = await throughProvider(begun.url.href, callback);
    return { answer: await comeBack(back, begun), back, begun, sub };
  }
  const expectFailed = (answer: Response, failure: string) => {
    expect([answer.status, locationOf(answer)]).toEqual([302, `/sign-in?failed=${failure}`]);
    expect(sessionOf(answer)).toBeUndefined();
  };

  it("are told in words when the provider is away, and can sign in when it is there", async () => {
    expectFailed(await page("/v1/auth/oidc/start"), "unavailable");
    place.put(handler);
    const { body } = await server.call("GET", "/v1/auth/providers");
    expect(body).toEqual({ providers: [{ name: "Kiosk", start: "/v1/auth/oidc/start" }] });
    const { url } = await begin();
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      code_challenge_method: "S256",
      redirect_uri: callback,
      scope: "openid email profile",
    });
    expect(url.href.startsWith(place.issuer)).toBe(true);
    const begun = await begin();
    people.now = "away";
    people.of["away"] = { email: "away@kiosk.example", email_verified: true };
    const back = await throughProvider(begun.url.href, callback);
    place.put();
    expectFailed(await comeBack(back, begun), "unavailable");
    place.put(handler);
  });

  it("keep a cookie meanwhile that pages cannot read, for ten minutes", async () => {
    const answer = await page("/v1/auth/oidc/start");
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^tillkeeper_sign_in=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/),
    ]);
  });

  it("accept an invitation by their verified address, and are found by their subject from then on", async () => {
    const user = await invite("operations");
    const { answer, sub } = await enter(user.email.toUpperCase());
    expect([answer.status, locationOf(answer)]).toEqual([302, "/T1/today"]);
    const cookies = answer.headers.getSetCookie();
    expect(cookies).toEqual([
      expect.stringMatching(/^tillkeeper_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/),
      expect.stringMatching(/^tillkeeper_sign_in=; .*Max-Age=0$/),
    ]);
    const session = await withCookie("GET", "/v1/session", sessionOf(answer) ?? "");
    expect(session.body).toMatchObject({
      user: { email: user.email },
      accounts: [{ account_id: stage.aid, user_id: user.id, role: "operations" }],
    });
    expect(await actions(user.id)).toEqual(["user.sign_in", "user.accept", "user.create"]);
    const again = await enter("another@address.example", { sub, verified: false });
    const { body } = await withCookie("GET", "/v1/session", sessionOf(again.answer) ?? "");
    expect(body.user).toEqual(session.body.user);
    expect((await signIn(user.email)).status).toBe(401);
  });

  it("who have a password are the same person, and one subject only until a reset", async () => {
    const user = await person();
    const { answer } = await enter(user.email);
    const { body } = await withCookie("GET", "/v1/session", sessionOf(answer) ?? "");
    expect(body.user.email).toBe(user.email);
    expect((await signIn(user.email)).status).toBe(204);
    // The address now belongs to another person.
    expectFailed((await enter(user.email)).answer, "refused");
    expect((await redeem(await linkFor(user.id, "reset"), { password })).status).toBe(204);
    expect(sessionOf((await enter(user.email)).answer)).toBeDefined();
  });

  it("who have an authenticator are not asked for its code: the provider says how one signs in there", async () => {
    const user = await person();
    const { secret } = (await withCookie("POST", "/v1/auth/totp", user.cookie, { password })).body;
    const confirmed = await withCookie("POST", "/v1/auth/totp/confirm", user.cookie, { code: codeOf(secret) });
    expect(confirmed.status).toBe(200);
    expect((await signIn(user.email)).body.error.code).toBe("code_required");
    const { answer } = await enter(user.email);
    expect(answer.status).toBe(302);
    const { body } = await withCookie("GET", "/v1/session", sessionOf(answer) ?? "");
    expect(body.user.email).toBe(user.email);
    // The password is asked for its code as before.
    expect((await signIn(user.email)).body.error.code).toBe("code_required");
  });

  it("are not made by signing in, nor let in when they were removed", async () => {
    const count = async () =>
      (
        await server.db.sql
          .selectFrom("people")
          .select((eb) => eb.fn.countAll().as("all"))
          .executeTakeFirst()
      )?.all;
    const before = await count();
    expectFailed((await enter("stranger@kiosk.example")).answer, "not_invited");
    expect(await count()).toBe(before);
    const user = await invite();
    const { sub } = await enter(user.email);
    await asAdmin("DELETE", `/users/${user.id}`);
    expectFailed((await enter(user.email, { sub })).answer, "not_invited");
    // Invited anew, the same person comes back.
    const anew = await invite("admin", stage.tenant, user.email);
    const { answer } = await enter(user.email, { sub });
    const { body } = await withCookie("GET", "/v1/session", sessionOf(answer) ?? "");
    expect(body.accounts).toMatchObject([{ user_id: anew.id }]);
  });

  it("are refused with an address that the provider has not verified", async () => {
    const user = await invite();
    expectFailed((await enter(user.email, { verified: false })).answer, "email_unverified");
    expect((await asAdmin("GET", `/users/${user.id}`)).body.status).toBe("INVITED");
  });

  it("of an account are not taken into another one that invites them", async () => {
    const other = await server.account();
    const user = await invite();
    const { sub } = await enter(user.email);
    const there = await invite("admin", other, user.email);
    const { answer } = await enter(user.email, { sub });
    const { body } = await withCookie("GET", "/v1/session", sessionOf(answer) ?? "");
    expect(body.accounts).toHaveLength(1);
    expect((await asAdmin("GET", `/users/${there.id}`, undefined, other)).body.status).toBe("INVITED");
  });

  it("come back with their own state and nonce only, once", async () => {
    const user = await invite();
    const { back, begun, sub } = await enter(user.email);
    expectFailed(await comeBack(back, begun), "refused");
    people.now = sub;
    const own = await begin();
    const mine = new URL(await throughProvider(own.url.href, callback));
    const other = await begin();
    expectFailed(await comeBack(mine, other), "expired");
    expectFailed(await comeBack(mine, { cookie: "" }), "expired");
    expectFailed(await comeBack(mine, { cookie: "tillkeeper_sign_in=made.up" }), "expired");
    const changed = new URL(mine);
    changed.searchParams.set("state", "another");
    expectFailed(await comeBack(changed, own), "expired");
    const elsewhere = new URL(mine);
    elsewhere.searchParams.set("iss", "https://evil.example");
    expectFailed(await comeBack(elsewhere, own), "refused");
    expect(sessionOf(await comeBack(mine, own))).toBeDefined();

    const begunAgain = await begin();
    begunAgain.url.searchParams.set("nonce", "another");
    const withNonce = await throughProvider(begunAgain.url.href, callback);
    expectFailed(await comeBack(withNonce, begunAgain), "refused");
  });

  it("who say no at the provider are back at the page to sign in", async () => {
    const begun = await begin();
    const state = begun.url.searchParams.get("state");
    const no = `${callback}?error=access_denied&state=${state}&iss=${encodeURIComponent(place.issuer)}`;
    expect(locationOf(await comeBack(no, begun))).toBe("/sign-in?failed=refused");
  });

  it("go on to a path of this server only", async () => {
    for (const to of [
      "//evil.example",
      "/\\evil.example",
      "https://evil.example/",
      "/\t/evil.example",
      "/..//evil.example",
      "evil",
      "",
    ]) {
      const answer = await page(`/v1/auth/oidc/start?to=${encodeURIComponent(to)}`);
      expect([to, answer.status]).toEqual([to, 400]);
    }
    const user = await invite();
    expect(locationOf((await enter(user.email, { to: "/T1/stores?q=a//b#x" })).answer)).toBe("/T1/stores?q=a//b#x");
  });
});

describe("a provider that lies", async () => {
  const place = await placeOfProvider();
  afterAll(() => place.close());
  const stage = await stageFor(place);
  const { begin, comeBack, callback, sessionOf, locationOf, invite, withCookie } = stage;
  const { lie, handler } = await lyingProvider(place.issuer);
  place.put(handler);

  async function enter(claims: Record<string, unknown>, further: object = {}) {
    const begun = await begin();
    lie.now = { claims, ...further };
    const { nonce, state } = Object.fromEntries(begun.url.searchParams);
    return { answer: () => comeBack(`${callback}?code=${nonce}&state=${state}`, begun) };
  }
  const claimsOf = async () => ({ sub: "one", email: (await invite()).email, email_verified: true });

  it("lets nobody in by tokens of another issuer, for another client, with another nonce or another key", async () => {
    const claims = await claimsOf();
    for (const [name, wrong, further] of [
      ["issuer", { iss: "https://evil.example" }, {}],
      ["audience", { aud: "another client" }, {}],
      ["nonce", { nonce: "another" }, {}],
      ["key", {}, { foreignKey: true }],
      ["verified", { email_verified: "true" }, {}],
    ] as const) {
      const answer = await (await enter({ ...claims, ...wrong }, further)).answer();
      expect([name, sessionOf(answer), answer.status]).toEqual([name, undefined, 302]);
      expect(locationOf(answer)).toMatch(/failed=(refused|email_unverified)$/);
    }
    expect(locationOf(await (await enter(claims, { tokenStatus: 503 })).answer())).toBe("/sign-in?failed=unavailable");
    expect(sessionOf(await (await enter(claims)).answer())).toBeDefined();
  });

  it("takes a code again and again: one callback still signs in once, also eight times at once", async () => {
    const { answer } = await enter(await claimsOf().then((claims) => ({ ...claims, sub: "two" })));
    const answers = await Promise.all(Array.from({ length: 8 }, answer));
    expect(answers.filter((one) => sessionOf(one) !== undefined)).toHaveLength(1);
    expect(sessionOf(await answer())).toBeUndefined();
  });

  it("signs in eight times at once somebody who is invited to two accounts, as one person", async () => {
    const claims = { ...(await claimsOf()), sub: "three" };
    const there = await invite("admin", await stage.server.account(), claims.email);
    const flows = await Promise.all(Array.from({ length: 8 }, () => enter(claims)));
    const answers = await Promise.all(flows.map(({ answer }) => answer()));
    const sessions = await Promise.all(
      answers.map(async (one) => (await withCookie("GET", "/v1/session", sessionOf(one) ?? "")).body),
    );
    expect(new Set(sessions.map(({ user }) => user.id)).size).toBe(1);
    for (const { accounts } of sessions) expect(accounts).toHaveLength(2);
    expect(sessions[0].accounts.map((account: { user_id: string }) => account.user_id)).toContain(there.id);
  });
});

describe("a server without a provider", async () => {
  const { server } = await world();

  it("says that there is none", async () => {
    expect((await server.call("GET", "/v1/auth/providers")).body).toEqual({ providers: [] });
    for (const path of ["start", "callback"]) {
      const { status, body } = await server.call("GET", `/v1/auth/oidc/${path}`);
      expect([status, body.error.code]).toEqual([404, "sign_in_provider_not_found"]);
    }
  });
});

import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { codeOf, password, peopleOf } from "../support/people.ts";

describe("people with an authenticator", async () => {
  // Its own server: wrong codes count for the network, which all tests share.
  const stage = await world({ own: {} });
  const { server } = stage;
  const other = await server.account();
  const { withCookie, cookieOf, signIn, redeem, linkFor, person, invite, asAdmin, actions } = peopleOf(stage);

  const wrong = (secret: string) => {
    const near = new Set([-2, -1, 0, 1, 2].map((steps) => codeOf(secret, steps)));
    return ["000000", "111111", "222222", "333333", "444444", "555555"].find((code) => !near.has(code)) ?? "";
  };
  const totpOf = (email: string) => server.db.sql.selectFrom("people").select("id").where("email", "=", email);
  /** As if the last code had been used long ago. */
  const longAgo = (email: string) =>
    server.db.sql.updateTable("person_totp").set({ last_step: "1" }).where("person_id", "in", totpOf(email)).execute();

  async function withTotp(role = "admin") {
    const user = await person(role);
    const started = await withCookie("POST", "/v1/auth/totp", user.cookie, { password });
    expect(started.status).toBe(200);
    const { secret, uri } = started.body;
    const confirmed = await withCookie("POST", "/v1/auth/totp/confirm", user.cookie, { code: codeOf(secret) });
    expect(confirmed.status).toBe(200);
    await longAgo(user.email);
    return { ...user, secret, uri, recovery: confirmed.body.recovery_codes as string[] };
  }
  const refusal = (code: string, status = 401) => ({ status, body: { error: { code } } });

  it("begin with the password, and sign in as before until its first code is confirmed", async () => {
    const user = await person();
    expect(await withCookie("POST", "/v1/auth/totp", user.cookie, { password: "wrong" })).toMatchObject(
      refusal("sign_in_refused"),
    );
    expect(await withCookie("POST", "/v1/auth/totp/confirm", user.cookie, { code: "123456" })).toMatchObject(
      refusal("totp_not_found", 404),
    );
    const first = (await withCookie("POST", "/v1/auth/totp", user.cookie, { password })).body;
    const second = (await withCookie("POST", "/v1/auth/totp", user.cookie, { password })).body;
    expect(new URL(second.uri).searchParams.get("secret")).toBe(second.secret);
    expect((await signIn(user.email)).status).toBe(204);
    const confirm = (code: string) => withCookie("POST", "/v1/auth/totp/confirm", user.cookie, { code });
    expect(await confirm(codeOf(first.secret))).toMatchObject(refusal("code_refused"));
    const { body } = await confirm(codeOf(second.secret));
    expect(new Set(body.recovery_codes).size).toBe(10);
    expect(await confirm(codeOf(second.secret, 1))).toMatchObject(refusal("totp_active", 409));
    expect(await withCookie("POST", "/v1/auth/totp", user.cookie, { password })).toMatchObject(
      refusal("totp_active", 409),
    );
    expect(await signIn(user.email)).toMatchObject(refusal("code_required"));
    expect((await withCookie("GET", "/v1/auth/totp", user.cookie)).body).toEqual({ on: true, recovery_codes_left: 10 });
    expect(await actions(user.id)).toContain("user.totp_on");
  });

  it("are asked for a code only after the right password", async () => {
    const { email, secret } = await withTotp();
    expect(await signIn(email, { password: "wrong" })).toMatchObject(refusal("sign_in_refused"));
    expect(await signIn(email, { password: "wrong", code: codeOf(secret) })).toMatchObject(refusal("sign_in_refused"));
    expect(await signIn(email)).toMatchObject(refusal("code_required"));
    expect((await signIn(email, { code: codeOf(secret) })).status).toBe(204);
  });

  it("sign in with each code once, and with none that is older than the last", async () => {
    const { email, secret } = await withTotp();
    const [before, now] = [codeOf(secret, -1), codeOf(secret)];
    expect((await signIn(email, { code: ` ${now.slice(0, 3)} ${now.slice(3)}` })).status).toBe(204);
    expect(await signIn(email, { code: now })).toMatchObject(refusal("code_refused"));
    expect(await signIn(email, { code: before })).toMatchObject(refusal("code_refused"));
    expect(await signIn(email, { code: codeOf(secret, 5) })).toMatchObject(refusal("code_refused"));
  });

  it("sign in with one code in one of four requests at once", async () => {
    const { email, secret } = await withTotp();
    const code = codeOf(secret);
    const answers = await Promise.all(Array.from({ length: 4 }, () => signIn(email, { code })));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(3);
  });

  it("sign in with each recovery code once, also in four requests at once", async () => {
    const { email, recovery, cookie, id } = await withTotp();
    const [one = "", two = ""] = recovery;
    const answers = await Promise.all(Array.from({ length: 4 }, () => signIn(email, { code: one })));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(3);
    expect((await signIn(email, { code: two.toLowerCase().replaceAll("-", " ") })).status).toBe(204);
    expect(await signIn(email, { code: two })).toMatchObject(refusal("code_refused"));
    expect((await withCookie("GET", "/v1/auth/totp", cookie)).body).toEqual({ on: true, recovery_codes_left: 8 });
    const { body } = await asAdmin("GET", `/audit?subject_type=user&subject_id=${id}`);
    expect(body.entries[0]).toMatchObject({
      action: "user.sign_in",
      after: { by: "password", second_factor: "recovery_code" },
    });
  });

  it("cannot guess a code: wrong ones count as failed attempts", async () => {
    const { email, secret } = await withTotp();
    for (let guess = 0; guess < 10; guess += 1) {
      expect(await signIn(email, { code: wrong(secret) })).toMatchObject(refusal("code_refused"));
    }
    expect(await signIn(email, { code: codeOf(secret) })).toMatchObject(refusal("sign_in_locked", 429));
  });

  it("cannot be guessed at for long: after 20 wrong codes in a row only a recovery code counts", async () => {
    const { email, secret, recovery, id, cookie } = await withTotp();
    const tries = (count: number) =>
      server.db.sql.updateTable("person_totp").set({ tries: count }).where("person_id", "in", totpOf(email)).execute();
    // As if they had been tried over days: the limits of five minutes are another test's.
    await tries(19);
    expect(await signIn(email, { code: wrong(secret) })).toMatchObject(refusal("code_refused"));
    expect(await actions(id)).not.toContain("user.totp_guessed");
    expect(await signIn(email, { code: codeOf(secret) })).toMatchObject(refusal("code_refused"));
    expect(await signIn(email, { code: codeOf(secret, 1) })).toMatchObject(refusal("code_refused"));
    expect((await actions(id)).filter((action) => action === "user.totp_guessed")).toHaveLength(1);
    const end = { password, code: codeOf(secret) };
    expect(await withCookie("DELETE", "/v1/auth/totp", cookie, end)).toMatchObject(refusal("code_refused"));
    expect((await signIn(email, { code: recovery[0] })).status).toBe(204);
    expect((await signIn(email, { code: codeOf(secret) })).status).toBe(204);
    // A code that was accepted begins the count anew.
    await longAgo(email);
    await tries(18);
    expect(await signIn(email, { code: wrong(secret) })).toMatchObject(refusal("code_refused"));
    expect((await signIn(email, { code: codeOf(secret) })).status).toBe(204);
    const { tries: left } = await server.db.sql
      .selectFrom("person_totp")
      .select("tries")
      .where("person_id", "in", totpOf(email))
      .executeTakeFirstOrThrow();
    expect(left).toBe(0);
  });

  it("need a code with links as well: a reset does not switch it off", async () => {
    const user = await withTotp();
    const reset = await linkFor(user.id, "reset");
    const next = { password: "another password of mine" };
    expect(await redeem(reset, next)).toMatchObject(refusal("code_required"));
    expect(await redeem(reset, { ...next, code: wrong(user.secret) })).toMatchObject(refusal("code_refused"));
    expect((await signIn(user.email, { code: codeOf(user.secret) })).status).toBe(204);
    expect((await redeem(reset, { ...next, code: codeOf(user.secret, 1) })).status).toBe(204);
    expect(await signIn(user.email, next)).toMatchObject(refusal("code_required"));
    await asAdmin("POST", "/users", { email: user.email, name: "Kari", role: "admin" }, other);
    const there = (await asAdmin("GET", "/users", undefined, other)).body.users[0];
    const invitation = await linkFor(there.id, "invitation", other);
    expect(await redeem(invitation, next)).toMatchObject(refusal("code_required"));
    expect((await redeem(invitation, { ...next, code: user.recovery[0] })).status).toBe(204);
  });

  it("end it with password and code", async () => {
    const { email, secret, recovery, cookie, id } = await withTotp();
    const end = (body: object) => withCookie("DELETE", "/v1/auth/totp", cookie, body);
    expect(await end({ password: "wrong", code: codeOf(secret) })).toMatchObject(refusal("sign_in_refused"));
    expect(await end({ password, code: wrong(secret) })).toMatchObject(refusal("code_refused"));
    expect((await end({ password, code: codeOf(secret) })).status).toBe(204);
    expect(await end({ password, code: recovery[0] })).toMatchObject(refusal("totp_not_found", 404));
    expect((await signIn(email)).status).toBe(204);
    expect((await withCookie("GET", "/v1/auth/totp", cookie)).body).toEqual({ on: false, recovery_codes_left: 0 });
    expect(await actions(id)).toContain("user.totp_off");
  });

  it("lose it by an admin of their only account, and by none of several", async () => {
    const user = await withTotp();
    const end = (id: string, at = stage.tenant) => asAdmin("DELETE", `/users/${id}/totp`, undefined, at);
    const invited = await invite();
    expect(await end(invited.id)).toMatchObject(refusal("user_not_active", 409));
    expect(await end(user.id, other)).toMatchObject(refusal("user_not_found", 404));
    expect((await end(user.id)).status).toBe(204);
    expect((await signIn(user.email)).status).toBe(204);
    expect(await actions(user.id)).toContain("user.totp_end");

    const both = await withTotp();
    const there = (await asAdmin("POST", "/users", { email: both.email, name: "Kari", role: "admin" }, other)).body;
    const joined = await redeem(await linkFor(there.id, "invitation", other), { password, code: both.recovery[0] });
    expect(joined.status).toBe(204);
    expect((await end(both.id)).status).toBe(204);
    expect((await end(there.id, other)).status).toBe(204);
    expect(await signIn(both.email)).toMatchObject(refusal("code_required"));
    // Removed elsewhere, the person is one of this account alone again.
    await asAdmin("DELETE", `/users/${there.id}`, undefined, other);
    expect((await end(both.id)).status).toBe(204);
    expect(cookieOf(await signIn(both.email))).not.toBe("");
  });

  it("have secrets that the database does not show, nor takes for another person", async () => {
    const [one, two] = [await withTotp(), await withTotp()];
    const { rows } = await server.db.pool.query("select * from person_totp, person_recovery_codes");
    const text = JSON.stringify(rows);
    for (const hidden of [one.secret, two.secret, ...one.recovery]) expect(text).not.toContain(hidden);
    const { encrypted_secret: moved } = await server.db.sql
      .selectFrom("person_totp")
      .select("encrypted_secret")
      .where("person_id", "in", totpOf(one.email))
      .executeTakeFirstOrThrow();
    await server.db.sql
      .updateTable("person_totp")
      .set({ encrypted_secret: moved })
      .where("person_id", "in", totpOf(two.email))
      .execute();
    expect((await signIn(two.email, { code: codeOf(one.secret) })).status).toBe(500);
  });
});

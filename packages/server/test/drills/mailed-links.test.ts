import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { MailServer, type ReceivedMail } from "../support/mail-server.ts";
import { password, peopleOf } from "../support/people.ts";

describe("links by mail", async () => {
  const post = await MailServer.open();
  const config = { mail: post.config() };
  // Two servers, so that each mail could be sent by either; each names its own address in what it sends.
  const stage = await world({ own: { config }, other: { config } });
  const { server, tenant } = stage;
  const { asAdmin, redeem, person, actions } = peopleOf(stage);
  let made = 0;

  async function invited(further: object = {}) {
    made += 1;
    const user = { email: `Ola.${made}@kiosk.example`, name: "Ola", role: "admin", ...further };
    const { status, body } = await asAdmin("POST", "/users", user);
    expect(status).toBe(201);
    return { id: body.id as string, email: user.email };
  }
  const mailLink = (id: string, purpose = "invitation") =>
    asAdmin("POST", `/users/${id}/links`, { purpose, mail: true });
  const linkIn = ({ mail }: ReceivedMail) => /^\S+\/sign-in\/link#\S+$/m.exec(mail.text ?? "")?.[0] ?? "";
  const tokenOf = (link: string) => link.split("#")[1] ?? "";
  const stateOf = async (email: string) => {
    const { rows } = await server.db.pool.query("select state from mail_messages where lower(address) = lower($1)", [
      email,
    ]);
    return rows.map(({ state }) => state);
  };

  it("come in the user's language, show what the answer shows, and let the person in once", async () => {
    const words = { en: "You are invited", nb: "Du er invitert", sv: "Du är inbjuden", da: "Du er inviteret" };
    for (const [language, word] of Object.entries(words)) {
      const user = await invited({ language });
      const answer = await mailLink(user.id);
      expect(answer).toMatchObject({ status: 201, body: { mailed_to: user.email } });
      const mail = await post.first(user.email);
      expect(mail.mail.text).toContain(word);
      expect(mail.mail.html).toMatch(new RegExp(`<a href="http://[^"]+/sign-in/link#${tokenOf(answer.body.link)}">`));
      expect(mail.raw).not.toContain("List-Unsubscribe");
      expect(tokenOf(linkIn(mail))).toBe(tokenOf(answer.body.link));
      expect((await redeem(linkIn(mail), { password })).status).toBe(204);
      expect((await redeem(linkIn(mail), { password })).status).toBe(404);
      expect(await actions(user.id)).toContain("user.link");
    }
    const { email, id } = await person();
    const reset = await mailLink(id, "reset");
    expect(tokenOf(linkIn(await post.first(email)))).toBe(tokenOf(reset.body.link));
    expect((await redeem(reset.body.link, { password: "another password of mine" })).status).toBe(204);
  });

  it("come once from two servers, and are not there without being asked for", async () => {
    const users = await Promise.all(Array.from({ length: 6 }, () => invited()));
    const quiet = await invited();
    const { body } = await asAdmin("POST", `/users/${quiet.id}/links`, { purpose: "invitation" });
    expect(body.mailed_to).toBeUndefined();
    await Promise.all(users.map(({ id }) => mailLink(id)));
    await Promise.all(users.map(({ email }) => post.first(email)));
    await expect
      .poll(async () => (await Promise.all(users.map(({ email }) => stateOf(email)))).flat())
      .toEqual(users.map(() => "sent"));
    // Longer than a round of either server.
    await new Promise((resolve) => {
      setTimeout(resolve, 1_500);
    });
    expect(users.map(({ email }) => post.to(email).length)).toEqual(users.map(() => 1));
    expect(post.to(quiet.email)).toEqual([]);
  });

  it("stand nowhere in the database", async () => {
    const user = await invited();
    const { body } = await mailLink(user.id);
    await post.first(user.email);
    const token = tokenOf(body.link);
    expect(token).toMatch(/^[\w-]{43}$/);
    const { rows: tables } = await server.db.pool.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'public'",
    );
    expect(tables.length).toBeGreaterThan(50);
    for (const { name } of tables) {
      const { rows } = await server.db.pool.query(`select 1 from "${name}" as row where row::text like $1`, [
        `%${token}%`,
      ]);
      expect({ name, rows }).toEqual({ name, rows: [] });
    }
  });

  it("wait while the mail server is away, and do not come when they are used meanwhile", async () => {
    await post.stop();
    const [late, used] = [await invited(), await invited()];
    const link = (await mailLink(late.id)).body.link;
    const usedLink = (await mailLink(used.id)).body.link;
    await expect
      .poll(async () => {
        const { rows } = await server.db.pool.query(
          "select 1 from mail_messages where link_purpose is not null and attempts > 0 and lower(address) = any($1)",
          [[late.email.toLowerCase(), used.email.toLowerCase()]],
        );
        return rows.length;
      })
      .toBe(2);
    expect((await redeem(usedLink, { password })).status).toBe(204);
    await post.start();
    // The next attempt is a minute away.
    await server.db.pool.query("update mail_messages set due_at = created_at where state = 'link_waiting'");
    expect(tokenOf(linkIn(await post.first(late.email)))).toBe(tokenOf(link));
    await expect.poll(() => stateOf(used.email)).toEqual(["not_needed"]);
    expect(post.to(used.email)).toEqual([]);
  });

  it("are refused for addresses that no mail reaches, and more than five times a day", async () => {
    const unreachable = await invited({ email: "kåre@kiosk.example" });
    expect(await mailLink(unreachable.id)).toMatchObject({
      status: 400,
      body: { error: { errors: [{ path: "/body/mail" }] } },
    });
    const user = await invited();
    for (let time = 0; time < 5; time += 1) expect((await mailLink(user.id)).status).toBe(201);
    expect(await mailLink(user.id)).toMatchObject({ status: 429, body: { error: { code: "too_many_requests" } } });
    // Refused as a whole: no link was made.
    expect((await actions(user.id)).filter((action) => action === "user.link")).toHaveLength(5);
    expect((await asAdmin("POST", `/users/${user.id}/links`, { purpose: "invitation" })).status).toBe(201);
  });

  it("name the account in one line", async () => {
    await server.db.sql
      .updateTable("accounts")
      .set({ name: "Kiosk\r\nBcc: all@evil.example <b>&" })
      .where("account_id", "=", tenant.aid)
      .execute();
    const user = await invited();
    await mailLink(user.id);
    const { mail, raw } = await post.first(user.email);
    expect(mail.subject).toBe("Your access to Kiosk Bcc: all@evil.example <b>&");
    expect(mail.html).toContain("Kiosk Bcc: all@evil.example &lt;b&gt;&amp;");
    expect(raw).not.toMatch(/^Bcc/im);
  });
});

describe("a server that sends no mail", async () => {
  const stage = await world();
  const { asAdmin, invite } = peopleOf(stage);

  it("says so, and makes no link", async () => {
    const user = await invite();
    const refused = await asAdmin("POST", `/users/${user.id}/links`, { purpose: "invitation", mail: true });
    expect(refused).toMatchObject({ status: 400, body: { error: { errors: [{ path: "/body/mail" }] } } });
    expect((await asAdmin("POST", `/users/${user.id}/links`, { purpose: "invitation", mail: false })).status).toBe(201);
  });
});

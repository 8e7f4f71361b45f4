import { domainToASCII } from "node:url";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { autopilotOf } from "./support/autopilot.ts";
import { closes, fails, moveTo, storeOf } from "./support/closings.ts";
import { MailServer } from "./support/mail-server.ts";

/** Mail about days that were not closed. Stores are in Oslo: 23:30 there is 21:30 UTC in summer, and days begin at 03:00 UTC. */
describe("mail about days that were not closed", async () => {
  const post = await MailServer.open();
  const { server, tenant, aid } = await world({ own: { config: { mail: post.config() } } });
  const clock = storeOf(server, tenant);
  await clock.register();
  const year = new Date().getUTCFullYear() + 1;
  const move = (instant: string) => moveTo(server, `${year}-${instant}`, clock);
  const day = (date: string) => `${year}-${date}`;
  /** A store whose day ends without being closed, by one try. */
  const failing = async (mailTo: object[]) => {
    const store = storeOf(server, tenant);
    const till = await store.till(fails("device_error"));
    const answer = await store.call("PATCH", store.path.replace("closings", "configuration"), { mail_to: mailTo });
    expect(answer.status).toBe(200);
    return { store, till };
  };
  const tryOnce = { retry_until: "2020-01-01T00:00:00Z" };
  const looked = async (storeId: string) => {
    const { rows } = await server.db.pool.query(
      `select told_at is not null as told, look_at from mail_days join stores on stores.account_id = mail_days.account_id
       and stores.id = mail_days.store_ref where stores.account_id = $1 and stores.store_id = $2`,
      [aid, storeId],
    );
    return rows;
  };
  const idOf = (store: ReturnType<typeof storeOf>) => store.path.split("/").at(-2) as string;

  it("comes once the time to try is over, to each address in its language, and not again", async () => {
    await move("06-10T21:00:00Z");
    const { store, configure, untilPlanned, untilAsked, stop } = autopilotOf(server, tenant);
    const [good, bad] = [await store.till(closes()), await store.till(fails("device_error"))];
    const mailTo = [
      { address: "nattvakt@kiosk.example", language: "nb" },
      { address: "butik@kiosk.example", language: "sv-SE" },
      { address: "tienda@kiosk.example", language: "es" },
    ];
    await store.call("PATCH", store.path.replace("closings", "configuration"), { mail_to: mailTo });
    await configure();
    await untilPlanned(day("06-10"));
    await move("06-10T21:30:01Z");
    await untilAsked(day("06-10"));
    await expect.poll(() => [good, bad].map(({ commands }) => commands.length)).toEqual([1, 1]);
    // The closing has ended, and the time to try has not.
    await expect.poll(async () => (await looked(idOf(store))).length, { timeout: 20_000 }).toBe(1);
    expect(post.received).toEqual([]);
    await move("06-11T03:00:01Z");
    const { mail, from } = await post.first("nattvakt@kiosk.example");
    expect(from).toBe("post@kiosk.example");
    expect(mail.from?.text).toContain("Kiosk");
    expect(mail.subject).toBe(`Ikke avsluttet: ${idOf(store)}, ${weekday(day("06-10"), "nb")}`);
    const text = mail.text ?? "";
    expect(text).toContain(`1 av 2 terminaler er ikke avsluttet for ${weekday(day("06-10"), "nb")}.`);
    expect(text).toContain(`${bad.id} – Ikke avsluttet: feil på enheten`);
    expect(text).toContain("Gjør dette: Se på terminalen. Når den virker, avslutt dagen én gang til");
    expect(text).not.toContain(good.id);
    expect(text).toContain(`${server.url}/v1/closing-mails/`);
    expect(mail.html).toContain('<html lang="nb">');
    expect((await post.first("butik@kiosk.example")).mail.subject).toContain("Inte avslutat:");
    // A language that there is not is read in English.
    expect((await post.first("tienda@kiosk.example")).mail.subject).toContain("Not closed:");
    await stop();
    // The missed day is told of by another event, and the closing is asked for again, and fails again.
    await store.close({ ...tryOnce, business_day: day("06-10") });
    await expect.poll(() => bad.commands.length).toBe(2);
    await move("06-11T12:00:00Z");
    const { store: later } = await failing([{ address: "spaeter@kiosk.example" }]);
    await later.close(tryOnce);
    await post.first("spaeter@kiosk.example");
    expect(post.received.map(({ to }) => String(to[0])).toSorted()).toEqual([
      "butik@kiosk.example",
      "nattvakt@kiosk.example",
      "spaeter@kiosk.example",
      "tienda@kiosk.example",
    ]);
  });

  it("is quiet when all is well, and when it is well before the time to try is over", async () => {
    const { store, till } = await failing([{ address: "stille@kiosk.example" }]);
    await store.close();
    await expect.poll(() => looked(idOf(store)), { timeout: 20_000 }).toMatchObject([{ told: false }]);
    till.answering = closes();
    await store.close();
    await expect.poll(() => till.commands.length).toBe(2);
    await move("06-12T03:00:01Z");
    await expect.poll(() => looked(idOf(store)), { timeout: 20_000 }).toEqual([]);
    expect(post.to("stille@kiosk.example")).toEqual([]);
  });

  it("goes to the addresses of the account for each of its stores, once where a store names them, too", async () => {
    const path = `/v1/accounts/${aid}/closings/mail`;
    const mailTo = [{ address: "Drift@Kjøttbørsen.example", language: "da" }, { address: "kontor@kiosk.example" }];
    const put = await clock.call("PUT", path, { mail_to: mailTo });
    expect([put.status, put.body]).toEqual([200, { mail_to: mailTo, mail: {} }]);
    const read = await clock.call("GET", path);
    expect(read.body).toEqual(put.body);
    const tag = read.headers.get("etag") as string;
    const { store } = await failing([{ address: `drift@${domainToASCII("kjøttbørsen.example")}`, language: "nb" }]);
    await store.close(tryOnce);
    await post.first("kontor@kiosk.example");
    await expect
      .poll(() =>
        post.received.filter(({ to }) => /drift/i.test(to[0] ?? "")).map(({ to, mail }) => [to[0], mail.subject]),
      )
      .toEqual([["drift@kjøttbørsen.example", expect.stringContaining("Ikke avsluttet:")]]);
    expect((await clock.call("PUT", path, { mail_to: [] }, { "if-match": '"other"' })).status).toBe(412);
    expect((await clock.call("PUT", path, { mail_to: [], mail: {} }, { "if-match": tag })).status).toBe(200);
    const { body: audit } = await clock.call("GET", `/v1/accounts/${aid}/audit?action=closing_mail.configure`);
    expect(audit.entries[0]).toMatchObject({ before: { mail_to: mailTo }, after: { mail_to: [] } });
  });

  it("says in the configuration who is told, and refuses what is no address", async () => {
    const { store } = await failing([{ address: "a@kiosk.example" }]);
    const path = store.path.replace("closings", "configuration");
    const { body } = await store.call("GET", path);
    expect([body.mail_to, body.mail]).toEqual([[{ address: "a@kiosk.example" }], {}]);
    expect((await store.call("PATCH", path, body)).body).toEqual(body);
    const wrong = {
      "kiosk.example": "must be an e-mail address such as drift@kiosk.example",
      "a@kiosk.example\r\nBcc: x@y.example": "must have at most 64 letters",
      "a@kiosk.example\r\nBcc: x": "must have a domain",
      "a\r\nBcc: x@kiosk.example": "must have at most 64 letters",
      "a b@kiosk.example": "must have at most 64 letters",
      '"a"@kiosk.example': "must have at most 64 letters",
      "a@kiosk.example, b@kiosk.example": "must have at most 64 letters",
      "Kiosk <a@kiosk.example>": "must have at most 64 letters",
      "a@[127.0.0.1]": "must have a domain",
      "a@127.0.0.1": "must have a domain",
      "a@localhost": "must have a domain",
      "øl@kiosk.example": "must have only letters of ASCII before the @",
    };
    for (const [address, message] of Object.entries(wrong)) {
      const answer = await store.call("PATCH", path, { mail_to: [{ address: "b@kiosk.example" }, { address }] });
      expect([answer.status, answer.body.error.errors], address).toMatchObject([
        400,
        [{ path: "/body/mail_to/1/address", message: expect.stringContaining(message) }],
      ]);
    }
    const twice = [{ address: "b@kiosk.example" }, { address: "B@KIOSK.example" }];
    expect((await store.call("PATCH", path, { mail_to: twice })).body.error.errors).toMatchObject([
      { path: "/body/mail_to/1/address", message: "comes twice" },
    ]);
    const none = await store.call("PATCH", path, { mail_to: null });
    expect(none.body.mail_to).toEqual([]);
  });

  it("has one line of each header, whatever stores are called", async () => {
    const { store } = await failing([{ address: "navn@kiosk.example", language: "en" }]);
    const url = store.path.replace("/closings", "");
    const name = `Is\u2028Bcc: x@y.example\u202e <script>alert(1)</script> ${"é".repeat(60)}`;
    const put = await store.call("PUT", url, { store_name: name });
    expect(put.status).toBe(200);
    await store.close(tryOnce);
    const { mail, raw, to } = await post.first("navn@kiosk.example");
    expect(to).toEqual(["navn@kiosk.example"]);
    expect(mail.subject).toContain("Not closed: Is Bcc: x@y.example <script>alert(1)</script> éé");
    expect(raw.split("\r\n\r\n")[0]).not.toMatch(/^bcc:/im);
    expect(mail.html).not.toContain("<script>");
    expect(mail.html).toContain("&lt;script&gt;");
    expect([mail.headers.get("auto-submitted"), mail.bcc, mail.cc]).toEqual(["auto-generated", undefined, undefined]);
  });

  it("ends by a link: a page asks, a click ends, mail programs end by one click, and the reader may let it come again", async () => {
    const address = "ferdig@kiosk.example";
    const { store, till } = await failing([{ address, language: "nb" }]);
    await store.close(tryOnce);
    const { mail } = await post.first(address);
    const list = mail.headers.get("list") as unknown as { unsubscribe: { url: string } };
    expect(list.unsubscribe.url.startsWith(`${server.url}/v1/closing-mails/`)).toBe(true);
    expect(mail.text).toContain(list.unsubscribe.url);
    const end = list.unsubscribe.url.replace(server.url, "");
    const anonymous = (method: string, path: string, body?: string, type?: string) =>
      server.call<Buffer>(method, path, {
        ...(body !== undefined && { body, headers: { "content-type": type ?? "" } }),
      });
    const configuration = async () =>
      (await store.call("GET", store.path.replace("closings", "configuration"))).body.mail;

    // Programs that look at links end nothing.
    const asked = await anonymous("GET", end);
    expect([asked.status, asked.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(String(asked.body)).toContain(`Skal ${address} ikke lenger få e-post`);
    expect(await configuration()).toEqual({});
    const form = "application/x-www-form-urlencoded";
    const ended = await anonymous("POST", end, "List-Unsubscribe=One-Click", form);
    expect(String(ended.body)).toContain(`${address} får ikke lenger e-post`);
    expect(await configuration()).toMatchObject({ ended: [{ address }] });
    // Twice is as good as once, also as a form of files, and without a body.
    const parts = '--x\r\ncontent-disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n';
    expect((await anonymous("POST", end, parts, "multipart/form-data; boundary=x")).status).toBe(200);
    expect((await anonymous("POST", end)).status).toBe(200);
    expect(String((await anonymous("GET", end)).body)).toContain("La dem komme igjen");

    // The next day is told of to nobody.
    await move("06-13T12:00:00Z");
    await store.close(tryOnce);
    await expect.poll(() => till.commands.length).toBe(2);
    await expect
      .poll(async () => (await looked(idOf(store))).map(({ told }) => told), { timeout: 20_000 })
      .toEqual([true, true]);
    const resume = end.replace(/end$/, "resume");
    expect(String((await anonymous("POST", resume, "", form)).body)).toContain("får igjen e-post");
    expect(await configuration()).toEqual({});
    await move("06-14T12:00:00Z");
    await store.close(tryOnce);
    await expect.poll(() => post.to(address).length, { timeout: 20_000 }).toBe(2);

    // Not a sign of a link may be another one.
    const token = end.split("/").at(-2) as string;
    const at = (index: number) => token.slice(0, index) + (token[index] === "A" ? "Q" : "A") + token.slice(index + 1);
    for (const forged of [at(0), at(20), at(42), "A".repeat(43)]) {
      const answer = await server.call("POST", end.replace(token, forged));
      expect([answer.status, answer.body.error.code]).toEqual([404, "mail_link_not_found"]);
    }
    expect(await configuration()).toEqual({});
  });

  it("has a page that says how the day stands now, without figures, for 35 days", async () => {
    const { store, till } = await failing([{ address: "side@kiosk.example", language: "en" }]);
    await store.close(tryOnce);
    const { mail } = await post.first("side@kiosk.example");
    const link = /(\/v1\/closing-mails\/[\w-]{43})\n/.exec(mail.text ?? "")?.[1] as string;
    const page = async () => {
      const answer = await server.call<Buffer>("GET", link);
      expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
      return String(answer.body);
    };
    expect(await page()).toContain(`${till.id} – Not closed: fault of the device`);
    till.answering = closes();
    await store.close();
    await expect.poll(page, { timeout: 10_000 }).toContain("everything is closed for");
    expect(await page()).not.toMatch(/NOK|\d{3},\d\d/);
    await move("07-25T12:00:00Z");
    expect(await page()).toContain("There is nothing to see here any more.");
  });
});

function weekday(date: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "full", timeZone: "UTC" }).format(new Date(date));
}

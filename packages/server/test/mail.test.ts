import { domainToASCII } from "node:url";
import { describe, expect, it } from "vitest";
import { closes } from "./support/closings.ts";
import { configurationOf, idOf, mailWorld, tryOnce } from "./support/mail-world.ts";

describe("mail about days that were not closed", async () => {
  const { post, server, aid, clock, move, failing, looked } = await mailWorld();

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
    const path = configurationOf(store);
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

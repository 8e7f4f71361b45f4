import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { Authority } from "@tillkeeper/stage/brokers/certificates";
import { world } from "@tillkeeper/stage/world";
import { afterAll, describe, expect, it } from "vitest";
import { createSmtp, MailRefused, type OutgoingMail } from "../../src/mail/smtp.ts";
import { closes, fails, moveTo, storeOf } from "../support/closings.ts";
import { MailServer } from "../support/mail-server.ts";

const never = new AbortController().signal;
const mail: OutgoingMail = {
  to: "drift@kiosk.example",
  messageId: "<0123@kiosk.example>",
  at: new Date("2026-06-10T05:00:00Z"),
  subject: "Ikke avsluttet: Kiosken på hjørnet",
  text: "Én terminal",
  html: "<p>Én terminal</p>",
  endUrl: "https://kasse.example/v1/closing-mails/token/end",
};

describe("mail by SMTP", async () => {
  const authority = new Authority();
  afterAll(() => authority.remove());
  const { certFile, keyFile, caFile } = authority.issue("IP:127.0.0.1");
  const certificate = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const login = { user: "till", password: "p@ss/word" };
  const withLogin = {
    ...certificate,
    disabledCommands: [],
    authOptional: false,
    onAuth: (
      auth: { username?: string | undefined; password?: string | null | undefined },
      _session: unknown,
      done: (error: Error | null, answer?: { user: string }) => void,
    ) =>
      auth.username === login.user && auth.password === login.password
        ? done(null, { user: login.user })
        : done(Object.assign(new Error("Not you"), { responseCode: 535 })),
  };

  it("logs in over STARTTLS and over TLS, where the certificate is one of those that count", async () => {
    const starttls = await MailServer.open(withLogin);
    await createSmtp(starttls.config({ login }), authority.ca)(mail, never);
    const tls = await MailServer.open({ ...withLogin, secure: true });
    await createSmtp(tls.config({ login, tls: true }), authority.ca)(mail, never);
    for (const { received } of [starttls, tls]) {
      expect(received).toMatchObject([{ secure: true, user: "till", to: [mail.to], from: "post@kiosk.example" }]);
      const [{ mail: read, raw } = expect.fail()] = received;
      expect([read.messageId, read.subject, read.text?.trim()]).toEqual([mail.messageId, mail.subject, mail.text]);
      expect(raw).toContain("\r\nList-Unsubscribe: <https://kasse.example/v1/closing-mails/token/end>\r\n");
      expect(raw).toContain("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    }
    await expect(createSmtp(starttls.config({ login }), undefined)(mail, never)).rejects.toThrow(/certificate/);
    const wrong = { ...login, password: "other" };
    const refused = await createSmtp(starttls.config({ login: wrong }), authority.ca)(mail, never).catch(
      (error) => error,
    );
    // It can be mended: the mail is not lost.
    expect([refused.responseCode, refused instanceof MailRefused]).toEqual([535, false]);
    expect(starttls.received).toHaveLength(1);
    expect(caFile).toBe(authority.caFile);
  });

  it("sends no password without TLS, but to this machine", async () => {
    const heard: string[] = [];
    const plain = createServer((socket) => {
      socket.write("220 mail.example ESMTP\r\n");
      socket.on("data", (data) => {
        heard.push(String(data));
        const command = String(data).slice(0, 4);
        socket.write(command === "EHLO" ? "250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n" : "502 no\r\n");
      });
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => plain.listen(0, "0.0.0.0", resolve));
    const { port } = plain.address() as { port: number };
    // Another name of this machine, which does not say so.
    const config = { server: { host: "0.0.0.0", port, tls: false, login }, from: { name: "", address: "a@b.example" } };
    await expect(createSmtp(config, undefined)(mail, never)).rejects.toThrow();
    plain.close();
    expect(heard.join("")).not.toMatch(/AUTH/);
    expect(heard.join("")).toContain("STARTTLS");
  });

  it("says which refusals are for good: of this address, and of this mail", async () => {
    const post = await MailServer.open();
    const send = createSmtp(post.config(), undefined);
    post.recipients = () => ({ code: 550, text: "No such user" });
    await expect(send(mail, never)).rejects.toBeInstanceOf(MailRefused);
    post.recipients = () => ({ code: 450, text: "Later" });
    await expect(send(mail, never)).rejects.not.toBeInstanceOf(MailRefused);
    post.recipients = () => undefined;
    post.mails = () => ({ code: 554, text: "Not this" });
    await expect(send(mail, never)).rejects.toBeInstanceOf(MailRefused);
    post.mails = () => undefined;
    await send(mail, never);
    expect(post.received).toHaveLength(1);
  });

  it("makes one header of each text, whatever is in it", async () => {
    const post = await MailServer.open();
    const subject = "A\r\nBcc: x@y.example\r\n\r\nB";
    await createSmtp(post.config(), undefined)({ ...mail, subject }, never);
    const [{ mail: read, to } = expect.fail()] = post.received;
    expect([to, read.bcc, read.text?.trim()]).toEqual([[mail.to], undefined, mail.text]);
  });
});

/** One try of a day that is not closed, in a store of its own. */
describe("sending mail about days that were not closed", async () => {
  const post = await MailServer.open();
  const config = { mail: post.config() };
  const { server, other, tenant } = await world({ own: { config }, other: { config } });
  const clock = storeOf(server, tenant);
  await clock.register();
  const failing = async (...addresses: string[]) => {
    const store = storeOf(server, tenant);
    const till = await store.till(fails("device_error"));
    const mailTo = addresses.map((address) => ({ address }));
    await store.call("PATCH", store.path.replace("closings", "configuration"), { mail_to: mailTo });
    await store.close({ retry_until: "2020-01-01T00:00:00Z" });
    return { store, till };
  };
  const messages = async (address: string) => {
    const { rows } = await server.db.pool.query(
      "select state, attempts, due_at, created_at, leased_until from mail_messages where address = $1",
      [address],
    );
    return rows;
  };
  const untilState = async (address: string, state: string) => {
    await expect.poll(async () => (await messages(address))[0]?.state, { timeout: 20_000 }).toBe(state);
  };
  const later = async (minutes: number) => {
    const { at } = await clock.preview();
    await moveTo(server, new Date(Date.parse(at) + minutes * 60_000).toISOString(), clock);
  };

  it("two servers send each mail once", async () => {
    expect(other).toBeDefined();
    const addresses = Array.from({ length: 20 }, (_, number) => `to-${number}@kiosk.example`);
    await Promise.all(Array.from({ length: 3 }, () => failing(...addresses)));
    await expect.poll(() => post.received.length, { timeout: 30_000 }).toBe(60);
    const { rows } = await server.db.pool.query(
      "select state, attempts, count(*)::int from mail_messages group by 1, 2",
    );
    expect(rows).toEqual([{ state: "sent", attempts: 1, count: 60 }]);
    expect(new Set(post.received.map(({ mail: { messageId } }) => messageId)).size).toBe(60);
  });

  it("tries again while the mail server is away, rarer and rarer, and gives up after a day", async () => {
    await post.stop();
    await failing("away@kiosk.example", "gone@kiosk.example");
    const attempted = async (count: number) => {
      const attempts = async () => (await messages("away@kiosk.example"))[0]?.attempts;
      await expect.poll(attempts, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
    };
    await attempted(1);
    await later(2);
    await attempted(2);
    await expect
      .poll(async () => (await messages("away@kiosk.example"))[0]?.leased_until, { timeout: 20_000 })
      .toBeNull();
    const [{ due_at: due } = expect.fail()] = await messages("away@kiosk.example");
    const now = Date.parse((await clock.preview()).at);
    expect(due.getTime()).toBeGreaterThan(now + 30_000);
    post.recipients = (address) => (address === "gone@kiosk.example" ? { code: 450, text: "Later" } : undefined);
    await post.start();
    await later(10);
    await post.first("away@kiosk.example");
    expect(post.to("away@kiosk.example")).toHaveLength(1);
    await later(23.5 * 60);
    await later(40);
    await untilState("gone@kiosk.example", "given_up");
    post.recipients = () => undefined;
    await later(60);
    expect(post.to("gone@kiosk.example")).toEqual([]);
  });

  it("a slow mail server, and one that refuses an address, keep no other mail waiting", async () => {
    const held = Promise.withResolvers<void>();
    post.before = () => held.promise;
    await failing("slow@kiosk.example");
    await expect.poll(() => post.waiting, { timeout: 20_000 }).toBe(1);
    post.before = async () => {};
    post.recipients = (address) => (address.startsWith("nobody") ? { code: 550, text: "No such user" } : undefined);
    await failing("nobody@kiosk.example", "quick@kiosk.example");
    await post.first("quick@kiosk.example");
    await untilState("nobody@kiosk.example", "given_up");
    expect(post.to("slow@kiosk.example")).toEqual([]);
    held.resolve();
    await post.first("slow@kiosk.example");
    await untilState("slow@kiosk.example", "sent");
    expect((await messages("nobody@kiosk.example"))[0]?.attempts).toBe(1);
    post.recipients = () => undefined;
  });

  it("is sent by another server, with the same id, when the one that had claimed it is gone", async () => {
    await failing("claimed@kiosk.example");
    const { mail: first } = await post.first("claimed@kiosk.example");
    await untilState("claimed@kiosk.example", "sent");
    // As a server leaves it that died after the mail had gone out, and before it could write that down.
    const claim = "state = 'waiting', finished_at = null, lease = gen_random_uuid()";
    const of = "where address = 'claimed@kiosk.example'";
    await server.db.pool.query(`update mail_messages set ${claim}, leased_until = now() + interval '4 seconds' ${of}`);
    const before = Date.now();
    await expect.poll(() => post.to("claimed@kiosk.example").length, { timeout: 20_000 }).toBe(2);
    expect(Date.now() - before).toBeGreaterThan(3_000);
    expect(post.to("claimed@kiosk.example")[1]?.mail.messageId).toBe(first.messageId);
  });

  it("is not sent any more when the day was closed meanwhile, or the reader has ended it", async () => {
    await post.stop();
    const [closed, ended] = ["closed@kiosk.example", "ended@kiosk.example"];
    const { store, till } = await failing(closed);
    await failing(ended);
    for (const address of [closed, ended])
      await expect.poll(async () => (await messages(address))[0]?.attempts, { timeout: 20_000 }).toBe(1);
    till.answering = closes();
    expect((await store.close()).body.state).toBe("closed");
    const { aid } = tenant;
    const ending = "insert into mail_endings (account_id, address, ended_at) values ($1, $2, now())";
    await server.db.pool.query(ending, [aid, ended]);
    await post.start();
    await later(5);
    await untilState(closed, "not_needed");
    await untilState(ended, "ended");
    expect([...post.to(closed), ...post.to(ended)]).toEqual([]);
  });
});

describe("a server without a mail server", async () => {
  const { server, tenant } = await world();
  it("says so, and keeps the addresses", async () => {
    const store = storeOf(server, tenant);
    await store.register();
    const path = store.path.replace("closings", "configuration");
    const { body } = await store.call("PATCH", path, { mail_to: [{ address: "drift@kiosk.example" }] });
    expect(body.mail).toEqual({
      off_because: "This server sends no mail: its operator has not set TILLKEEPER_SMTP_URL.",
    });
    expect(body.mail_to).toEqual([{ address: "drift@kiosk.example" }]);
    const account = await store.call("GET", `/v1/accounts/${tenant.aid}/closings/mail`);
    expect(account.body).toEqual({ mail_to: [], mail: body.mail });
  });
});

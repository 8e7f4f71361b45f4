import { describe, expect, it } from "vitest";
import { autopilotOf } from "../support/autopilot.ts";
import { closes, fails } from "../support/closings.ts";
import { configurationOf, idOf, mailWorld, tryOnce } from "../support/mail-world.ts";

/** Mail over several days. Stores are in Oslo: 23:30 there is 21:30 UTC in summer, and days begin at 03:00 UTC. */
describe("mail about days that were not closed", async () => {
  const { post, server, tenant, move, day, failing, looked } = await mailWorld();

  it("comes once the time to try is over, to each address in its language, and not again", async () => {
    await move("06-10T21:00:00Z");
    const { store, configure, untilPlanned, untilAsked, stop } = autopilotOf(server, tenant);
    const [good, bad] = [await store.till(closes()), await store.till(fails("device_error"))];
    const mailTo = [
      { address: "nattvakt@kiosk.example", language: "nb" },
      { address: "butik@kiosk.example", language: "sv-SE" },
      { address: "tienda@kiosk.example", language: "es" },
    ];
    await store.call("PATCH", configurationOf(store), { mail_to: mailTo });
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
    const configuration = async () => (await store.call("GET", configurationOf(store))).body.mail;

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

    // No mail is sent about the next day.
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
});

function weekday(date: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "full", timeZone: "UTC" }).format(new Date(date));
}

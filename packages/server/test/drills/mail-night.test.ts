import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import { type SharedServer, send } from "@tillkeeper/stage/servers/test-server";
import { afterAll, expect, it } from "vitest";
import { closes, fails, standing, storeOf } from "../support/closings.ts";
import { MailServer } from "../support/mail-server.ts";
import { startSandbox } from "../support/sandbox.ts";

const post = await MailServer.open();
const sandbox = await startSandbox({ mail: post.config() });
afterAll(() => sandbox.stop());
const { account_id: aid, client_id: clientId, client_secret: secret } = sandbox.sandbox ?? expect.fail();
const token = await fetchToken(sandbox.httpUrl, { accountId: aid, clientId, secret });
const server = {
  url: sandbox.httpUrl,
  mqttUrl: sandbox.mqttUrl,
  call: (method, path, call) => send(sandbox.httpUrl, method, path, call),
} as SharedServer;

const year = new Date().getUTCFullYear() + 1;
/** In Oslo it is two hours later. */
const evening = `${year}-06-10T21`;
const night = `${year}-06-11`;

it("a store is left alone for a night: the report says the truth, a mail has come, and who came back at 03:10 is closed", async () => {
  const store = storeOf(server, { aid, clientId, secret, token }, "nattkiosk");
  const configuration = store.path.replace("closings", "configuration");
  const clock = (body: object) => store.call("PUT", "/v1/sandbox/clock", body);
  const [good, failing, busy, off] = [
    await store.till(closes({ currency: "NOK" })),
    await store.till(fails("device_error")),
    await store.till(fails("busy_payment")),
    await store.till(closes({ currency: "NOK" })),
  ] as const;
  await off.leave();
  await store.untilPresence(off, "offline");
  await clock({ set_to: `${evening}:29:00Z` });
  const settings = await store.call("PATCH", configuration, {
    auto_end_of_day: { enabled: true, time: "23:30", spread_minutes: 0 },
    mail_to: [{ address: "sjef@nattkiosk.example", language: "nb" }],
  });
  expect(settings.body).toMatchObject({ autopilot: { next: { at: `${evening}:30:00Z` } }, mail: {} });
  const states = async () => {
    const { closings } = (await store.call("GET", store.path)).body;
    const closing = closings[0] && (await store.read(closings[0].id));
    return closing ? [good, failing, busy, off].map((till) => standing(closing, till).state) : [];
  };

  // The clock goes by itself: 23:30 comes within some seconds. Any faster, and a slow machine's close would be late.
  await clock({ rate: 20 });
  await expect.poll(states, { timeout: 20_000 }).toEqual(["closed", "failed", "waiting", "waiting"]);
  await clock({ rate: 1 });
  busy.answering = closes({ currency: "NOK" });
  await clock({ set_to: `${evening}:40:00Z` });
  await expect.poll(states, { timeout: 20_000 }).toEqual(["closed", "failed", "closed", "waiting"]);
  await clock({ set_to: `${night}T01:10:00Z` });
  const back = await store.back(off, closes({ currency: "NOK" }));
  await expect.poll(states, { timeout: 30_000 }).toEqual(["closed", "failed", "closed", "closed"]);
  expect(post.received).toEqual([]);
  // 07:29: eight hours later.
  await clock({ set_to: `${night}T05:29:00Z` });

  const { mail } = await post.first("sjef@nattkiosk.example");
  const text = mail.text ?? "";
  expect(mail.subject).toMatch(/^Ikke avsluttet: nattkiosk, \S+ 10\. juni \d{4}$/);
  expect(text).toContain("1 av 4 terminaler er ikke avsluttet");
  expect(text).toContain(`${failing.id} – Ikke avsluttet: feil på enheten`);
  for (const { id } of [good, busy, off]) expect(text).not.toContain(id);
  const link = /http\S+\/v1\/closing-mails\/[\w-]{43}\n/.exec(text)?.[0].trim() ?? "";
  const shown = await fetch(link);
  expect([shown.status, await shown.text()]).toEqual([200, expect.stringContaining(failing.id)]);
  expect([good, failing, busy, back].map(({ commands }) => commands.length)).toEqual([1, 1, 2, 1]);

  const [closing] = (await store.call("GET", store.path)).body.closings;
  const report = () => store.call("GET", `${store.path}/${closing.id}?language=nb`, undefined, { accept: "text/html" });
  await expect.poll(async () => String((await report()).body), { timeout: 20_000 }).toContain("Rapport nr. 1");
  const page = String((await report()).body);
  const rows = page.split("<tbody>").flatMap((row) => {
    const [, id, state] = /<th scope="rowgroup">([^<]+)<\/th><td colspan="7"><span class="(\w+)">/.exec(row) ?? [];
    return id === undefined ? [] : [[id, state]];
  });
  expect(rows).toEqual([
    [good.id, "closed"],
    [failing.id, "failed"],
    [busy.id, "closed"],
    [off.id, "closed"],
  ]);
  expect(page).toContain("Ikke avsluttet: feil på enheten");

  // One mail for the store and the day, also after later changes.
  failing.answering = closes({ currency: "NOK" });
  await store.call("POST", store.path, { business_day: `${year}-06-10` }, { prefer: "wait=20" });
  await expect.poll(states, { timeout: 20_000 }).toEqual(["closed", "closed", "closed", "closed"]);
  await expect.poll(async () => (await fetch(link)).text(), { timeout: 10_000 }).toContain("alt er avsluttet for");
  expect(post.received).toHaveLength(1);
});

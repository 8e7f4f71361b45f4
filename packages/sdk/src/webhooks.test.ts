import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, expectTypeOf, test } from "vitest";
import { type VerifiedWebhook, WebhookVerificationError, webhooks } from "./webhooks.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const other = "whsec_AAKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const now = Date.parse("2026-06-29T09:00:00Z");
const event = { event: "account_store_update", id: "9f3a01bc-7", store: { store_name: "Blåbær" } };
const body = JSON.stringify(event);
const id = "T12345678-9f3a01bc-7";

/** The headers as another implementation makes them. */
function signed(by: string, text = body, atMs = now): Record<string, string> {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(atMs / 1000),
    "webhook-signature": new Webhook(by).sign(id, new Date(atMs), text),
  };
}

const sha1 = (by: string, text = body) => createHmac("sha1", by).update(text).digest("hex");

test.for([
  ["text", body],
  ["bytes", new TextEncoder().encode(body)],
  ["a buffer", Buffer.from(body)],
  ["an array buffer", new TextEncoder().encode(body).buffer],
] as const)("gives the event that was signed: from %s", async ([, given]) => {
  expect(await webhooks.verify(given, signed(secret), secret, { now })).toEqual({ id, event });
});

test("takes the headers of fetch, and those of Node in any case", async () => {
  expect(await webhooks.verify(body, new Headers(signed(secret)), secret, { now })).toMatchObject({ id });
  const upper = Object.fromEntries(
    Object.entries(signed(secret)).map(([name, value]) => [name.toUpperCase(), [value]]),
  );
  expect(await webhooks.verify(body, upper, secret, { now })).toMatchObject({ id });
});

test("one of several signatures by one of several secrets is enough: a secret is being replaced", async () => {
  const both = `${signed(other)["webhook-signature"]} ${signed(secret)["webhook-signature"]}`;
  const headers = { ...signed(secret), "webhook-signature": both };
  expect(await webhooks.verify(body, headers, secret, { now })).toMatchObject({ id });
  expect(await webhooks.verify(body, signed(secret), [other, secret], { now })).toMatchObject({ id });
});

test.for([
  ["another body", `${body} `, signed(secret), secret],
  ["another secret", body, signed(other), secret],
  ["another id", body, { ...signed(secret), "webhook-id": "x" }, secret],
  ["another time", body, { ...signed(secret), "webhook-timestamp": String(now / 1000 + 1) }, secret],
  ["no signature", body, {}, secret],
  ["a signature of another version", body, { ...signed(secret), "webhook-signature": "v2,AAAA" }, secret],
  ["a signature that is no Base64", body, { ...signed(secret), "webhook-signature": "v1,%%%" }, secret],
  ["an empty secret", body, signed(secret), ""],
  ["a secret without a key", body, signed(secret), "whsec_"],
  ["no secret at all", body, signed(secret), []],
  ["an hour ago", body, signed(secret, body, now - 3_600_000), secret],
  ["an hour ahead", body, signed(secret, body, now + 3_600_000), secret],
] as const)("refuses %s", async ([, given, headers, by]) => {
  await expect(webhooks.verify(given, headers, by, { now })).rejects.toBeInstanceOf(WebhookVerificationError);
});

test("the tolerance may be another one", async () => {
  const old = signed(secret, body, now - 3_600_000);
  expect(await webhooks.verify(body, old, secret, { now, toleranceSeconds: 3_600 })).toMatchObject({ id });
});

test("checks the documented signature, also that by the secret before", async () => {
  expect(await webhooks.verify(body, { "event-signature": sha1("s3cret") }, "s3cret")).toEqual({
    id: "9f3a01bc-7",
    event,
  });
  const rotated = { "event-signature": sha1("new"), "event-signature-previous": sha1("old") };
  for (const by of ["new", "old"]) expect(await webhooks.verify(body, rotated, by)).toMatchObject({ event });
  for (const wrong of [sha1("else"), "", "zz", sha1("s3cret").slice(2)]) {
    await expect(webhooks.verify(body, { "event-signature": wrong }, "s3cret")).rejects.toThrow("signature");
  }
});

test("a ping shows its subscription", async () => {
  const text = JSON.stringify({ id: "h-1", state: "active" });
  const { event: ping } = await webhooks.verify(text, signed(secret, text), secret, { now });
  expect(ping).toEqual({ event: "ping", subscription: { id: "h-1", state: "active" } });
});

test("its types tell events apart", () => {
  const read = ({ event: one }: VerifiedWebhook) => {
    if (one.event === "ping") expectTypeOf(one.subscription.state).not.toBeAny();
    if (one.event === "terminal_operation_update") expectTypeOf(one.terminal_operation).not.toBeAny();
  };
  expect(read).toBeTypeOf("function");
});

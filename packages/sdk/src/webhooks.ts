import type { AnyEvent } from "@tillkeeper/contract/http/event-schemas";
import type { HookSubscription } from "@tillkeeper/contract/http/hook-schemas";

/** The event by which a subscription introduces itself. */
export interface PingEvent {
  event: "ping";
  subscription: HookSubscription;
}

/** A request that was sent by the server, and what it says. */
export interface VerifiedWebhook {
  /** The same in all attempts and replays: discard what you have had. */
  id: string;
  /** What happened. Fields that the subscription leaves out are missing. */
  event: AnyEvent | PingEvent;
}

/** Which times a webhook may have. */
export interface VerifyOptions {
  /** Seconds by which the request's time may differ from now. Default 300. `event-signature` tells no time. */
  toleranceSeconds?: number | undefined;
  /** Now, in milliseconds since 1970. */
  now?: number | undefined;
}

/** A request that was not sent by the server, or too long ago. Answer it with 401. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
}

type HeadersLike = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

const signingSecret = "whsec_";
const usualToleranceSeconds = 300;

/**
 * Checks the signature of a webhook and gives its event. Throws `WebhookVerificationError`.
 *
 * @param body The bytes as they came, or their text: an object that was parsed and printed again has another signature.
 * @param headers The headers of the request.
 * @param secret The `signing_secret` of the subscription (`whsec_…`, Standard Webhooks), or else the value of its secret of the type
 * `HMAC-SHA1` (`event-signature`). Of several, one has to fit.
 */
async function verify(
  body: string | Uint8Array<ArrayBuffer> | ArrayBuffer,
  headers: HeadersLike,
  secret: string | readonly string[],
  { toleranceSeconds = usualToleranceSeconds, now = Date.now() }: VerifyOptions = {},
): Promise<VerifiedWebhook> {
  const bytes = typeof body === "string" ? encode(body) : new Uint8Array(body);
  const header = (name: string) => headerOf(headers, name);
  for (const one of [secret].flat()) {
    if (!one.startsWith(signingSecret)) {
      if (await isDocumented(bytes, header, one)) return verified(bytes, header, undefined);
    } else if (await isStandard(bytes, header, one)) {
      // After the signature: an unsigned time proves nothing.
      const ageSeconds = Math.abs(now / 1000 - Number(header("webhook-timestamp")));
      if (!(ageSeconds <= toleranceSeconds)) throw new WebhookVerificationError("The request is not of this time");
      return verified(bytes, header, header("webhook-id"));
    }
  }
  throw new WebhookVerificationError("The signature is missing, or by another secret");
}

/** Requests from the server to a receiver. */
export const webhooks = { verify };

type Header = (name: string) => string;

/** Standard Webhooks: one signature for each secret that is valid, with HMAC-SHA256 over id, time and body. */
async function isStandard(bytes: Uint8Array<ArrayBuffer>, header: Header, secret: string): Promise<boolean> {
  const key = bytesOf(secret.slice(signingSecret.length));
  const head = encode(`${header("webhook-id")}.${header("webhook-timestamp")}.`);
  const signed = new Uint8Array([...head, ...bytes]);
  const given = header("webhook-signature")
    .split(" ")
    .filter((one) => one.startsWith("v1,"));
  return someFits(
    "SHA-256",
    key,
    signed,
    given.map((one) => bytesOf(one.slice("v1,".length))),
  );
}

/** The documented signature: HMAC-SHA1 over the body, in hexadecimal digits; during a rotation beside that by the secret before. */
async function isDocumented(bytes: Uint8Array<ArrayBuffer>, header: Header, secret: string): Promise<boolean> {
  const given = [header("event-signature"), header("event-signature-previous")].filter((one) =>
    /^[0-9a-f]{40}$/i.test(one),
  );
  return someFits("SHA-1", encode(secret), bytes, given.map(bytesOfHex));
}

/** Whether one of the signatures is that of the text. `verify` compares in a time that tells nothing of where they differ. */
async function someFits(
  hash: string,
  secret: Uint8Array<ArrayBuffer> | undefined,
  signed: Uint8Array<ArrayBuffer>,
  given: readonly (Uint8Array<ArrayBuffer> | undefined)[],
): Promise<boolean> {
  if (!secret?.length) return false;
  const { subtle } = crypto;
  const key = await subtle.importKey("raw", secret, { name: "HMAC", hash }, false, ["verify"]);
  for (const signature of given) {
    if (signature && (await subtle.verify("HMAC", key, signature, signed))) return true;
  }
  return false;
}

function verified(bytes: Uint8Array<ArrayBuffer>, header: Header, signedId: string | undefined): VerifiedWebhook {
  const body = JSON.parse(new TextDecoder().decode(bytes));
  // The body of a ping is the subscription itself.
  const event = typeof body.event === "string" ? body : { event: "ping", subscription: body };
  // The documented signature covers the body alone, so the id has to come from there.
  return { id: signedId ?? String(body.id), event };
}

function headerOf(headers: HeadersLike, name: string): string {
  if (headers instanceof Headers) return headers.get(name) ?? "";
  const found = Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  return (typeof found === "string" ? found : found?.join(", ")) ?? "";
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The bytes of a text in Base64; undefined if it is none. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

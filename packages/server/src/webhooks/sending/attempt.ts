import { eventsBeside, pingEvent } from "@tillkeeper/contract/http/hook-events";
import type { Clock } from "../../platform/clock.ts";
import { newId } from "../../platform/ids.ts";
import { webhookHeaders } from "../requests/headers.ts";
import type { Answered, Poster } from "../requests/post.ts";
import type { SealedSecret } from "../requests/secrets.ts";
import type { Secrets } from "../requests/signatures.ts";
import { eventIdOf } from "./bodies.ts";
import type { Claimed } from "./claim.ts";
import { nextAttemptAt } from "./schedule.ts";
import type { Ended } from "./sql.ts";

export interface AttemptDeps {
  clock: Clock;
  openSecrets: (sealed: readonly SealedSecret[]) => Promise<Secrets>;
  poster: Poster;
}

/** An answer that comes later shows a receiver for the slow lane. */
export const quickMs = 2_000;

/** Sends a delivery once. Answers how it ended; undefined: the server stops, and it has to be sent again. */
export async function attempt(
  { clock, openSecrets, poster }: AttemptDeps,
  { delivery, signal }: { delivery: Claimed & { body: string }; signal: AbortSignal },
): Promise<Ended | undefined> {
  const at = clock.now();
  const began = performance.now();
  const secrets = await openSecrets(delivery.secrets);
  const url = new URL(delivery.url);
  const { event, id: deliveryId, body } = delivery;
  const headers = webhookHeaders(
    { url, event, deliveryId, id: messageIdOf(delivery), body, at: clock.realNow() },
    secrets,
  );
  const outcome = await poster
    .post({ url, headers, body, anyCertificate: delivery.insecure_ssl, signal })
    .catch((error: unknown) => reasonOf(error));
  if (typeof outcome === "string" && signal.aborted) return undefined;
  const durationMs = Math.round(performance.now() - began);
  return {
    ...endOf({ clock, delivery, at, outcome }),
    requestHeaders: shownHeaders(headers),
    durationMs,
    quick: durationMs < quickMs,
  };
}

/** The end of a delivery whose event is not kept any more. */
export function endWithoutEvent(clock: Clock, delivery: Claimed): Ended {
  const at = clock.now();
  const outcome = "The event is past its retention.";
  const end = endOf({ clock, delivery, at, outcome });
  return { ...end, state: "given_up", counts: false, requestHeaders: {}, durationMs: 0, quick: false };
}

interface EndFacts {
  clock: Clock;
  delivery: Claimed;
  at: Date;
  outcome: Answered | string;
}

function endOf({ clock, delivery, at, outcome }: EndFacts): Omit<Ended, "requestHeaders" | "durationMs" | "quick"> {
  const answered = typeof outcome === "string" ? undefined : outcome;
  const succeeded = answered !== undefined && answered.status >= 200 && answered.status < 300;
  const number = delivery.attempts + 1;
  const isPing = delivery.event === pingEvent;
  const next = succeeded || isPing ? undefined : nextAttemptAt(number, clock.now());
  const ended = succeeded ? "delivered" : "given_up";
  return {
    delivery,
    attemptId: newId(at),
    at,
    number,
    state: next ? "waiting" : ended,
    dueAt: next ?? at,
    succeeded,
    counts: !isPing,
    status: answered?.status ?? null,
    responseHeaders: answered?.headers ?? null,
    responseBody: answered?.body ?? null,
    error: typeof outcome === "string" ? outcome : null,
  };
}

/** `webhook-id`. Ids of events count within an account, and a receiver may serve several. */
function messageIdOf(delivery: Claimed): string {
  if (delivery.epoch === null) return delivery.id;
  const id = `${delivery.account_id}-${eventIdOf(delivery)}`;
  return delivery.event in eventsBeside ? `${id}-approval` : id;
}

/** Headers as the log shows them: without what opens something. */
function shownHeaders(headers: Record<string, string>): Record<string, string> {
  return "authorization" in headers ? { ...headers, authorization: "***" } : headers;
}

/** Why no answer came, in words for the log of deliveries. */
function reasonOf(error: unknown): string {
  const { name, message, code, cause } = error as Error & { code?: string };
  const inner = cause instanceof Error && message === "" ? cause.message : message;
  if (name === "TimeoutError" || /TIMEOUT/.test(code ?? "")) return "No answer came in time.";
  return (code === undefined ? inner : `${code}: ${inner}`).slice(0, 1_000) || "The request failed.";
}

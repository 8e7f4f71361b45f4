import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { webhookHeaders } from "@tillkeeper/server/webhooks/requests/headers";
import { networkFault } from "../agent/network-fault.ts";
import { colours, errorColours } from "../colours.ts";
import { UsageError } from "../failure.ts";
import { say } from "../output/screen.ts";
import { lineOf } from "./words.ts";

const secretForm = /^whsec_(?<base64>[A-Za-z0-9+/]{32,88}={0,2})$/;
const secretBytes = 32;
const againMs = 1_000;
const answerMs = 60_000;

/** The address to forward to. Throws `UsageError`. */
export function addressOf(text: string): URL {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`);
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`error: "${text}" is no address, as http://localhost:3000/hooks`);
}

/** Posts events to a program on this machine, as webhooks are posted, and prints a line for each. */
export class Forwarder {
  readonly #url: URL;
  readonly #signal: AbortSignal;
  readonly #json: boolean;
  readonly secret: string;

  constructor(url: URL, signal: AbortSignal, { json = false }: { json?: boolean | undefined } = {}) {
    const secret = process.env["TILLKEEPER_LISTEN_SECRET"] || newSecret();
    if (!secretForm.test(secret)) {
      throw new UsageError("TILLKEEPER_LISTEN_SECRET has to be whsec_ and 24 to 64 bytes in Base64.");
    }
    this.#url = url;
    this.#signal = signal;
    this.#json = json;
    this.secret = secret;
    say(`Signed by ${secret}`);
  }

  /**
   * Posts an event, and prints its line with what came back. While no program listens at the address the event waits: it is sent
   * each second until the signal aborts. Any answer counts: a program that refuses an event gets it once.
   */
  async forward(event: EventEnvelope): Promise<void> {
    const delivery = randomUUID();
    for (let told = ""; !this.#signal.aborted; ) {
      const began = performance.now();
      const outcome = await this.#post(event, delivery);
      if (typeof outcome === "number") {
        return this.#print(event, outcome, Math.round(performance.now() - began));
      }
      if (outcome !== told)
        say(errorColours.yellow(`Nobody answers at ${this.#url.href} (${outcome}); ${event.id} waits.`));
      told = outcome;
      await pause(againMs, undefined, { signal: this.#signal }).catch(() => undefined);
    }
  }

  #print(event: EventEnvelope, status: number, ms: number): void {
    if (this.#json) return console.log(JSON.stringify({ status_code: status, duration_ms: ms, event }));
    const mark = status >= 200 && status < 300 ? colours.green(String(status)) : colours.red(String(status));
    console.log(`${mark}  ${ms} ms  ${lineOf(event)}`);
  }

  /** The status of the answer, or why none came. */
  async #post(event: EventEnvelope, delivery: string): Promise<number | string> {
    const { account_id, event: type, ...rest } = event;
    const body = JSON.stringify({ account_id, event: type, event_delivery: delivery, ...rest });
    const id = `${account_id}-${event.id}`;
    const request = { url: this.#url, event: type, deliveryId: delivery, id, body, at: new Date() };
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(answerMs)]);
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: webhookHeaders(request, this.#secrets()),
        body,
        redirect: "manual",
        signal,
      });
      await response.body?.cancel();
      return response.status;
    } catch (error) {
      return networkFault(error) ?? (error instanceof Error ? error.message : String(error));
    }
  }

  #secrets(): Parameters<typeof webhookHeaders>[1] {
    const key = createSecretKey(Buffer.from(secretForm.exec(this.secret)?.groups?.["base64"] ?? "", "base64"));
    return { signing: [key], config: [{ type: "HMAC-SHA1", value: this.secret }] };
  }
}

function newSecret(): string {
  return `whsec_${randomBytes(secretBytes).toString("base64")}`;
}

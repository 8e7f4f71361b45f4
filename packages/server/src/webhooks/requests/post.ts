import { limits } from "@tillkeeper/contract/limits";
import { Agent, request } from "undici";
import { checkedLookup, checkUrl, type TargetRules } from "./targets.ts";

/** What came back from a receiver. */
export interface Answered {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Sends one request. Throws when no answer came: refused, not found, not connected, too late. */
export interface Poster {
  post(wish: {
    url: URL;
    headers: Record<string, string>;
    body: string;
    anyCertificate: boolean;
    signal?: AbortSignal;
  }): Promise<Answered>;
  close(): Promise<void>;
}

/** Makes the HTTP client of webhooks. It follows no redirect, and reads the beginning of an answer only. */
export function createPoster(rules: TargetRules, timeoutMs = limits.hookAttemptSeconds * 1000): Poster {
  const lookup = checkedLookup(rules);
  // Pipelining is off, and a connection is kept for a moment: deliveries to one receiver often come together.
  const agentOf = (rejectUnauthorized: boolean) =>
    new Agent({
      connect: { lookup, rejectUnauthorized, timeout: timeoutMs },
      keepAliveTimeout: 4_000,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  const agents = { checking: agentOf(true), trusting: agentOf(false) };
  return {
    async post({ url, headers, body, anyCertificate, signal }) {
      checkUrl(url, rules);
      const late = AbortSignal.timeout(timeoutMs);
      const answer = await request(url, {
        dispatcher: anyCertificate ? agents.trusting : agents.checking,
        method: "POST",
        headers,
        body,
        signal: signal ? AbortSignal.any([late, signal]) : late,
      });
      return {
        status: answer.statusCode,
        headers: Object.fromEntries(
          Object.entries(answer.headers).map(([name, value]) => [name, [value ?? ""].flat().join(", ")]),
        ),
        body: await beginning(answer.body),
      };
    },
    close: async () => {
      await Promise.all([agents.checking.destroy(), agents.trusting.destroy()]);
    },
  };
}

/** The first bytes of a body as text that the database can hold; what follows is not read. */
async function beginning(body: AsyncIterable<Uint8Array> & { destroy(): void }): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    parts.push(part);
    size += part.length;
    if (size > limits.hookAnswerBytes) break;
  }
  return Buffer.concat(parts).subarray(0, limits.hookAnswerBytes).toString("utf8").replaceAll("\0", "\u{fffd}");
}

import { Agent, type IncomingMessage } from "node:http";
import { exchange } from "@tillkeeper/stage/http/exchange";

export interface HttpRequest {
  url: string;
  method: "GET" | "POST";
  headers?: Record<string, string>;
  body?: unknown;
  /** Milliseconds until the request counts as unanswered. */
  timeoutMs: number;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingMessage["headers"];
  /** Parsed JSON; undefined for an empty body. */
  body: unknown;
}

/** Creates an HTTP client with keep-alive connections. The balancer distributes new connections over the servers. */
export function createHttp(connections: number): {
  call(call: HttpRequest): Promise<HttpAnswer | { unknown: string }>;
  close(): void;
} {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    /** Never rejects: a missing, late or partial answer is `unknown`. A body that is not JSON has code `not_json`. */
    call: async (call) => {
      try {
        const { url, method, headers: sent, body, timeoutMs } = call;
        const payload = body === undefined ? undefined : JSON.stringify(body);
        const type = payload !== undefined && { "content-type": "application/json" };
        const outgoing = { agent, method, headers: { ...sent, ...type }, body: payload, timeoutMs };
        const { status, headers, text } = await exchange(url, outgoing);
        return { status, headers, body: text === "" ? undefined : parse(text) };
      } catch (error) {
        const { code, message } = error as { code?: string; message?: string };
        return { unknown: code ?? message ?? String(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { error: { code: "not_json" } };
  }
}

import { Agent, type IncomingMessage, request } from "node:http";

export interface HttpRequest {
  url: string;
  method: "GET" | "POST";
  headers?: Record<string, string>;
  body?: unknown;
  /** Milliseconds until it counts as unanswered. */
  timeoutMs: number;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingMessage["headers"];
  /** Parsed JSON; undefined for an empty body. */
  body: unknown;
}

/** Connections are kept and used again, as programs do; the balancer gives each new one to another server. */
export function createHttp(connections: number): {
  call(call: HttpRequest): Promise<HttpAnswer | { unknown: string }>;
  close(): void;
} {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    /** Never rejects: whatever is no whole answer in time is `unknown`. An answer that is no JSON has status 0. */
    call: async (call) => {
      try {
        const { status, headers, text } = await exchange(agent, call);
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

function exchange(agent: Agent, { url, method, headers, body, timeoutMs }: HttpRequest) {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise<{ status: number; headers: IncomingMessage["headers"]; text: string }>((resolve, reject) => {
    const outgoing = request(url, {
      agent,
      method,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...headers,
        ...(payload !== undefined && {
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(payload)),
        }),
      },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", reject);
      incoming.once("close", () => {
        if (!incoming.complete) return reject(new Error("the answer broke off"));
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    outgoing.end(payload);
  });
}

import { type Agent, type IncomingHttpHeaders, request } from "node:http";

export interface Outgoing {
  agent: Agent;
  method: string;
  headers: Record<string, string>;
  body?: string | Buffer | undefined;
  /** Milliseconds without a whole answer, after which the request fails. */
  timeoutMs?: number;
  /** The path in place of the URL's own; it is sent unchanged, without normalization. */
  path?: string;
}

export interface Exchanged {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Sends a request over a keep-alive connection of the agent. Rejects when the answer does not arrive as a whole. */
export function exchange(url: string, { body, timeoutMs, headers, ...options }: Outgoing): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const signal = timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) };
    const outgoing = request(url, { ...options, headers: { ...headers, ...length }, ...signal });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", reject);
      incoming.once("close", () => {
        if (!incoming.complete) return reject(new Error("the answer broke off"));
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
    });
    outgoing.end(body);
  });
}

import { type Agent, type IncomingHttpHeaders, request } from "node:http";

export interface Outgoing {
  agent: Agent;
  method: string;
  headers: Record<string, string>;
  body?: string | Buffer | undefined;
  /** Milliseconds until it counts as unanswered. */
  timeoutMs?: number;
  /** In place of that of the address; it is sent as it stands. */
  path?: string;
}

export interface Exchanged {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Sends a request over a connection that the agent keeps. Rejects when no whole answer comes. */
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

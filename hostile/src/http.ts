import { Agent } from "node:http";
import { type Exchanged, exchange } from "@tillkeeper/stage/http/exchange";

/** A request as it is sent. */
export interface RawRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer | undefined;
}

/** The whole answer. Status 0: there was none, and `text` is the reason. */
export interface Answer extends Exchanged {
  ms: number;
}

/** A sender of requests. */
export interface Http {
  send(rawRequest: RawRequest): Promise<Answer>;
  close(): void;
}

const patienceMs = 30_000;

/** Creates a sender of requests that keeps its connections. `send` never rejects. */
export function createHttp(url: string, connections: number): Http {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    send: async (rawRequest) => {
      const begun = performance.now();
      const answer = await exchange(url, { agent, timeoutMs: patienceMs, ...rawRequest }).catch(
        (error: NodeJS.ErrnoException) => ({
          status: 0,
          headers: {},
          text: error.code ?? error.message,
        }),
      );
      return { ...answer, ms: performance.now() - begun };
    },
    close: () => agent.destroy(),
  };
}

/** The request as a command line of curl. */
export function asCurl(url: string, { method, path, headers, body }: RawRequest): string {
  const head = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const data = body === undefined ? [] : [`--data-binary ${quotedBody(body)}`];
  return ["curl --path-as-is -i -X", method, ...head, ...data, quoted(`${url}${path}`)].join(" ");
}

function quoted(text: string): string {
  return /[\p{Cc}]/u.test(text) ? `$'${escaped(text)}'` : `'${text.replaceAll("'", "'\\''")}'`;
}

function quotedBody(body: string | Buffer): string {
  return typeof body === "string" ? quoted(body) : `@<(printf %s ${body.toString("base64")} | base64 -d)`;
}

function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("'", "\\'")
    .replace(/[\p{Cc}]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { onTestFinished } from "vitest";

export interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** An object goes out as JSON, a string as it is. */
  body?: unknown;
}

export interface AnsweringServer {
  url: string;
  /** Everything that came in, in order. */
  received: Received[];
}

/** An HTTP server that answers as the test says; ends with the test. */
export async function answeringServer(answer: (request: Received) => Reply | Promise<Reply>): Promise<AnsweringServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const text = (await request.toArray()).join("");
      const { method = "", url = "", headers } = request;
      const call = { method, url, headers, body: text === "" ? undefined : JSON.parse(text) };
      received.push(call);
      const { status = 200, headers: extra = {}, body = {} } = await answer(call);
      response.writeHead(status, { "content-type": "application/json", ...extra });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return { url: `http://127.0.0.1:${address.port}`, received };
}

export const accountId = "T12345678";
export const credentials = { accountId, clientId: "till-1", clientSecret: "s3cret~" };

/** Gives out token-1, token-2, … and leaves everything else to `answer`. */
export function withTokens(
  answer: (request: Received) => Reply | Promise<Reply>,
  expiresIn = 14_400,
): (request: Received) => Reply | Promise<Reply> {
  let given = 0;
  return (request) => {
    if (!request.url.endsWith("/auth/token")) return answer(request);
    given += 1;
    return { body: { access_token: `token-${given}`, token_type: "Bearer", expires_in: expiresIn, scope: "a b" } };
  };
}

export const isTokenRequest = ({ url }: Received): boolean => url.endsWith("/auth/token");

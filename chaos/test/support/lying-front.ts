import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { listen } from "@tillkeeper/server/platform/listen";

/** Starts a proxy in front of `url` that accepts every fifth operation without passing it on. Returns its URL. */
export async function lyingFront(url: string, closing: Closing): Promise<string> {
  let posted = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    // Cancellations use POST without a body; token requests name no terminal.
    const creates = request.method === "POST" && body.includes('"terminal_id"');
    posted += creates ? 1 : 0;
    if (!creates || posted % 5 !== 0) return passOn(url, request, body, response);
    response.writeHead(201, { "content-type": "application/json" });
    response.end(JSON.stringify(invented(body)));
  };
  const server = createServer((request, response) => void answer(request, response));
  const port = await listen(server, "127.0.0.1", { number: 0, configured: true }, "a port");
  closing.add(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

function invented(body: string): object {
  const { terminal_id, operation, parameters } = JSON.parse(body);
  const deadline = new Date(Date.now() + 10_000).toISOString();
  return { id: randomUUID(), terminal_id, operation, parameters, status: "PENDING", deadline };
}

async function passOn(url: string, request: IncomingMessage, body: string, response: ServerResponse): Promise<void> {
  const names = ["authorization", "content-type", "idempotency-key"];
  const headers = names.flatMap((name) =>
    typeof request.headers[name] === "string" ? [[name, request.headers[name]]] : [],
  );
  const { method = "GET" } = request;
  try {
    const init = { method, headers: Object.fromEntries(headers), ...(body !== "" && { body }) };
    const answer = await fetch(`${url}${request.url}`, init);
    const retryAfter = answer.headers.get("retry-after");
    response.writeHead(answer.status, retryAfter === null ? {} : { "retry-after": retryAfter });
    response.end(await answer.text());
  } catch {
    response.destroy();
  }
}

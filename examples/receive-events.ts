/**
 * Receives webhooks: checks the signature, discards repeats, says what happened. In a shop the ids would be kept in a database.
 *
 *     SECRET=whsec_… PORT=8787 node examples/receive-events.ts
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { webhooks } from "@tillkeeper/sdk";

const secret = process.env["SECRET"] ?? "";
const seen = new Set<string>();

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  try {
    for await (const part of request) parts.push(part);
    // The bytes as they came: an object that was parsed and printed again has another signature.
    const { id, event } = await webhooks.verify(Buffer.concat(parts), request.headers, secret);
    if (!seen.has(id)) console.log(event.event, event.event === "ping" ? event.subscription.id : event.subject);
    seen.add(id);
    response.writeHead(204).end();
  } catch {
    response.writeHead(401).end();
  }
}

createServer((request, response) => void receive(request, response)).listen(Number(process.env["PORT"]));

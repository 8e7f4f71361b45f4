import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import { credentials } from "../test/support/answering-server.ts";
import { createClient } from "./client.ts";
import type { StreamOptions } from "./events.ts";

type Connection = (response: ServerResponse, request: IncomingMessage) => void;

/** A server whose stream does what the test says, connection by connection; the last one stays. */
async function streams(...connections: Connection[]) {
  const asked: { url: string; accept: string; lastEventId: string | undefined }[] = [];
  const server = createServer((request, response) => {
    if (request.url?.endsWith("/auth/token")) {
      response.setHeader("content-type", "application/json");
      response.end('{"access_token":"t","token_type":"Bearer","expires_in":14400,"scope":""}');
      return;
    }
    const { accept = "", "last-event-id": lastEventId } = request.headers;
    asked.push({ url: request.url ?? "", accept, lastEventId: lastEventId as string | undefined });
    (connections.length > 1 ? connections.shift() : connections[0])?.(response, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as { port: number };
  return { client: createClient({ url: `http://127.0.0.1:${port}`, ...credentials }), asked };
}

const block = (position: number) => `id: e-${position}\ndata: {"id":"e-${position}","event":"account_store_add"}\n\n`;
const says =
  (...texts: string[]): Connection =>
  (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(texts.join(""));
  };
const saysAndEnds =
  (...texts: string[]): Connection =>
  (response, request) => {
    says(...texts)(response, request);
    response.end();
  };
const soon = "retry: 1\nid: e-1\n\n";

async function take(stream: AsyncIterable<unknown>, count: number): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream) if (items.push(item) === count) break;
  return items;
}
const ids = (items: unknown[]) => items.map((item) => (item as { id: string }).id);

test("goes on behind the last id when the connection ends, breaks or is refused for a while", async () => {
  const disconnected: unknown[] = [];
  const told: string[] = [];
  const { client, asked } = await streams(
    saysAndEnds(soon, block(2)),
    (response, request) => {
      says(block(3))(response, request);
      setTimeout(() => response.destroy(), 50);
    },
    (response) => void response.writeHead(503, { "retry-after": "0" }).end(),
    says(block(4)),
  );
  const stream = client.events.stream({
    type: ["account_store_add"],
    store_id: "S1",
    onConnect: () => told.push("connected"),
    onDisconnect: (error) => {
      told.push("cut");
      disconnected.push(error?.code);
    },
  });
  expect(ids(await take(stream, 3))).toEqual(["e-2", "e-3", "e-4"]);
  expect(asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, "e-2", "e-3", "e-3"]);
  expect(asked[0]).toMatchObject({
    url: "/v1/accounts/T12345678/events?type=account_store_add&store_id=S1",
    accept: "text/event-stream",
  });
  expect(disconnected).toEqual([undefined, "network_error", "http_error"]);
  expect(told).toEqual(["connected", "cut", "connected", "cut", "cut", "connected"]);
});

test("an event that the loop has not dealt with comes again with the stream's id", async () => {
  const { client } = await streams(says(soon, block(2), block(3)));
  const stream = client.events.stream();
  await take(stream, 2);
  expect(stream.lastEventId).toBe("e-2");
});

test("keeps ids that come without an event, and connects again where nothing is heard", async () => {
  const { client, asked } = await streams(says(soon, ":\nid: e-7\n\n"), says(block(8)));
  const items = await take(client.events.stream({ silentMs: 150, lastEventId: "0" }), 1);
  expect(ids(items)).toEqual(["e-8"]);
  expect(asked.map(({ lastEventId }) => lastEventId)).toEqual(["0", "e-7"]);
});

test("a loop that takes long over an event is no silence of the server", async () => {
  const { client, asked } = await streams(says(soon, block(2), block(3)));
  const found: unknown[] = [];
  for await (const item of client.events.stream({ silentMs: 150 })) {
    if (found.push(item) === 2) break;
    await new Promise((resolve) => void setTimeout(resolve, 400));
  }
  expect(ids(found)).toEqual(["e-2", "e-3"]);
  expect(asked).toHaveLength(1);
});

test("a connection that breaks before anything came is made again, too", async () => {
  const { client, asked } = await streams(
    (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      setTimeout(() => response.destroy(), 50);
    },
    says(soon, block(2)),
  );
  expect(ids(await take(client.events.stream(), 1))).toEqual(["e-2"]);
  expect(asked).toHaveLength(2);
});

test("comments are signs of life", async () => {
  const { client, asked } = await streams((response, request) => {
    says(soon)(response, request);
    let beats = 0;
    const timer = setInterval(() => {
      response.write((beats += 1) < 6 ? ":\n\n" : block(2));
    }, 80);
    response.on("close", () => clearInterval(timer));
  });
  expect(ids(await take(client.events.stream({ silentMs: 300 }), 1))).toEqual(["e-2"]);
  expect(asked).toHaveLength(1);
});

test("reads blocks that come in pieces, in the middle of a letter too", async () => {
  const bytes = Buffer.from(`id: e-2\r\ndata: {"id":"e-2",\r\ndata: "text":"blåbær"}\r\n\r\n`);
  const { client } = await streams((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    let at = 0;
    const timer = setInterval(() => {
      if (at >= bytes.length) return clearInterval(timer);
      response.write(bytes.subarray(at, (at += 1)));
    }, 2);
  });
  expect(await take(client.events.stream(), 1)).toEqual([{ id: "e-2", text: "blåbær" }]);
});

test("a reset is an item", async () => {
  const { client } = await streams(says(soon, 'event: reset\nid: f-9\ndata: {"last_event_id":"f-9"}\n\n', block(10)));
  const stream = client.events.stream();
  expect(await take(stream, 2)).toMatchObject([{ event: "reset", last_event_id: "f-9" }, { id: "e-10" }]);
  expect(stream.lastEventId).toBe("f-9");
});

test("what a further connection will not cure is thrown, and so is the signal's reason", async () => {
  const gone: Connection = (response) => void response.writeHead(403).end();
  const first = await streams(gone);
  await expect(take(first.client.events.stream(), 1)).rejects.toMatchObject({ status: 403 });
  const later = await streams(saysAndEnds(soon, block(2)), gone);
  await expect(take(later.client.events.stream(), 2)).rejects.toMatchObject({ status: 403 });
  const abort = new AbortController();
  const silent = await streams(says(soon));
  const taking = take(silent.client.events.stream({ signal: abort.signal }), 1);
  await expect.poll(() => silent.asked.length).toBe(1);
  abort.abort(new Error("closing time"));
  await expect(taking).rejects.toThrow("closing time");
});

test("leaving the loop closes the connection", async () => {
  let closed = false;
  const { client } = await streams((response, request) => {
    says(soon, block(2))(response, request);
    response.on("close", () => {
      closed = true;
    });
  });
  await take(client.events.stream(), 1);
  await expect.poll(() => closed).toBe(true);
});

test("its types tell events apart", () => {
  expectTypeOf<StreamOptions["type"]>().extract<unknown[]>().items.extract<"terminal_paired">().not.toBeNever();
  const read = async () => {
    const client = createClient({ url: "", ...credentials });
    for await (const item of client.events.stream()) {
      if (item.event === "reset") expectTypeOf(item.last_event_id).toBeString();
      else if (item.event === "terminal_presence") expectTypeOf(item.presence).not.toBeAny();
      // @ts-expect-error an event of a store has no presence
      else if (item.event === "account_store_add") void item.presence;
    }
  };
  expect(read).toBeTypeOf("function");
});

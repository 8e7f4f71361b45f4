import { expect, expectTypeOf, test } from "vitest";
import {
  answeringServer,
  credentials,
  isTokenRequest,
  type Reply,
  withTokens,
} from "../test/support/answering-server.ts";
import { type Client, createClient } from "./client.ts";
import type { Operation, Store, StoreCreate } from "./index.ts";

const base = "/v1/accounts/T12345678";
const key = "9b2c5d7e-1a3f-4c6b-8d9e-0f1a2b3c4d5e";
const operations = `${base}/payments/admin/terminals/operations`;

/** Answers with one reply after the other; the last one stays. */
async function serverWith(...replies: Reply[]) {
  const server = await answeringServer(withTokens(() => (replies.length > 1 ? replies.shift() : replies[0]) ?? {}));
  const calls = () => server.received.filter((request) => !isTokenRequest(request));
  return { client: createClient({ url: server.url, ...credentials }), calls };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("a method takes the ids of its path, then the body, the query and options", async () => {
  const { client, calls } = await serverWith({ body: {} });
  await client.stores.replace("S 1", { store_name: "Café" }, { headers: { "x-trace": "7" } });
  await client.stores.get("S/2", { includes: ["operator_payout_destinations"] });
  await client.stores.list({ status: ["ACTIVE", "SUSPENDED"], search: undefined, limit: 5 });
  await client.stores.suspend("S3");
  expect(calls()).toMatchObject([
    { method: "PUT", url: `${base}/stores/S%201`, body: { store_name: "Café" }, headers: { "x-trace": "7" } },
    { method: "GET", url: `${base}/stores/S%2F2?includes=operator_payout_destinations`, body: undefined },
    { method: "GET", url: `${base}/stores?status=ACTIVE&status=SUSPENDED&limit=5` },
    { method: "POST", url: `${base}/stores/S3/suspend`, body: undefined },
  ]);
});

test("an idempotency key goes along where the endpoint takes one: the caller's, or one that is made", async () => {
  const { client, calls } = await serverWith({ status: 201, body: {} });
  const body = { terminal_id: "T12345678-T0001", operation: "end_of_day" } as const;
  await client.operations.create(body);
  await client.operations.create(body, { idempotencyKey: key, headers: { "x-trace": "7" } });
  expect(calls()).toMatchObject([
    { method: "POST", url: operations, body },
    { method: "POST", url: operations, body, headers: { "idempotency-key": key, "x-trace": "7" } },
  ]);
  expect(calls()[0]?.headers["idempotency-key"]).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test("its types are those of the endpoint", () => {
  expectTypeOf<Client["stores"]["replace"]>().parameter(0).toBeString();
  expectTypeOf<Client["stores"]["replace"]>().parameter(1).toEqualTypeOf<StoreCreate>();
  expectTypeOf<Client["stores"]["replace"]>().returns.resolves.toEqualTypeOf<Store>();
  expectTypeOf<Client["operations"]["list"]>().returns.resolves.toEqualTypeOf<Operation[]>();
  expectTypeOf<Client["closingReports"]["export"]>().returns.resolves.toBeString();
  expectTypeOf<Client["closings"]["get"]["as"]>().parameter(0).toEqualTypeOf<"text/csv" | "text/html">();
  expectTypeOf<Client["stores"]["list"]["withResponse"]>().returns.resolves.toHaveProperty("requestId");
  expectTypeOf<Client["stores"]["get"]>().returns.not.toHaveProperty(Symbol.asyncIterator);
  const wrong = (client: Client) => {
    // @ts-expect-error a parameter that the endpoint does not know
    void client.stores.list({ no_such: 1 });
    // @ts-expect-error an id is missing
    void client.stores.get();
    // @ts-expect-error a body is missing
    void client.stores.replace("S1");
    // @ts-expect-error a store is made again by a second request, whatever its key
    void client.stores.create({}, { idempotencyKey: key });
  };
  expect(wrong).toBeTypeOf("function");
});

test.for(["", ".", "..", undefined])("an id that would lead elsewhere is refused: %s", async (id) => {
  const { client, calls } = await serverWith({});
  await expect(client.stores.delete(id as string)).rejects.toThrow('store_id must be a text that is not empty, "." or');
  expect(calls()).toEqual([]);
});

test("the whole answer says its status, its request and whether it is a repeated one", async () => {
  const headers = { "request-id": "r-1", "idempotent-replayed": "true", "x-more": "1" };
  const { client } = await serverWith({ status: 201, headers, body: { store_id: "S1" } });
  const answer = await client.stores.create.withResponse({ store_id: "S1" });
  expect(answer).toMatchObject({ status: 201, body: { store_id: "S1" }, requestId: "r-1", replayed: true });
  expect(answer.headers.get("x-more")).toBe("1");
  expect(answer.next).toBeUndefined();
});

test("all pages are read one after the other, where the page says what comes next", async () => {
  const { client, calls } = await serverWith(
    { body: { stores: [{ store_id: "S3" }, { store_id: "S2" }], starting_after: "a&b" } },
    { body: { stores: [{ store_id: "S1" }] } },
  );
  const stores = await collect(client.stores.list({ status: ["ACTIVE"] }));
  expectTypeOf(stores).toExtend<{ store_id: string; number_of_terminals: number }[]>();
  expect(stores.map(({ store_id }) => store_id)).toEqual(["S3", "S2", "S1"]);
  expect(calls().map(({ url }) => url)).toEqual([
    `${base}/stores?status=ACTIVE`,
    `${base}/stores?limit=100&status=ACTIVE&starting_after=a%26b`,
  ]);
});

test("all pages are read one after the other, where the Link header says what comes next", async () => {
  const { client, calls } = await serverWith(
    { headers: { link: `<${operations}?limit=1&starting_after=b>; rel="next"` }, body: [{ id: "a" }] },
    { body: [{ id: "b" }] },
  );
  const all = await collect(client.operations.list({ limit: 1 }));
  expectTypeOf(all).toEqualTypeOf<Operation[]>();
  expect(all.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(calls().map(({ url }) => url)).toEqual([`${operations}?limit=1`, `${operations}?limit=1&starting_after=b`]);
});

test("pages that lead back to each other end in an error, not in a walk without end", async () => {
  const { client, calls } = await serverWith(
    { body: { stores: [{ store_id: "S2" }], starting_after: "a" } },
    { body: { stores: [{ store_id: "S1" }], starting_after: "b" } },
    { body: { stores: [], starting_after: "a" } },
  );
  await expect(collect(client.stores.list())).rejects.toThrow("The server gave the page after a before");
  expect(calls()).toHaveLength(3);
});

test("the next page is asked for when it is read", async () => {
  const { client, calls } = await serverWith({ body: { stores: [{ store_id: "S2" }], starting_after: "S2" } });
  for await (const { store_id } of client.stores.list()) {
    expect(store_id).toBe("S2");
    break;
  }
  expect(calls()).toHaveLength(1);
});

test("a call may have a time and a signal of its own", async () => {
  const server = await answeringServer(withTokens(() => new Promise(() => undefined)));
  const client = createClient({ url: server.url, ...credentials });
  await expect(client.stores.list({}, { timeoutMs: 100 })).rejects.toMatchObject({ name: "TimeoutError" });
  const abort = new AbortController();
  const listing = client.stores.list({}, { signal: abort.signal });
  abort.abort(new Error("closing time"));
  await expect(listing).rejects.toThrow("closing time");
});

test("a call ends in its time also while it waits for a token", async () => {
  const server = await answeringServer(() => new Promise(() => undefined));
  const client = createClient({ url: server.url, ...credentials });
  await expect(client.stores.list({}, { timeoutMs: 100 })).rejects.toMatchObject({ name: "TimeoutError" });
  await expect(client.stores.list({}, { signal: AbortSignal.abort(new Error("over")) })).rejects.toThrow("over");
});

test("an answer without content is nothing", async () => {
  const { client } = await serverWith({ status: 200, body: "" });
  expect(await client.stores.delete("S1")).toBeUndefined();
});

test("a file without content ends", async () => {
  const token = Response.json({ access_token: "t", token_type: "Bearer", expires_in: 60, scope: "" });
  const answers = [token, new Response(null)];
  const { logs } = createClient({
    url: "http://till.example",
    ...credentials,
    fetch: async () => answers.shift() as Response,
  });
  expect(await new Response(await logs.getContent("T1", "L1")).text()).toBe("");
});

test("a file goes out as it is, also a second time when the token is refused", async () => {
  const server = await answeringServer(
    withTokens(({ headers }) =>
      headers.authorization === "Bearer token-1" ? { status: 401 } : { body: { status: "available" } },
    ),
  );
  const { releases } = createClient({ url: server.url, ...credentials });
  expect(await releases.putFile("r1", new Blob(['{"a":1}']))).toEqual({ status: "available" });
  const sent = server.received.filter(({ method }) => method === "PUT");
  const once = { url: `${base}/releases/r1/file`, body: { a: 1 } };
  expect(sent.map(({ url, body }) => ({ url, body }))).toEqual([once, once]);
  expect(sent[1]?.headers).toMatchObject({ "content-type": "application/octet-stream", "content-length": "7" });
});

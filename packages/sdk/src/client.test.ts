import { afterEach, expect, test, vi } from "vitest";
import {
  accountId,
  answeringServer,
  credentials,
  isTokenRequest,
  withTokens,
} from "../test/support/answering-server.ts";
import { createClient } from "./client.ts";
import { ConnectionError, TillkeeperError } from "./error.ts";

const store = { store_id: "S312" };
const bearer = (token: string) => expect.objectContaining({ authorization: `Bearer ${token}` });

afterEach(() => {
  vi.useRealTimers();
});

test("asks for a token as documented and sends it along", async () => {
  const server = await answeringServer(withTokens(() => ({ status: 201, body: store })));
  const client = createClient({ url: `${server.url}/`, ...credentials });

  expect(await client.stores.create(store)).toEqual(store);

  const [token, create] = server.received;
  expect(token).toMatchObject({
    method: "POST",
    url: `/v1/accounts/${accountId}/auth/token`,
    headers: { authorization: `Basic ${btoa("till-1:s3cret~")}`, "content-type": "application/json" },
    body: { grant_type: "client_credentials", audience: `${server.url}/v1/accounts/${accountId}` },
  });
  expect(create).toMatchObject({
    method: "POST",
    url: `/v1/accounts/${accountId}/stores`,
    headers: { authorization: "Bearer token-1", "content-type": "application/json" },
    body: store,
  });
});

test("names another audience when it is given one", async () => {
  const server = await answeringServer(withTokens(() => ({})));
  const audience = "https://api.dintero.com/v1/accounts/T12345678";
  expect(await createClient({ url: server.url, ...credentials, audience }).token()).toMatchObject({ scope: "a b" });
  expect(server.received[0]?.body).toMatchObject({ audience });
});

test("keeps its token for half of its life", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const server = await answeringServer(withTokens(() => ({}), 100));
  const client = createClient({ url: server.url, ...credentials });

  await client.stores.get("S312");
  vi.advanceTimersByTime(49_000);
  await client.stores.get("S312");
  vi.advanceTimersByTime(1_000);
  await client.stores.get("S312");

  const used = server.received.filter((request) => !isTokenRequest(request)).map(({ headers }) => headers);
  expect(used).toEqual([bearer("token-1"), bearer("token-1"), bearer("token-2")]);
});

test("asks for one token however many calls wait for it", async () => {
  const server = await answeringServer(withTokens(() => ({})));
  const client = createClient({ url: server.url, ...credentials });
  await Promise.all(Array.from({ length: 20 }, () => client.terminals.list()));
  expect(server.received.filter(isTokenRequest)).toHaveLength(1);
});

test("tries a 401 once more with a new token", async () => {
  const server = await answeringServer(
    withTokens(({ headers }) => (headers.authorization === "Bearer token-1" ? { status: 401 } : { body: store })),
  );
  const client = createClient({ url: server.url, ...credentials });

  expect(await client.stores.create(store)).toEqual(store);
  expect(server.received.map(({ body }) => body)).toEqual([
    expect.objectContaining({ grant_type: "client_credentials" }),
    store,
    expect.objectContaining({ grant_type: "client_credentials" }),
    store,
  ]);
});

test("does not try a second 401 again", async () => {
  const error = { code: "invalid_token", message: "The token is not valid.", errors: [] };
  const server = await answeringServer(withTokens(() => ({ status: 401, body: { error } })));
  const client = createClient({ url: server.url, ...credentials });
  await expect(client.stores.get("S312")).rejects.toMatchObject({ status: 401, code: "invalid_token" });
  expect(server.received.filter((request) => !isTokenRequest(request))).toHaveLength(2);
});

test("throws what the token endpoint refuses, and asks it again with the next call", async () => {
  const error = { code: "invalid_client", message: "Client id, secret or account is wrong.", errors: [] };
  const server = await answeringServer(() => ({ status: 401, body: { error } }));
  const client = createClient({ url: server.url, ...credentials });
  await expect(client.stores.list()).rejects.toMatchObject({ status: 401, code: "invalid_client" });
  await expect(client.stores.list()).rejects.toThrow("Client id, secret or account is wrong.");
  expect(server.received).toHaveLength(2);
});

test("an answer that is not a success becomes a TillkeeperError with all that it says", async () => {
  const errors = [{ path: "/body/terminal_id", message: "has a pending operation", blocker: { id: "x" } }];
  const server = await answeringServer(
    withTokens(() => ({
      status: 409,
      headers: { "retry-after": "7", "request-id": "r-1" },
      body: { error: { code: "operation_pending", message: "The terminal is busy.", errors } },
    })),
  );
  const client = createClient({ url: server.url, ...credentials });
  const thrown = await client.stores.create(store).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(TillkeeperError);
  expect(thrown).toMatchObject({
    name: "TerminalBusyError",
    status: 409,
    code: "operation_pending",
    message: "The terminal is busy.",
    errors,
    retryAfterSeconds: 7,
    retryable: true,
    requestId: "r-1",
    blocker: { id: "x" },
  });
});

test.for(["<html>Bad Gateway</html>", "", '{"error":"down"}', "null"])("reads a foreign answer: %s", async (body) => {
  const server = await answeringServer(withTokens(() => ({ status: 502, body })));
  const client = createClient({ url: server.url, ...credentials, maxRetries: 0 });
  await expect(client.stores.list()).rejects.toMatchObject({
    status: 502,
    code: "http_error",
    message: "The server answered 502 Bad Gateway",
    errors: [],
    retryAfterSeconds: undefined,
    requestId: undefined,
  });
});

test("encodes ids and queries", async () => {
  const server = await answeringServer(withTokens(() => ({})));
  const client = createClient({ url: server.url, ...credentials });
  await client.stores.get("Café #1?");
  await client.stores.list({ limit: 5, starting_after: "a&b", include_deleted: true });
  await client.terminals.get("T12345678-T0001");
  await client.terminals.issueCredential("T12345678-T0001");
  await client.terminals.issuePairingCode("T12345678-T0001", { expires_in: 60 });
  await client.terminals.delete("T12345678-T0001");
  const paths = server.received
    .slice(1)
    .map(({ method, url }) => `${method} ${url.slice("/v1/accounts/T12345678".length)}`);
  expect(paths).toEqual([
    "GET /stores/Caf%C3%A9%20%231%3F",
    "GET /stores?limit=5&starting_after=a%26b&include_deleted=true",
    "GET /terminals/T12345678-T0001",
    "POST /terminals/T12345678-T0001/credentials",
    "POST /terminals/T12345678-T0001/pairing-codes",
    "DELETE /terminals/T12345678-T0001",
  ]);
});

test("gives up on a request that takes too long", async () => {
  const server = await answeringServer(withTokens(() => new Promise(() => undefined)));
  const client = createClient({ url: server.url, ...credentials, requestTimeoutMs: 200, maxRetries: 0 });
  await expect(client.stores.list()).rejects.toMatchObject({ name: "TimeoutError" });
});

test("a server that cannot be reached is an error with what fetch says", async () => {
  const client = createClient({ url: "http://127.0.0.1:1", ...credentials, maxRetries: 0 });
  const thrown = await client.stores.list().catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ConnectionError);
  expect(thrown).toMatchObject({
    code: "network_error",
    status: undefined,
    retryable: true,
    cause: expect.any(TypeError),
  });
  expect(String(thrown)).toBe("ConnectionError: No answer came from the server: bad port");
});

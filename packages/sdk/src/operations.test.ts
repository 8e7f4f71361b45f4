import { expect, test } from "vitest";
import {
  answeringServer,
  credentials,
  isTokenRequest,
  type Reply,
  withTokens,
} from "../test/support/answering-server.ts";
import { createClient } from "./client.ts";

const base = "/v1/accounts/T12345678/payments/admin/terminals/operations";
const id = "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c";
const key = "9b2c5d7e-1a3f-4c6b-8d9e-0f1a2b3c4d5e";
const body = { terminal_id: "T12345678-T0001", operation: "end_of_day" } as const;
const pending = { id, ...body, status: "PENDING" };
const completed = { ...pending, status: "COMPLETED" };

/** Answers with one reply after the other; the last one stays. */
async function serverWith(...replies: Reply[]) {
  const server = await answeringServer(withTokens(() => (replies.length > 1 ? replies.shift() : replies[0]) ?? {}));
  const calls = () => server.received.filter((request) => !isTokenRequest(request));
  return { operations: createClient({ url: server.url, ...credentials }).operations, calls };
}

test("sends a command at the base that names the account", async () => {
  const { operations, calls } = await serverWith({ status: 201, headers: { "request-id": "r-1" }, body: pending });
  expect(await operations.send(body)).toEqual({ operation: pending, replayed: false, requestId: "r-1" });
  expect(calls()).toMatchObject([{ method: "POST", url: base, body }]);
  expect(calls()[0]?.headers).not.toHaveProperty("idempotency-key");
});

test("sends the idempotency key and says when the answer is a repeated one", async () => {
  const { operations, calls } = await serverWith({
    status: 201,
    headers: { "idempotent-replayed": "true" },
    body: pending,
  });
  expect(await operations.send(body, { idempotencyKey: key })).toMatchObject({ operation: pending, replayed: true });
  expect(calls()[0]?.headers).toMatchObject({ "idempotency-key": key });
});

test("lists by filter and finds the next page in the Link header", async () => {
  const { operations, calls } = await serverWith(
    { headers: { link: `<${base}?limit=1&starting_after=${id}>; rel="next"` }, body: [completed] },
    { body: [] },
  );
  const filter = { terminal_id: "T12345678-T0001", "created_at.gte": "2026-06-29T09:00:00+02:00", limit: 1 };
  expect(await operations.list(filter)).toEqual({ operations: [completed], starting_after: id });
  expect(await operations.list({ starting_after: id })).toEqual({ operations: [] });
  expect(calls().map(({ url }) => url)).toEqual([
    `${base}?terminal_id=T12345678-T0001&created_at.gte=2026-06-29T09%3A00%3A00%2B02%3A00&limit=1`,
    `${base}?starting_after=${id}`,
  ]);
});

test("cancels, and says whether that ended it or its terminal is being asked", async () => {
  const cancelled = { ...pending, status: "FAILED", reason: "cancelled" };
  const { operations, calls } = await serverWith({ status: 202, body: pending }, { body: cancelled });
  expect(await operations.cancel(id)).toEqual({ operation: pending, ended: false });
  expect(await operations.cancel(id)).toEqual({ operation: cancelled, ended: true });
  expect(calls()[0]).toMatchObject({ method: "POST", url: `${base}/${id}/cancel` });
});

test("waits until the operation is no longer PENDING", async () => {
  const { operations, calls } = await serverWith({ body: pending }, { body: pending }, { body: completed });
  expect(await operations.wait(id, { pollMs: 1 })).toEqual(completed);
  expect(calls().map(({ url }) => url)).toEqual([`${base}/${id}`, `${base}/${id}`, `${base}/${id}`]);
});

test("goes on waiting when the server is away for a moment", async () => {
  const away = { status: 503, headers: { "retry-after": "0" } };
  const { operations } = await serverWith(away, { status: 502, body: "<html>" }, { body: completed });
  expect(await operations.wait(id, { pollMs: 1 })).toEqual(completed);
});

test("throws what waiting will not cure", async () => {
  const error = { code: "operation_not_found", message: "There is no such operation.", errors: [] };
  const { operations, calls } = await serverWith({ status: 404, body: { error } });
  await expect(operations.wait(id)).rejects.toMatchObject({ status: 404, code: "operation_not_found" });
  expect(calls()).toHaveLength(1);
});

test("gives up after timeoutMs", async () => {
  const { operations } = await serverWith({ body: pending });
  await expect(operations.wait(id, { timeoutMs: 30, pollMs: 5 })).rejects.toMatchObject({
    name: "TimeoutError",
    message: `Operation ${id} is still PENDING after 30 ms`,
  });
});

test("ends with the reason of the signal, also in the middle of a pause", async () => {
  const { operations, calls } = await serverWith({ body: pending });
  const abort = new AbortController();
  const waiting = operations.wait(id, { pollMs: 60_000, signal: abort.signal });
  await expect.poll(() => calls().length).toBe(1);
  abort.abort(new Error("closing time"));
  await expect(waiting).rejects.toThrow("closing time");
  await expect(operations.wait(id, { signal: abort.signal })).rejects.toThrow("closing time");
});

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
const pending = { id, status: "PENDING" };
const completed = { ...pending, status: "COMPLETED" };

/** Answers with one reply after the other; the last one stays. */
async function serverWith(...replies: Reply[]) {
  const server = await answeringServer(withTokens(() => (replies.length > 1 ? replies.shift() : replies[0]) ?? {}));
  const calls = () => server.received.filter((request) => !isTokenRequest(request));
  return { operations: createClient({ url: server.url, ...credentials }).operations, calls };
}

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

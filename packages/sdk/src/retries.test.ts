import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ClientOptions, createClient } from "./client.ts";
import { TerminalBusyError, TillkeeperError } from "./error.ts";

const token = () => Response.json({ access_token: "t", token_type: "Bearer", expires_in: 14_400, scope: "" });
const command = { terminal_id: "T1", operation: "open_menu" } as const;
type Answer = () => Response | Promise<Response>;

const answer =
  (status: number, headers: Record<string, string> = {}, body: unknown = {}): Answer =>
  () =>
    new Response(JSON.stringify(body), { status, headers });
const refused = (code: string, retryAfter?: string) =>
  answer(409, retryAfter === undefined ? {} : { "retry-after": retryAfter }, {
    error: { code, message: "No.", errors: [] },
  });
const cut: Answer = () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }));
const unreachable: Answer = () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } }));
const ok = answer(200, {}, { store_id: "S1" });

interface Sent {
  atMs: number;
  method: string;
  key: string | null;
}

/** A client whose server answers with one answer after the other; the last one stays. Tokens come at once. */
function clientWith(answers: Answer[], options: Partial<ClientOptions> = {}) {
  const begun = performance.now();
  const sent: Sent[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    if (String(url).endsWith("/auth/token")) return token();
    sent.push({
      atMs: performance.now() - begun,
      method: String(init.method),
      key: new Headers(init.headers).get("idempotency-key"),
    });
    const next = (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
    const aborted = new Promise<never>((_, reject) => {
      init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    });
    return Promise.race([next(), aborted]);
  };
  const credentials = { url: "http://till.example", accountId: "T12345678", clientId: "c", clientSecret: "s" };
  return { client: createClient({ ...credentials, fetch, ...options }), sent };
}

/** Lets the clock run until a call has ended. */
async function ended<T>(call: Promise<T>): Promise<T | unknown> {
  const settled = call.catch((error: unknown) => error);
  let over = false;
  void settled.finally(() => {
    over = true;
  });
  for (let step = 0; step < 10_000 && !over; step += 1) await vi.advanceTimersByTimeAsync(100);
  expect(over).toBe(true);
  return settled;
}

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-06-29T09:00:00Z") });
});

afterEach(() => {
  vi.useRealTimers();
});

test.for([
  ["no connection", cut],
  ["408", answer(408)],
  ["429", answer(429)],
  ["500", answer(500)],
  ["502 of a proxy", () => new Response("<html>", { status: 502 })],
  ["503", answer(503)],
  ["504", answer(504)],
] as const)("what passes is sent again, later each time: %s", async ([, failure]) => {
  const { client, sent } = clientWith([failure, failure, failure, ok]);
  expect(await ended(client.stores.get("S1"))).toEqual({ store_id: "S1" });
  const pauses = sent.slice(1).map(({ atMs }, index) => atMs - (sent[index] as Sent).atMs);
  for (const [index, most] of [500, 1_000, 2_000].entries()) {
    expect(pauses[index]).toBeGreaterThanOrEqual(most / 2 - 1);
    expect(pauses[index]).toBeLessThanOrEqual(most + 1);
  }
});

test.for([400, 403, 404, 412, 422, 501])("what does not pass is thrown at once: %s", async (status) => {
  const { client, sent } = clientWith([answer(status)]);
  expect(await ended(client.stores.get("S1"))).toMatchObject({ status, retryable: false });
  expect(sent).toHaveLength(1);
});

test("after four repetitions the last failure is thrown", async () => {
  const { client, sent } = clientWith([cut]);
  expect(await ended(client.stores.get("S1"))).toMatchObject({ name: "ConnectionError", code: "network_error" });
  expect(sent).toHaveLength(5);
  const once = clientWith([cut]);
  await ended(once.client.stores.get("S1", {}, { maxRetries: 0 }));
  expect(once.sent).toHaveLength(1);
});

test.for([
  ["seconds", "7"],
  ["a date", "Mon, 29 Jun 2026 09:00:07 GMT"],
] as const)("it is not sent again before the time that the server names: %s", async ([, retryAfter]) => {
  const { client, sent } = clientWith([answer(503, { "retry-after": retryAfter }), ok]);
  expect(await ended(client.stores.get("S1"))).toEqual({ store_id: "S1" });
  expect(sent[1]?.atMs).toBeGreaterThanOrEqual(7_000);
  expect(sent[1]?.atMs).toBeLessThanOrEqual(7_800);
});

test("a command is sent again with the key that it had, and the caller gets that key", async () => {
  const { client, sent } = clientWith([cut, answer(504), answer(201, {}, { id: "o" })]);
  const given = (await ended(client.operations.create.withResponse(command))) as { idempotencyKey: string };
  expect(sent).toHaveLength(3);
  expect(new Set(sent.map(({ key }) => key))).toEqual(new Set([given.idempotencyKey]));
  expect(given.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/);
  const lost = clientWith([cut], { maxRetries: 1 });
  const error = (await ended(lost.client.operations.create(command))) as TillkeeperError;
  expect(error.idempotencyKey).toBe(lost.sent[1]?.key);
});

test.for([
  [cut, 1],
  [answer(503), 1],
  [answer(504), 1],
  [answer(429), 2],
  [unreachable, 2],
] as const)(
  "a POST without a key is sent again only if the first was surely not carried out: %#",
  async ([failure, times]) => {
    const { client, sent } = clientWith([failure, answer(201)]);
    await ended(client.stores.create({ store_id: "S1" }));
    expect(sent).toHaveLength(times);
  },
);

test("a POST that does nothing more the second time is sent again without a key", async () => {
  const { client, sent } = clientWith([cut, ok]);
  await ended(client.stores.suspend("S1"));
  expect(sent).toHaveLength(2);
});

test("a token that does not come is asked for again, whatever is to be sent with it", async () => {
  const answers = [cut, answer(503), token];
  const fetch = vi.fn(async (url: unknown) => {
    if (!String(url).endsWith("/auth/token")) return new Response("{}", { status: 201 });
    return ((answers.length > 1 ? answers.shift() : answers[0]) as Answer)();
  });
  const { client } = clientWith([], { fetch });
  expect(await ended(client.stores.create({ store_id: "S1" }))).toEqual({});
  expect(fetch).toHaveBeenCalledTimes(4);
});

test("a busy terminal is an error with its blocker, or waited for", async () => {
  const blocker = { id: "b", operation: "end_of_day" };
  const body = { error: { code: "operation_pending", message: "Busy.", errors: [{ path: "", message: "", blocker }] } };
  const busy = answer(409, { "retry-after": "3" }, body);
  const { client, sent } = clientWith([busy]);
  const error = await ended(client.operations.create(command));
  expect(error).toBeInstanceOf(TerminalBusyError);
  expect(error).toMatchObject({ blocker, retryAfterSeconds: 3 });
  expect(sent).toHaveLength(1);
  // More often than anything else is sent again, with the same key.
  const waiting = clientWith([...Array.from({ length: 7 }, () => busy), answer(201, {}, { id: "o" })]);
  expect(await ended(waiting.client.operations.create(command, { waitWhenBusy: true }))).toEqual({ id: "o" });
  expect(new Set(waiting.sent.map(({ key }) => key)).size).toBe(1);
  expect(waiting.sent.at(-1)?.atMs).toBeGreaterThanOrEqual(21_000);
  // Other conflicts do not pass.
  const taken = clientWith([refused("operation_not_allowed")]);
  expect(await ended(taken.client.operations.create(command, { waitWhenBusy: true }))).toMatchObject({ status: 409 });
});

test("the time of the whole call ends everything: a wait that would end too late is not begun", async () => {
  const { client, sent } = clientWith([answer(503, { "retry-after": "30" })]);
  const begun = performance.now();
  expect(await ended(client.stores.get("S1", {}, { timeoutMs: 10_000 }))).toMatchObject({ status: 503 });
  expect(performance.now() - begun).toBeLessThan(1_000);
  expect(sent).toHaveLength(1);
  const never = clientWith([() => new Promise(() => undefined)]);
  expect(await ended(never.client.stores.get("S1", {}, { timeoutMs: 45_000 }))).toMatchObject({ name: "TimeoutError" });
  // The first attempt took its 30 seconds, the second one what was left.
  expect(never.sent).toHaveLength(2);
});

test("an answer that breaks off is no answer", async () => {
  const broken = () =>
    new Response(
      new ReadableStream({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode('{"store'));
          controller.error(new TypeError("terminated"));
        },
      }),
    );
  const { client, sent } = clientWith([broken, ok]);
  expect(await ended(client.stores.get("S1"))).toEqual({ store_id: "S1" });
  expect(sent).toHaveLength(2);
});

test("a success that is not JSON is an error, which is not sent again", async () => {
  const { client, sent } = clientWith([() => new Response("<html>", { status: 200 })]);
  expect(await ended(client.stores.get("S1"))).toMatchObject({ code: "http_error", status: 200 });
  expect(sent).toHaveLength(1);
});

test("the caller's signal ends a wait between attempts, and nothing is sent after it", async () => {
  const { client, sent } = clientWith([answer(503, { "retry-after": "60" })]);
  const abort = new AbortController();
  const call = client.stores.get("S1", {}, { signal: abort.signal }).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(5_000);
  abort.abort(new Error("closing time"));
  expect(await call).toMatchObject({ message: "closing time" });
  await vi.advanceTimersByTimeAsync(120_000);
  expect(sent).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("an answer that waits for an end has so much more time", async () => {
  const slow: Answer = () => new Promise((resolve) => setTimeout(() => resolve(Response.json({ id: "o" })), 45_000));
  const { client, sent } = clientWith([slow]);
  expect(await ended(client.operations.get("o", { waitSeconds: 20 }))).toEqual({ id: "o" });
  expect(sent).toHaveLength(1);
});

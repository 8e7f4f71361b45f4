// A point of sale that closes the day of one terminal, by the documented requests alone. POS_FAULT names what it does wrong.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./faults.ts";

const env = (name: string) => process.env[`TILLKEEPER_${name}`] ?? "";
const has = (...faults: Fault[]) => faults.some((fault) => fault === process.env["POS_FAULT"]);
const [url, account, terminal] = [env("URL"), env("ACCOUNT"), env("TERMINAL")];
const operations = `${url}/v1/admin/terminals/operations`;

type Json = Record<string, unknown>;
interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}
interface Got {
  status: number;
  wait: number | undefined;
  code: string | undefined;
  json: unknown;
}

const basic = `Basic ${Buffer.from(`${env("CLIENT_ID")}:${env("CLIENT_SECRET")}`).toString("base64")}`;
let token: Promise<string> | undefined;
let tokenEnds = 0;

function requestToken(signal?: AbortSignal): Promise<Response> {
  const host = has("another audience") ? "https://elsewhere.example" : url;
  const audience = `${host}/v1/accounts/${account}`;
  return fetch(`${url}/v1/accounts/${account}/auth/token`, {
    method: "POST",
    headers: { authorization: basic, "content-type": "application/json" },
    body: JSON.stringify({ grant_type: "client_credentials", audience }),
    ...(signal && { signal }),
  });
}

async function newToken(): Promise<string> {
  if (has("a token for each impatience")) await Promise.all([requestToken(), requestToken()]);
  const response = await requestToken();
  const { access_token: text, expires_in: seconds } = (await response.json()) as {
    access_token: string;
    expires_in: number;
  };
  if (response.status !== 200) end(`no token: ${response.status}`, 1);
  // It is used until it is refused, so that a 401 is met.
  tokenEnds = Date.now() + seconds * 10_000;
  return text;
}

/** Sends a request with a token; after a 401 once more with a new one. Undefined when no answer came. */
async function send(target: string, init: Sent = {}): Promise<Got | undefined> {
  for (let tries = 0; ; tries += 1) {
    if (Date.now() > tokenEnds || has("a token for each request")) token = undefined;
    token ??= newToken();
    const authorization = `Bearer ${await token}`;
    const response = await fetch(target, { ...init, headers: { ...init.headers, authorization } }).catch(
      () => undefined,
    );
    if (!response) return undefined;
    if (response.status === 401 && tries < (has("401 for ever") ? 8 : 1)) {
      if (has("401 is the end")) end("the token is refused", 1);
      if (!has("keeps a refused token")) token = undefined;
      await response.text();
      continue;
    }
    return read(response);
  }
}

async function read(response: Response): Promise<Got> {
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (has("knows all fields") && JSON.stringify(json).includes("new_field")) end("an unknown field", 1);
  const wait = Number(response.headers.get("retry-after")) || undefined;
  return { status: response.status, wait, code: (json as { error?: { code?: string } })?.error?.code, json };
}

function end(why: string, code: number): never {
  console.log(why);
  process.exit(code);
}

async function listTerminals(): Promise<string[]> {
  const found: string[] = [];
  let after: string | undefined;
  do {
    const page = await send(`${url}/v1/accounts/${account}/terminals${after ? `?starting_after=${after}` : ""}`);
    if (!page) return end("no answer", 1);
    const { terminals, starting_after: next } = page.json as { terminals: Json[]; starting_after?: string };
    found.push(...terminals.map(({ terminal_id: id }) => String(id)));
    after = has("first page only") ? undefined : next;
  } while (after !== undefined);
  return found;
}

const jsonType = { "content-type": has("JSON as text") ? "text/plain" : "application/json" };

function post(operation: string, key: string): Promise<Got | undefined> {
  return send(operations, {
    method: "POST",
    headers: { ...jsonType, ...(!has("no key") && { "idempotency-key": key }) },
    body: JSON.stringify({ terminal_id: terminal, operation }),
  });
}

/** Sends the command until it is accepted; returns the operation's id. */
async function command(firstKey: string): Promise<string> {
  let key = firstKey;
  for (let tries = 0; tries < 6; tries += 1) {
    const isDouble = tries > 0 && has("two at once");
    const answers = await Promise.all([
      post("end_of_day", key),
      ...Array.from({ length: isDouble ? 5 : 0 }, () => post("end_of_day", randomUUID())),
    ]);
    const got = answers.find((answer) => answer?.status === 201) ?? answers[0];
    if (got?.status === 201) return String((got.json as Json)["id"]);
    const { status = 0, wait } = got ?? {};
    if (!got && has("a lost answer is the end")) end("no answer", 1);
    if (status === 404 && has("404 for ever")) continue;
    const passes = status === 0 || status === 429 || status >= 500 || got?.code === "operation_pending";
    if (!passes) end(`refused with ${status}`, 1);
    const isDeaf = [409, 429, 503].some((one) => one === status && has(`deaf to the Retry-After of ${one}` as Fault));
    await sleep(isDeaf ? 200 : 1000 * (wait ?? 0.3));
    if (status === 0 && has("new key on a retry")) key = randomUUID();
    if (status === 504 && has("new key after a gateway's 504")) key = randomUUID();
  }
  return end("it did not go", 1);
}

/** Reads the operation until it has ended, and for some seconds more when it is TIMEOUT: its result may come late. */
async function outcome(id: string): Promise<Json> {
  let timedOutAt: number | undefined;
  for (;;) {
    await sleep(has("reads without a pause") ? 20 : 500);
    const got = await send(`${operations}?operation_id=${id}`);
    if (!got && has("a failed read is the end")) end("no answer", 1);
    if (got?.status === 401) end("the token is refused", 1);
    const isDeaf = got?.status === 429 && has("deaf to the Retry-After of 429");
    if (got?.status !== 200) {
      await sleep(isDeaf ? 0 : 1000 * (got?.wait ?? 0.3));
      continue;
    }
    const [operation] = got.json as Json[];
    if (!operation || operation["status"] === "PENDING") continue;
    timedOutAt ??= Date.now();
    const isOpen = operation["status"] === "TIMEOUT" && !operation["late_result"] && !has("TIMEOUT is a failure");
    if (!isOpen || has("TIMEOUT is a success") || Date.now() - timedOutAt > 15_000) return operation;
  }
}

await listTerminals();
if (has("secret in the address")) await fetch(`${url}/v1/accounts/${account}?client_secret=${env("CLIENT_SECRET")}`);
let key = randomUUID() as string;
if (has("one key for two commands")) {
  const got = await post("check_update", key);
  if (got) await outcome(String((got.json as Json)["id"]));
}
let closed: Json = {};
for (let attempts = 0; attempts < 2; attempts += 1) {
  const id = await command(key);
  if (has("sends and forgets")) end("sent", 0);
  closed = await outcome(id);
  if (has("reads what has ended")) for (let more = 0; more < 6; more += 1) await outcome(id);
  const isOpen = closed["status"] === "TIMEOUT";
  const again =
    closed["status"] === "FAILED" ||
    (isOpen && has("TIMEOUT is a failure", "closes again in spite of the late result"));
  if (!again) break;
  if (!has("old key for a new attempt")) key = randomUUID();
}
const late = closed["late_result"] as Json | undefined;
const isClosed = closed["status"] === "COMPLETED" || late?.["status"] === "COMPLETED";
const isGoodEnough = has("FAILED is a success", "TIMEOUT is a success");
end(`the day is ${String(closed["status"])}${late ? ", then closed" : ""}`, isClosed || isGoodEnough ? 0 : 1);

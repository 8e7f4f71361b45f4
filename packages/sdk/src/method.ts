import type { IdempotentCallOptions } from "./method-types.ts";
import type { Call, Transport } from "./transport.ts";

/** All that a call needs to know of an endpoint, printed from the contract into `endpoint-table.ts`. */
export interface Row {
  method: Call["method"];
  path: string;
  /** The method takes a body after the ids; `upload` and `query` follow in this order. */
  body?: true;
  /** The content type of a file that the method takes. */
  upload?: string;
  query?: true;
  /** The answer is one page of a list. */
  pages?: true;
  /** The answer is a file. */
  stream?: true;
}

type Query = NonNullable<Call["query"]>;

/** Makes the method for an endpoint; its type is `MethodOf`. */
export function methodOf(transport: Transport, row: Row): unknown {
  const withResponse = async (...args: unknown[]) => transport.send(callOf(transport.accountId, row, args));
  const method = async (...args: unknown[]) => (await withResponse(...args)).body;
  const all = (...args: unknown[]) => allPages(transport, callOf(transport.accountId, row, args));
  return Object.assign(method, { withResponse, ...(row.pages && { all }) });
}

/** Makes a call of the method's arguments, which come in the order of `ArgsOf`. */
function callOf(accountId: string, { method, stream, ...row }: Row, args: unknown[]): Call {
  const rest = [...args];
  const path = row.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(name === "aid" || name === "oid" ? accountId : id(name, rest.shift())),
  );
  const body = row.body && rest.shift();
  const file = row.upload && { content: rest.shift() as Blob, type: row.upload };
  const query = row.query && (rest.shift() as Query | undefined);
  const { idempotencyKey, headers, signal, timeoutMs } = (rest.shift() ?? {}) as IdempotentCallOptions;
  const sent = { ...headers, ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }) };
  return { method, path, query, body, ...(file && { file }), stream, headers: sent, signal, timeoutMs };
}

/** Checks an id for the path. An empty one, `.` and `..` would change the path, so they throw. */
function id(name: string, value: unknown): string {
  if (typeof value === "string" && !["", ".", ".."].includes(value)) return value;
  throw new TypeError(`${name} must be a text that is not empty, "." or ".."`);
}

async function* allPages(transport: Transport, call: Call): AsyncGenerator {
  let further: Query | undefined;
  const seen = new Set<string>();
  do {
    const { body, next } = await transport.send({ ...call, query: { limit: largestPage, ...call.query, ...further } });
    yield* itemsOf(body);
    if (next !== undefined && seen.has(next)) throw new Error(`The server gave the page after ${next} before`);
    if (next !== undefined) seen.add(next);
    further = next === undefined ? undefined : { starting_after: next };
  } while (further);
}

const largestPage = 100;

/** The items of a page, which is an array, or an object with one field that is an array. */
function itemsOf(body: unknown): unknown[] {
  return Array.isArray(body) ? body : (Object.values(body as object).find(Array.isArray) ?? []);
}

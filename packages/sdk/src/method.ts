import type { IdempotentCallOptions } from "./method-types.ts";
import type { Call, Transport } from "./transport.ts";

/** What has to be known of an endpoint to call it. */
export interface Row {
  method: Call["method"];
  path: string;
  /** In this order they follow the ids. */
  body?: true;
  /** The type that a file is sent as. */
  upload?: string;
  query?: true;
  /** The answer is one page of a list. */
  pages?: true;
  /** The answer is a file. */
  stream?: true;
}

type Query = NonNullable<Call["query"]>;

/** What `MethodOf` says of an endpoint. */
export function methodOf(transport: Transport, row: Row): unknown {
  const withResponse = async (...args: unknown[]) => transport.send(callOf(transport.accountId, row, args));
  const method = async (...args: unknown[]) => (await withResponse(...args)).body;
  const all = (...args: unknown[]) => allPages(transport, callOf(transport.accountId, row, args));
  return Object.assign(method, { withResponse, ...(row.pages && { all }) });
}

/** The arguments in the order of `ArgsOf`. */
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

/** What is no segment of a path would lead elsewhere. */
function id(name: string, value: unknown): string {
  if (typeof value === "string" && !["", ".", ".."].includes(value)) return value;
  throw new TypeError(`${name} must be a text that is not empty, "." or ".."`);
}

async function* allPages(transport: Transport, call: Call): AsyncGenerator {
  let further: Query | undefined;
  do {
    const { body, next } = await transport.send({ ...call, query: { limit: largestPage, ...call.query, ...further } });
    yield* itemsOf(body);
    further = next === undefined ? undefined : { starting_after: next };
  } while (further);
}

const largestPage = 100;

/** A page is an array, or has one. */
function itemsOf(body: unknown): unknown[] {
  return Array.isArray(body) ? body : (Object.values(body as object).find(Array.isArray) ?? []);
}

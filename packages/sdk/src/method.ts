import type { MethodOptions } from "./method-types.ts";
import { pagesFrom } from "./pages.ts";
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
  /** The answer is a file, or a text. */
  answer?: "stream" | "text";
  /** The server knows a request by its idempotency key. */
  key?: true;
  /** A POST that does nothing more when it arrives a second time, also without a key. */
  repeatable?: true;
  /** The answer also comes as a text of another type. */
  texts?: true;
}

type Query = NonNullable<Call["query"]>;

/** Makes the method for an endpoint; its type is `MethodOf`. */
export function methodOf(transport: Transport, row: Row): unknown {
  const withResponse = async (...args: unknown[]) => transport.send(callOf(transport.accountId, row, args));
  const method = async (...args: unknown[]) => (await withResponse(...args)).body;
  const list = (...args: unknown[]) => {
    // Only once the arguments have been checked: an error is to come from the call, not from a promise beside it.
    const call = callOf(transport.accountId, row, args);
    return pagesFrom(transport, call);
  };
  const as = async (type: string, ...args: unknown[]) => {
    const call = callOf(transport.accountId, row, args);
    const { body } = await transport.send({ ...call, answer: "text", headers: { ...call.headers, accept: type } });
    return body;
  };
  return Object.assign(row.pages ? list : method, { withResponse, ...(row.texts && { as }) });
}

/** Makes a call of the method's arguments, which come in the order of `ArgsOf`. */
function callOf(accountId: string, row: Row, args: unknown[]): Call {
  const rest = [...args];
  const path = row.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(name === "aid" || name === "oid" ? accountId : id(name, rest.shift())),
  );
  const body = row.body && rest.shift();
  const file = row.upload && { content: rest.shift() as Blob, type: row.upload };
  const query = row.query && (rest.shift() as Query | undefined);
  const { headers, waitSeconds, ...options } = (rest.shift() ?? {}) as MethodOptions;
  const { idempotencyKey = row.key && newKey() } = options;
  const sent = {
    ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
    ...(waitSeconds !== undefined && { prefer: `wait=${waitSeconds}` }),
    ...headers,
  };
  return {
    ...options,
    method: row.method,
    path,
    query,
    body,
    ...(file && { file }),
    answer: row.answer,
    repeatable: row.repeatable,
    headers: sent,
    waitSeconds,
    idempotencyKey,
  };
}

/** Checks an id for the path. An empty one, `.` and `..` would change the path, so they throw. */
function id(name: string, value: unknown): string {
  if (typeof value === "string" && !["", ".", ".."].includes(value)) return value;
  throw new TypeError(`${name} must be a text that is not empty, "." or ".."`);
}

/** A random UUID. `crypto.randomUUID` is missing on pages that came over plain HTTP. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

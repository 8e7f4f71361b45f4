import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import type { AnswerOf, BodyOf, PathParameters, QueryOf } from "@tillkeeper/contract/http/endpoint-types";

/** The options that every method takes as its last argument. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that this call may take, in place of the client's `requestTimeoutMs`. */
  timeoutMs?: number | undefined;
  /** Sent beside the headers of the client itself. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** Options of a call that can be repeated safely: the server accepts a key once, and repeats its answer after that. */
export interface IdempotentCallOptions extends CallOptions {
  /** A UUID that names this request; every repetition of it carries the UUID again. */
  idempotencyKey?: string | undefined;
}

/** A success answer as a whole. */
export interface Answer<Body> {
  body: Body;
  status: number;
  headers: Headers;
  /** The id of the request in the server's log. */
  requestId: string | undefined;
  /** The server accepted this request earlier, under its idempotency key, and repeats the answer. */
  replayed: boolean;
  /** `starting_after` of the next page; undefined on the last page, and for an answer without pages. */
  next: string | undefined;
}

/** Calls one endpoint and gives the body of its answer. Throws `TillkeeperError` for every answer but 2xx. */
export interface Method<Args extends unknown[], Body> {
  (...args: Args): Promise<Body>;
  /** Calls the endpoint and gives the whole answer: body, status, headers, and what the headers mean. */
  withResponse(...args: Args): Promise<Answer<Body>>;
}

/** Calls an endpoint whose answer is one page of a list. */
export interface ListMethod<Args extends unknown[], Body> extends Method<Args, Body> {
  /** The items of this page and of all later pages. A page is requested when the loop reaches it. */
  all(...args: Args): AsyncIterable<ItemOf<Body>>;
}

/** The type of an item on a page. The page is an array, or an object with one field that is an array. */
type ItemOf<Body> = (Body extends readonly unknown[] ? Body : Extract<Body[keyof Body], readonly unknown[]>)[number];

/** The method that an endpoint of the contract makes; `Names` are the names of its path parameters in an editor. */
export type MethodWith<E extends Endpoint, Names> = E extends { query: { properties: { starting_after: unknown } } }
  ? ListMethod<ArgsOf<E, Names>, ReturnOf<E>>
  : Method<ArgsOf<E, Names>, ReturnOf<E>>;

/** The ids in the path, then the body or the file, then the query, then options. */
type ArgsOf<E extends Endpoint, Names> = [
  ...IdsOf<PathParameters<E["path"]>, Names>,
  ...ContentOf<E>,
  ...(E["query"] extends object ? [query?: QueryOf<E>] : []),
  options?: OptionsOf<E>,
];

type OptionsOf<E extends Endpoint> = E extends { requestHeaders: { properties: { "Idempotency-Key": unknown } } }
  ? IdempotentCallOptions
  : CallOptions;

/** The ids in a path, without the account, which the client fills in. */
type IdsOf<Parameters extends string[], Names> = Parameters extends [infer Name, ...infer Further extends string[]]
  ? [...(Name extends "aid" | "oid" ? [] : IdOf<Name, Names>), ...IdsOf<Further, Names>]
  : [];

type IdOf<Name, Names> = Name extends keyof Names ? Extract<Names[Name], string[]> : [string];

type ContentOf<E extends Endpoint> = E extends { upload: readonly string[] }
  ? [file: Blob]
  : E extends { bodyOptional: true }
    ? [body?: BodyOf<E>]
    : E["body"] extends object
      ? [body: BodyOf<E>]
      : [];

type ReturnOf<E extends Endpoint> = E extends { binary: string } ? ReadableStream<Uint8Array> : AnswerOf<E>;

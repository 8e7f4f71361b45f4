import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import type { AnswerOf, BodyOf, PathParameters, QueryOf } from "@tillkeeper/contract/http/endpoint-types";

/** What every method takes as its last argument. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that this call may take, in place of the client's `requestTimeoutMs`. */
  timeoutMs?: number | undefined;
  /** Sent beside those that the client sends by itself. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** For calls that may be repeated safely: the server accepts a key once, and gives its answer again for the rest. */
export interface IdempotentCallOptions extends CallOptions {
  /** A UUID that stands for this request, over every repetition of it. */
  idempotencyKey?: string | undefined;
}

/** A success answer as a whole. */
export interface Answer<Body> {
  body: Body;
  status: number;
  headers: Headers;
  /** What the operator of the server finds the request by in its log. */
  requestId: string | undefined;
  /** The server had accepted this request before, under the same idempotency key, and gives the same answer again. */
  replayed: boolean;
  /** `starting_after` of the next page; nothing on the last, and where there are no pages. */
  next: string | undefined;
}

/** Calls one endpoint and gives the body of its answer. Every answer but 2xx is thrown as `TillkeeperError`. */
export interface Method<Args extends unknown[], Body> {
  (...args: Args): Promise<Body>;
  /** The same, and gives the whole answer: status, headers and what they say. */
  withResponse(...args: Args): Promise<Answer<Body>>;
}

/** Calls an endpoint that gives one page of a list. */
export interface ListMethod<Args extends unknown[], Body> extends Method<Args, Body> {
  /** What is on this page and all after it, which are asked for as they are read. */
  all(...args: Args): AsyncIterable<ItemOf<Body>>;
}

/** The elements of a page, which is an array or has one. */
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

/** All but the account, which is the client's own. */
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

import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import type { AnswerOf, BodyOf, PathParameters, QueryOf } from "@tillkeeper/contract/http/endpoint-types";

/** The options that every method takes as its last argument. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds that one attempt may take, in place of the client's `requestTimeoutMs`. */
  requestTimeoutMs?: number | undefined;
  /** Milliseconds that the whole call may take, with its repetitions and the waits between them, in place of the client's `timeoutMs`. */
  timeoutMs?: number | undefined;
  /** How often the call is sent again after a failure that passes, in place of the client's `maxRetries`. */
  maxRetries?: number | undefined;
  /** Sent beside the headers of the client itself. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** Options of a call that the server knows by its key: it accepts a key once, and repeats its answer after that. */
export interface IdempotentCallOptions extends CallOptions {
  /** A UUID that names this request; every repetition of it carries the UUID again. Left out: the client makes one for the call. */
  idempotencyKey?: string | undefined;
}

/** Options of a call whose answer can wait for an end. */
export interface WaitingCallOptions extends CallOptions {
  /**
   * The answer comes when what was asked for has ended, or after so many seconds as it is then; 60 at most (`Prefer: wait`). An
   * attempt may take so much longer.
   */
  waitSeconds?: number | undefined;
}

/** Options of a call that is refused while the terminal is busy. */
export interface BusyCallOptions extends CallOptions {
  /**
   * Waits while the terminal is busy, as long as the server says, and sends the call again, until `timeoutMs`, which is then 630 000 if
   * nothing else is said. Without it the call throws `TerminalBusyError`.
   */
  waitWhenBusy?: boolean | undefined;
}

/** The options of all methods. */
export interface MethodOptions extends IdempotentCallOptions, WaitingCallOptions, BusyCallOptions {}

/** A success answer as a whole. */
export interface Answer<Body> {
  body: Body;
  status: number;
  headers: Headers;
  /** The id of the request in the server's log. */
  requestId: string | undefined;
  /** The server accepted this request earlier, under its idempotency key, and repeats the answer. */
  replayed: boolean;
  /** The key that the request was sent with. */
  idempotencyKey: string | undefined;
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
export interface ListMethod<Args extends unknown[], Body> {
  /** `await` gives the page; `for await` the items of this page and of all later ones, each page asked for when the loop reaches it. */
  (...args: Args): Pages<Body>;
  /** Calls the endpoint and gives the whole answer: one page, status, headers, and what the headers mean. */
  withResponse(...args: Args): Promise<Answer<Body>>;
}

/** A page of a list, and by a loop over it all items from there on. */
export type Pages<Body> = Promise<Body> & AsyncIterable<ItemOf<Body>>;

/** Calls an endpoint whose answer also comes as text of other types. */
export interface MethodWithTexts<Args extends unknown[], Body, Types> extends Method<Args, Body> {
  /** Calls the endpoint and gives the answer as text of this type. */
  as(type: Types, ...args: Args): Promise<string>;
}

/** The type of an item on a page. The page is an array, or an object with one field that is an array. */
type ItemOf<Body> = (Body extends readonly unknown[] ? Body : Extract<Body[keyof Body], readonly unknown[]>)[number];

/** The method that an endpoint of the contract makes; `Names` are the names of its path parameters in an editor. */
export type MethodWith<E extends Endpoint, Names> = E extends { query: { properties: { starting_after: unknown } } }
  ? ListMethod<ArgsOf<E, Names>, ReturnOf<E>>
  : E extends { alternatives: readonly (infer Types)[] }
    ? MethodWithTexts<ArgsOf<E, Names>, ReturnOf<E>, Types>
    : Method<ArgsOf<E, Names>, ReturnOf<E>>;

/** The ids in the path, then the body or the file, then the query, then options. */
type ArgsOf<E extends Endpoint, Names> = [
  ...IdsOf<PathParameters<E["path"]>, Names>,
  ...ContentOf<E>,
  ...(E["query"] extends object ? [query?: QueryOf<E>] : []),
  options?: OptionsOf<E>,
];

type OptionsOf<E extends Endpoint> = CallOptions &
  (E extends { requestHeaders: { properties: { "Idempotency-Key": unknown } } } ? IdempotentCallOptions : unknown) &
  (E extends { requestHeaders: { properties: { Prefer: unknown } } } ? WaitingCallOptions : unknown) &
  (Extract<ErrorsOf<E>, "operation_pending" | "activation_running"> extends never ? unknown : BusyCallOptions);

type ErrorsOf<E extends Endpoint> = E extends { errors: readonly (infer Code)[] } ? Code : never;

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

type ReturnOf<E extends Endpoint> = E extends { binary: `text/${string}` }
  ? string
  : E extends { binary: string }
    ? ReadableStream<Uint8Array>
    : AnswerOf<E>;

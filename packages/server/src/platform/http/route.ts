import type { Readable } from "node:stream";
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import type { Scope } from "@tillkeeper/contract/scopes";
import type { FastifyRequest } from "fastify";
import type { Static, TObject, TSchema } from "typebox";
import { outsideStores } from "../errors.ts";
import type { StoreLimit } from "../store-limit.ts";
import type { Expectations } from "./preconditions.ts";

/** The caller, as the verified token names it, or the session of a person. */
export interface Principal {
  accountId: string;
  /** Value of `created_by` and `updated_by`; also separates the idempotency keys of clients. */
  clientId: string;
  /** The account that the client belongs to: `accountId`, or its operator. */
  clientAccountId: string;
  /** The grant that the token was given for. */
  grantId: string;
  /** Of a person: who it is in this account. `grantId` is that of the front end, and empty for a session. */
  userId?: string;
  scopes: ReadonlySet<string>;
  /** The generated ids of the stores that the caller is limited to (D34). Left out: it sees its whole account. */
  stores?: StoreLimit;
}

/** The caller with its address and request id, which rules record. */
export interface Caller extends Omit<Principal, "grantId" | "userId"> {
  /** The network address of the peer. */
  address: string;
  requestId: string;
  /** Of a request that changes a single resource: what it expects to be there. See `requireExpected`. */
  expects?: Expectations | undefined;
}

/**
 * Compares a resource, as its GET shows it, with what the caller expects of it. Call it in the transaction that changes the
 * resource, once its row is locked and before anything else follows from it. Throws `precondition_failed`, `invalid_request`.
 */
export function requireExpected({ expects }: Pick<Caller, "expects">, shown: object): void {
  expects?.check(shown);
}

/** For what concerns the whole account, where no table says so. Throws `insufficient_scope` for a caller who is limited to stores. */
export function requireWholeAccount({ stores }: Pick<Caller, "stores">): void {
  if (stores !== undefined) throw outsideStores();
}

/** A person, whose role in the account entitles. */
export interface UserAuthority {
  userId: string;
  accepted: readonly string[];
  /** The front end that acts for the person: it may do no more than its grant and its token say. Left out: a session. */
  through?: { grantId: string; scopes: ReadonlySet<string> };
}

/** What entitles a caller to give power away: a grant, a role, or the server itself. */
export type Authority =
  | UserAuthority
  | { grantId: string; scopes: ReadonlySet<string>; accepted: readonly string[] }
  /** A part of the server that acts by itself, for example the sandbox that creates its first terminals. */
  | "the server itself";

/**
 * The caller of a route with `givesPower`. Its scopes are not accessible: a token stays valid for some seconds after
 * its grant has ended. Only `inTenantWithLiveGrant` turns it into a caller with scopes.
 */
export interface PowerfulCaller extends Omit<Caller, "scopes"> {
  readonly authority: Authority;
}

/** An answer with headers, or with another status than the first one of its endpoint. */
export class Answer<Body> {
  /** Private, so that a body with the shape of an answer is still a body. */
  readonly #body: Body;
  /** Several values: each is a header of its own, as `set-cookie` needs it. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly status: number | undefined;

  constructor(
    body: Body,
    { headers = {}, status }: { headers?: Record<string, string | string[]>; status?: number } = {},
  ) {
    this.#body = body;
    this.headers = headers;
    this.status = status;
  }

  get body(): Body {
    return this.#body;
  }

  /** Wraps a handler's result: an answer stays, any other value becomes the body. */
  static of(given: unknown): Answer<unknown> {
    return typeof given === "object" && given !== null && #body in given ? given : new Answer(given);
  }
}

interface Call<E extends Endpoint> {
  params: E["params"] extends TObject ? Static<E["params"]> : unknown;
  query: E["query"] extends TObject ? Static<E["query"]> : unknown;
  body: E["body"] extends TSchema ? Static<E["body"]> : unknown;
  request: FastifyRequest;
}

/** Rules of a route that are not part of its endpoint. */
interface Rules {
  /** Most values in the JSON of its body, where that is fewer than the general limit. */
  bodyValues?: number;
  /** Parses its JSON bodies in place of the general parser. What it returns is then checked by the schema. Throws `ApiError`. */
  parseBody?: (body: Buffer) => unknown;
}

interface PublicRules extends Rules {
  /** Checks a request before its body is read, on routes that use another proof than a token. Throws `ApiError`. */
  guard?: (request: FastifyRequest) => void;
  /** Marks a route that gives power away: names what entitles the caller, in place of a grant. */
  givesPower?: string;
}

interface GuardedRules extends Rules {
  givesPower?: undefined;
}

interface PowerfulRules extends Rules {
  /**
   * Marks a route that creates, widens or removes means of access: clients, secrets, grants, credentials, pairing
   * codes, release keys. The handler must check the caller against its live grant, in the transaction of the change.
   */
  givesPower: true;
}

/** A handler's result for an endpoint; void for an answer without a body, a text where the endpoint has `alternatives`. */
type BodyOf<E extends Endpoint> =
  | (E["answers"][keyof E["answers"]] extends infer S extends TSchema
      ? Static<S> extends null
        ? void
        : Static<S> | (E extends { alternatives: readonly string[] } ? string : never)
      : never)
  | (E extends { eventStream: true } ? Readable : never);

/**
 * A handler. It returns the body of the success answer, a stream where the endpoint says `binary` or `eventStream`, and throws
 * `ApiError`. Called for each request that is authorized and has valid params, query and body.
 */
type Handle<C, B> = { handle(call: C): Promise<B | Answer<B>> | B | Answer<B> }["handle"];
type Guarded = Endpoint & { scopes: readonly [Scope, ...Scope[]] };

/** A route as the app registers it: an endpoint and its handler, without the handler's types. */
export interface Route extends Rules {
  endpoint: Endpoint;
  givesPower?: true | string | undefined;
  guard?: (request: FastifyRequest) => void;
  handle: Handle<Call<Endpoint> & { caller?: Caller | PowerfulCaller }, unknown>;
}

/** Binds a handler to an endpoint. Params, query and body reach the handler validated and typed by their schemas. */
export function bind<E extends Endpoint & { scopes: "public" }>(
  endpoint: E,
  handle: Handle<Call<E>, BodyOf<E>>,
  rules?: PublicRules,
): Route;
export function bind<E extends Guarded>(
  endpoint: E,
  handle: Handle<Call<E> & { caller: PowerfulCaller }, BodyOf<E>>,
  rules: PowerfulRules,
): Route;
export function bind<E extends Guarded>(
  endpoint: E,
  handle: Handle<Call<E> & { caller: Caller }, BodyOf<E>>,
  rules?: GuardedRules,
): Route;
export function bind(
  endpoint: Endpoint,
  // The schemas have checked the handler's input, so its types can be dropped here.
  handle: Handle<never, unknown>,
  rules: Omit<Route, "endpoint" | "handle"> = {},
): Route {
  return { endpoint, handle, ...rules };
}

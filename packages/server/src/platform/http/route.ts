import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import type { Scope } from "@tillkeeper/contract/scopes";
import type { FastifyRequest } from "fastify";
import type { Static, TObject, TSchema } from "typebox";

/** Who may call, as the verified token says. */
export interface Principal {
  accountId: string;
  /** Goes into `created_by` and `updated_by`, and keeps idempotency keys of different clients apart. */
  clientId: string;
  /** The account that the client belongs to: `accountId`, or the operator of it. */
  clientAccountId: string;
  /** The grant that the token was given for. */
  grantId: string;
  scopes: ReadonlySet<string>;
}

/** Who is calling, and from where: what rules need for their records. */
export interface Caller extends Omit<Principal, "grantId"> {
  /** The network address of the peer. */
  address: string;
  requestId: string;
}

/** What stands behind a caller that gives power away. */
export type Authority =
  | { grantId: string; scopes: ReadonlySet<string>; accepted: readonly string[] }
  /** A part of the server that acts by itself, for example the sandbox that makes its first terminals. */
  | "the server itself";

/**
 * The caller of a row with `givesPower`. Its scopes are out of reach: a token lives on for some seconds after its grant
 * has ended, so only `inTenantWithLiveGrant` turns it into a caller with scopes.
 */
export interface PowerfulCaller extends Omit<Caller, "scopes"> {
  readonly authority: Authority;
}

/** An answer with headers, or with another status than the first that its endpoint names. */
export class Answer<Body> {
  /** Private, so that an object which only looks like an answer is a body. */
  readonly #body: Body;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number | undefined;

  constructor(body: Body, { headers = {}, status }: { headers?: Record<string, string>; status?: number } = {}) {
    this.#body = body;
    this.headers = headers;
    this.status = status;
  }

  get body(): Body {
    return this.#body;
  }

  /** What a handler gave, as an answer: a body alone is one, too. */
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

/** What only the server knows of an endpoint. */
interface Rules {
  /** Values that the JSON of its body may have, where that is fewer than elsewhere. */
  bodyValues?: number;
}

interface PublicRules extends Rules {
  /** Looks at a request before its body is read, where something else than a token opens the route. */
  guard?: (request: FastifyRequest) => void;
  /** Gives power away, and this entitles to it in place of a grant. */
  givesPower?: string;
}

interface GuardedRules extends Rules {
  givesPower?: undefined;
}

interface PowerfulRules extends Rules {
  /**
   * Makes, widens or takes away what lets others in: clients, secrets, grants, credentials, pairing codes, release keys.
   * The handler's caller is checked against its live grant, in the transaction that does it.
   */
  givesPower: true;
}

/** What a handler gives for an endpoint; for an answer without a body, nothing. */
type BodyOf<E extends Endpoint> = E["answers"][keyof E["answers"]] extends infer S extends TSchema
  ? Static<S> extends null
    ? void
    : Static<S>
  : never;

/** Gives the body of the success answer; a stream where the endpoint says so with `binary`. */
type Handle<C, B> = { handle(call: C): Promise<B | Answer<B>> | B | Answer<B> }["handle"];
type Guarded = Endpoint & { scopes: readonly [Scope, ...Scope[]] };

/** A route as the app registers it: an endpoint and its handler, whose types have been forgotten. */
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
  // The handler gets what the schemas have checked; here its types are forgotten.
  handle: Handle<never, unknown>,
  rules: Omit<Route, "endpoint" | "handle"> = {},
): Route {
  return { endpoint, handle, ...rules };
}

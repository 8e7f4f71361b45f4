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
  readonly body: Body;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number | undefined;

  constructor(body: Body, { headers = {}, status }: { headers?: Record<string, string>; status?: number } = {}) {
    this.body = body;
    this.headers = headers;
    this.status = status;
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

type BodyOf<E extends Endpoint> = E["answers"][keyof E["answers"]] extends infer S extends TSchema ? Static<S> : never;

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

export interface OldAnswer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

interface OldCall<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  request: FastifyRequest;
}

interface Schemas<P extends TObject, Q extends TObject, B extends TSchema> {
  params?: P;
  query?: Q;
  body?: B;
  /** Success answers by status, for the reference page; tests hold answers against them. */
  responses: Record<number, TSchema>;
}

interface About {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  /** OpenAPI: `operationId`, one line of summary, and the section of the reference page. */
  id: string;
  summary: string;
  tag: string;
  /** Open to anybody, so its rate is limited by where requests come from. */
  limited?: "per address" | "devices per address";
  /** Values that the JSON of its body may have, where that is fewer than elsewhere. */
  bodyValues?: number;
  /** The body may be left out, which is then an empty object. */
  bodyOptional?: boolean;
  /** The body may also come as `application/x-www-form-urlencoded`. */
  form?: boolean;
  /** The body is of one of these types, of any length, and reaches the handler unread, as a stream. */
  upload?: readonly string[];
  /** The success answer is a file of this type, not JSON. */
  binary?: string;
}

interface PublicRoute<P extends TObject, Q extends TObject, B extends TSchema> extends About {
  scopes: "public";
  /** Looks at a request before its body is read, where something else than a token opens the route. */
  guard?: (request: FastifyRequest) => void;
  /** Gives power away, and this entitles to it in place of a grant. */
  givesPower?: string;
  schemas: Schemas<P, Q, B>;
  handle(call: OldCall<Static<P>, Static<Q>, Static<B>>): Promise<OldAnswer> | OldAnswer;
}

interface GuardedRoute<P extends TObject, Q extends TObject, B extends TSchema> extends About {
  /** Any one of them suffices. */
  scopes: readonly [Scope, ...Scope[]];
  givesPower?: undefined;
  schemas: Schemas<P, Q, B>;
  handle(call: OldCall<Static<P>, Static<Q>, Static<B>> & { caller: Caller }): Promise<OldAnswer> | OldAnswer;
}

interface PowerfulRoute<P extends TObject, Q extends TObject, B extends TSchema> extends About {
  /** Any one of them suffices. */
  scopes: readonly [Scope, ...Scope[]];
  /**
   * Makes, widens or takes away what lets others in: clients, secrets, grants, credentials, pairing codes, release keys.
   * The handler's caller is checked against its live grant, in the transaction that does it.
   */
  givesPower: true;
  schemas: Schemas<P, Q, B>;
  handle(call: OldCall<Static<P>, Static<Q>, Static<B>> & { caller: PowerfulCaller }): Promise<OldAnswer> | OldAnswer;
}

/**
 * One row of the API: method, path, accepted scopes, schemas, handler. A row without scopes does not compile; an open
 * one says `"public"`. Params, query and body reach the handler validated and typed by their schemas.
 */
export function route<P extends TObject, Q extends TObject, B extends TSchema>(
  row: PublicRoute<P, Q, B> | GuardedRoute<P, Q, B> | PowerfulRoute<P, Q, B>,
): Route {
  // oxlint-disable-next-line typescript/unbound-method -- taken out of the rest
  const { schemas, guard, givesPower, bodyValues, handle: _, ...about } = row as PublicRoute<P, Q, B>;
  const { responses: answers, ...parts } = schemas;
  return {
    endpoint: { ...about, ...parts, answers } as Endpoint,
    handle: async (call) => {
      const { body, ...rest } = await row.handle(call as never);
      return new Answer(body, rest);
    },
    ...(guard && { guard }),
    ...(givesPower && { givesPower }),
    ...(bodyValues && { bodyValues }),
  };
}

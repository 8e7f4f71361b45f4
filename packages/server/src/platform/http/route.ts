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

export interface Answer {
  status: number;
  /** A stream where the row says so with `binary`. */
  body: unknown;
  headers?: Record<string, string>;
}

interface Call<P, Q, B> {
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
  guard?(request: FastifyRequest): void;
  /** Gives power away, and this entitles to it in place of a grant. */
  givesPower?: string;
  schemas: Schemas<P, Q, B>;
  handle(call: Call<Static<P>, Static<Q>, Static<B>>): Promise<Answer> | Answer;
}

interface GuardedRoute<P extends TObject, Q extends TObject, B extends TSchema> extends About {
  /** Any one of them suffices. */
  scopes: readonly [Scope, ...Scope[]];
  givesPower?: undefined;
  schemas: Schemas<P, Q, B>;
  handle(call: Call<Static<P>, Static<Q>, Static<B>> & { caller: Caller }): Promise<Answer> | Answer;
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
  handle(call: Call<Static<P>, Static<Q>, Static<B>> & { caller: PowerfulCaller }): Promise<Answer> | Answer;
}

/** A route as the app registers it: a row of data whose handler has been typed away. */
export interface Route extends About {
  scopes: "public" | readonly [Scope, ...Scope[]];
  givesPower?: true | string | undefined;
  guard?(request: FastifyRequest): void;
  schemas: Schemas<TObject, TObject, TSchema>;
  handle(call: Call<unknown, unknown, unknown> & { caller?: Caller | PowerfulCaller }): Promise<Answer> | Answer;
}

/**
 * One row of the API: method, path, accepted scopes, schemas, handler. A row without scopes does not compile; an open
 * one says `"public"`. Params, query and body reach the handler validated and typed by their schemas.
 */
export function route<P extends TObject, Q extends TObject, B extends TSchema>(
  row: PublicRoute<P, Q, B> | GuardedRoute<P, Q, B> | PowerfulRoute<P, Q, B>,
): Route {
  // The handler gets what the schemas have checked; here its types are forgotten.
  return row;
}

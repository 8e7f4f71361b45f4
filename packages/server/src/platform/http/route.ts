import type { Scope } from "@tillkeeper/contract/scopes";
import type { FastifyRequest } from "fastify";
import type { Static, TObject, TSchema } from "typebox";

/** Who may call, as the verified token says. */
export interface Principal {
  accountId: string;
  /** Goes into `created_by` and `updated_by`, and keeps idempotency keys of different clients apart. */
  clientId: string;
  scopes: ReadonlySet<string>;
}

/** Who is calling, and from where: what rules need for their records. */
export interface Caller extends Principal {
  /** The network address of the peer. */
  address: string;
  requestId: string;
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
  schemas: Schemas<P, Q, B>;
  handle(call: Call<Static<P>, Static<Q>, Static<B>>): Promise<Answer> | Answer;
}

interface GuardedRoute<P extends TObject, Q extends TObject, B extends TSchema> extends About {
  /** Any one of them suffices. */
  scopes: readonly [Scope, ...Scope[]];
  schemas: Schemas<P, Q, B>;
  handle(call: Call<Static<P>, Static<Q>, Static<B>> & { caller: Caller }): Promise<Answer> | Answer;
}

/** A route as the app registers it: a row of data whose handler has been typed away. */
export interface Route extends About {
  scopes: "public" | readonly [Scope, ...Scope[]];
  guard?(request: FastifyRequest): void;
  schemas: Schemas<TObject, TObject, TSchema>;
  handle(call: Call<unknown, unknown, unknown> & { caller?: Caller }): Promise<Answer> | Answer;
}

/**
 * One row of the API: method, path, accepted scopes, schemas, handler. A row without scopes does not compile; an open
 * one says `"public"`. Params, query and body reach the handler validated and typed by their schemas.
 */
export function route<P extends TObject, Q extends TObject, B extends TSchema>(
  row: PublicRoute<P, Q, B> | GuardedRoute<P, Q, B>,
): Route {
  // The handler gets what the schemas have checked; here its types are forgotten.
  return row;
}

import type { TObject, TSchema } from "typebox";
import type { Scope } from "../scopes.ts";
import type { CredentialName } from "./credentials.ts";
import type { ErrorCode } from "./errors.ts";
import type { AnswerHeader } from "./headers.ts";
import type { Resource } from "./resource.ts";
import type { Tag } from "./tags.ts";

/** Examples by name: a line that says what the example shows, and its body. */
export type Examples = Readonly<Record<string, { summary: string; value: unknown }>>;

/**
 * One endpoint of the HTTP API as data. The server binds a handler to it, the SDK derives its method from it, and the
 * OpenAPI document is printed from it. Without `scopes` it does not compile; an open endpoint has `"public"`.
 */
export interface Endpoint {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Parameters are marked by a colon: `/v1/accounts/:aid/stores/:store_id`. */
  path: string;
  /** The accepted scopes; a token needs one of them. */
  scopes: "public" | readonly [Scope, ...Scope[]];
  /** Further scopes, of which a token needs one as well: for an endpoint that shows what two services own. */
  alsoScopes?: readonly [Scope, ...Scope[]];
  /** With `"public"` only: the credentials that it takes in place of an access token, each sufficient; left out, it is open. */
  credentials?: readonly CredentialName[];
  /** OpenAPI: `operationId`, one line of summary, and the section of the reference page. */
  id: string;
  summary: string;
  tag: Tag;
  params?: TObject;
  query?: TObject;
  body?: TSchema;
  /**
   * The single resource that it reads, changes or creates. Answers that show it carry its `ETag`; reading takes `If-None-Match`,
   * and a change obeys `If-Match`, `If-None-Match` and `If-Unmodified-Since` (docs/adr/0033).
   */
  resource?: Resource;
  /** Success answers by status. */
  answers: Readonly<Record<number, TSchema>>;
  /** Headers of the request that matter beyond `Authorization`. */
  requestHeaders?: TObject;
  /** Headers of success answers beyond `request-id`. */
  headers?: readonly AnswerHeader[];
  /** Error codes beyond those that follow from the rest of the row: see `errorsOf`. */
  errors?: readonly ErrorCode[];
  /** Named examples of bodies, for the reference page. */
  examples?: { request?: Examples; answer?: Examples };
  /** It takes no access token, so its rate is limited by the network address of the caller. */
  limited?: "per address" | "devices per address";
  /**
   * Pages of other origins may call it although no access token opens it: only where nothing that a browser adds by itself counts. Left
   * out, they may call what an access token opens.
   */
  forPages?: true;
  /** The body may be left out, which is then an empty object. */
  bodyOptional?: boolean;
  /** The body may also come as `application/x-www-form-urlencoded`. */
  form?: boolean;
  /** To a form, errors are answered in the shape of RFC 6749 section 5.2. */
  oauthErrors?: boolean;
  /** The body is a file of one of these types, of any length. */
  upload?: readonly string[];
  /** The `Content-Encoding`s that the upload may have; left out, none. */
  encodings?: readonly string[];
  /**
   * A POST without an idempotency key that does nothing more when it arrives a second time, and answers the same: clients send it again
   * when no answer came.
   */
  repeatable?: true;
  /** Why the SDK has no method for it; left out, it has one. */
  outsideSdk?: string;
  /** The success answer is a file of this type, not JSON. */
  binary?: string;
  /** By `Accept: text/event-stream` the success answer is a stream of Server-Sent Events, in place of the JSON. */
  eventStream?: true;
  /** Types beside JSON in which the success answer comes, when `Accept` prefers one of them. */
  alternatives?: readonly string[];
  /** The success answer is plain text, not JSON. */
  plain?: boolean;
}

/** Keeps the exact types of an endpoint's path, schemas and answers. */
export function endpoint<const E extends Endpoint>(row: E): E {
  return row;
}

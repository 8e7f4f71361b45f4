import type { TSchema } from "typebox";
import { Type } from "typebox";

/** Headers of answers, by name, as the OpenAPI document shows them. */
export const answerHeaders = {
  "request-id": Type.String({ format: "uuid", description: "Names the request in the server's log." }),
  "retry-after": Type.Integer({ minimum: 1, description: "Seconds to wait before the request is sent again." }),
  "idempotent-replayed": Type.Literal("true", {
    description: "The request was accepted before under this `Idempotency-Key`; this is its answer again.",
  }),
  "preference-applied": Type.String({
    description: "The answer has waited for the end, for these seconds at most (RFC 7240).",
    examples: ["wait=10"],
  }),
  link: Type.String({
    description: 'The next page (RFC 8288): `<path and query>; rel="next"`; absent on the last page.',
  }),
  "total-count": Type.Integer({ minimum: 0, description: "How many there are on all pages; with `total=true`." }),
  "www-authenticate": Type.String({ description: "How to authenticate (RFC 9110 section 11.6.1)." }),
  location: Type.String({ description: "Where the browser goes on (RFC 9110 section 10.2.2)." }),
  "accept-ranges": Type.Literal("bytes", { description: "Parts of the file can be asked for with `Range`." }),
  "content-range": Type.String({ description: "Which part of the file this is (RFC 9110 section 14.4)." }),
  "content-digest": Type.String({ description: "The SHA-256 of this content (RFC 9530)." }),
  "repr-digest": Type.String({ description: "The SHA-256 of the whole file (RFC 9530)." }),
  "content-disposition": Type.String({ description: "A name for the file." }),
  etag: Type.String({
    description: "Names this state of what is shown: for `If-Match`, `If-None-Match` and, of a file, `If-Range`.",
    examples: ['"p2cWOGBmhTGW0v1uF3qFkQ"'],
  }),
} as const satisfies Record<string, TSchema>;
/** Headers of a request that reads a single resource. */
export const ReadingConditions = Type.Object({
  "If-None-Match": Type.Optional(
    Type.String({ description: "Tags of what the caller has, or `*`: 304 without a body if one is still present." }),
  ),
});

/** Headers of a request that changes a single resource (RFC 9110 section 13.1). */
export const ChangingConditions = Type.Object({
  "If-Match": Type.Optional(
    Type.String({
      description:
        "The `ETag` that was read, or several: 412 if it has changed since. A weak tag (`W/`) never matches.",
      examples: ['"p2cWOGBmhTGW0v1uF3qFkQ"'],
    }),
  ),
  "If-None-Match": Type.Optional(Type.String({ description: "Tags, or `*`: 412 if what is there has one of them." })),
  "If-Unmodified-Since": Type.Optional(
    Type.String({ description: "An HTTP date: 412 if `updated_at` is later. Of no effect beside `If-Match`." }),
  ),
});

export type AnswerHeader = keyof typeof answerHeaders;

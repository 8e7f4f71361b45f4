import { Type } from "typebox";
import type { AnswerHeader } from "./headers.ts";

/** The content type of a file that the server does not look into. */
export const fileType = "application/octet-stream";
/** Answers with a whole file, or with a part of it. */
export const fileAnswers = { 200: Type.Unknown(), 206: Type.Unknown() };

/** The request headers that ask for a part of a file (RFC 9110 section 14.2). */
export const RangeHeaders = Type.Object({
  Range: Type.Optional(Type.String({ description: "One range of bytes.", examples: ["bytes=0-1023"] })),
  "If-None-Match": Type.Optional(
    Type.String({ description: "The `ETag` of what the caller has: 304 without a body if it is still the file." }),
  ),
  "If-Range": Type.Optional(Type.String({ description: "The `ETag` of the file that the range is for." })),
});
export const fileHeaders = [
  "accept-ranges",
  "content-range",
  "content-digest",
  "repr-digest",
  "etag",
] as const satisfies readonly AnswerHeader[];

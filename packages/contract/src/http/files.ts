import { Type } from "typebox";
import type { AnswerHeader } from "./headers.ts";

/** The type of a file that is what it is: nothing looks into it. */
export const fileType = "application/octet-stream";
/** A file, or a part of it. */
export const fileParts = { 200: Type.Unknown(), 206: Type.Unknown() };

/** How a part of a file is asked for (RFC 9110 section 14.2). */
export const RangeHeaders = Type.Object({
  Range: Type.Optional(Type.String({ description: "One range of bytes.", examples: ["bytes=0-1023"] })),
  "If-Range": Type.Optional(Type.String({ description: "The `ETag` that the range is of." })),
});
export const fileHeaders = [
  "accept-ranges",
  "content-range",
  "content-digest",
  "repr-digest",
  "etag",
] as const satisfies readonly AnswerHeader[];

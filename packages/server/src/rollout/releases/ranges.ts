import type { FilePart } from "../../files/file-store.ts";
import { ApiError } from "../../platform/errors.ts";

const oneRange = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/;

/**
 * The part that a `Range` asks for (RFC 9110 section 14). What it does not understand, and more than one part at a time, it
 * ignores: the whole file is a right answer to that. Throws `range_not_satisfiable`.
 */
export function partOf(range: string | undefined, size: number): FilePart | undefined {
  const [, from, to, tail] = oneRange.exec(range ?? "") ?? [];
  if (from === undefined && tail === undefined) return undefined;
  const first = from === undefined ? Math.max(0, size - Number(tail)) : Number(from);
  const last = Math.min(size - 1, to === undefined || to === "" ? size - 1 : Number(to));
  if (from !== undefined && to !== undefined && to !== "" && Number(to) < first) return undefined;
  if (first >= size || tail === "0") {
    throw new ApiError("range_not_satisfiable", "The range begins after the end of the file.", {
      errors: [{ path: "/headers/range", message: `the file has ${size} bytes` }],
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return { first, last };
}

import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import { escapeSegment } from "./pointer.ts";

/** How deep objects and arrays of a body may be nested in one another. */
export const deepest = 16;

/** The fault of a value that is nested deeper than that. */
export function tooDeep(path: string): ErrorDetail {
  return { path, message: `must not be nested deeper than ${deepest} levels` };
}

/**
 * Finds text that PostgreSQL cannot store: NUL characters and halves of surrogate pairs. Schemas cannot exclude either
 * from all strings at once, and the database would answer with an internal error.
 */
export function findUnstorable(root: unknown, rootPath: string): ErrorDetail | undefined {
  const open: { value: unknown; path: string; depth: number }[] = [{ value: root, path: rootPath, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path, depth } = next;
    if (typeof value === "string") {
      const fault = faultOf(value);
      if (fault) return { path, message: fault };
    } else if (typeof value === "object" && value !== null) {
      if (depth === deepest) return tooDeep(path);
      for (const [key, child] of Object.entries(value)) {
        const fault = faultOf(key);
        if (fault) return { path, message: `has a field whose name ${fault}` };
        open.push({ value: child, path: `${path}/${escapeSegment(key)}`, depth: depth + 1 });
      }
    }
  }
  return undefined;
}

function faultOf(text: string): string | undefined {
  if (text.includes("\0")) return "must not contain a NUL character";
  return text.isWellFormed() ? undefined : "must be well-formed Unicode";
}

import type { ErrorDetail } from "@tillkeeper/contract/http/errors";

const deepest = 16;

/**
 * Finds text that PostgreSQL cannot store: NUL characters and halves of surrogate pairs. Schemas cannot express either
 * for every string at once, and the database would answer them with a fault of its own.
 */
export function findUnstorable(root: unknown, rootPath: string): ErrorDetail | undefined {
  const open: { value: unknown; path: string; depth: number }[] = [{ value: root, path: rootPath, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path, depth } = next;
    if (typeof value === "string") {
      if (value.includes("\0")) return { path, message: "must not contain a NUL character" };
      if (!value.isWellFormed()) return { path, message: "must be well-formed Unicode" };
    } else if (typeof value === "object" && value !== null) {
      if (depth === deepest) return { path, message: `must not be nested deeper than ${deepest} levels` };
      for (const [key, child] of Object.entries(value))
        open.push({ value: child, path: `${path}/${key}`, depth: depth + 1 });
    }
  }
  return undefined;
}

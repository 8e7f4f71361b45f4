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
      const fault = faultOf(value);
      if (fault) return { path, message: fault };
    } else if (typeof value === "object" && value !== null) {
      if (depth === deepest) return { path, message: `must not be nested deeper than ${deepest} levels` };
      for (const [key, child] of Object.entries(value)) {
        const fault = faultOf(key);
        if (fault) return { path, message: `has a field whose name ${fault}` };
        open.push({ value: child, path: `${path}/${key}`, depth: depth + 1 });
      }
    }
  }
  return undefined;
}

function faultOf(text: string): string | undefined {
  if (text.includes("\0")) return "must not contain a NUL character";
  return text.isWellFormed() ? undefined : "must be well-formed Unicode";
}

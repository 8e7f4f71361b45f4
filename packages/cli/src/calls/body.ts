import { readFileSync } from "node:fs";
import { UsageError } from "../failure.ts";

/** Reads what `--body` gives: JSON, `@file`, or `-` for standard input. Throws `UsageError`. */
export function readBody(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  const path = text === "-" ? "/dev/stdin" : text.startsWith("@") ? text.slice(1) : undefined;
  try {
    return JSON.parse(path === undefined ? text : readFileSync(path, "utf8"));
  } catch (error) {
    // The message does not show the file's content: the user may have named a wrong file, with secrets in it.
    const why = error instanceof SyntaxError ? "it is not JSON" : (error as NodeJS.ErrnoException).code;
    throw new UsageError(`error: --body cannot be read: ${why}`);
  }
}

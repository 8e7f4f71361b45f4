import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import { type JSONPath, type ParseErrorCode, printParseErrorCode, visit } from "jsonc-parser";
import { ApiError, invalidRequest } from "../../errors.ts";
import { pointer } from "./pointer.ts";
import { deepest, tooDeep } from "./storable.ts";

/**
 * Parses the text of a body as JSON (RFC 8259). Stricter than `JSON.parse`, because other programs that read the same
 * body may understand it otherwise: a name that occurs twice in one object is refused, and so are names by which
 * JavaScript reaches the prototype of an object. Throws `invalid_json` with the place of a syntax error, and
 * `invalid_request` with the place of such a name.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  let valid = true;
  try {
    value = JSON.parse(text);
  } catch {
    valid = false;
  }
  findFault(text, valid, "/body");
  // Reached with invalid text only if the two parsers disagree.
  if (!valid) throw new ApiError("invalid_json", "The body is not valid JSON.");
  return value;
}

/**
 * The place in a valid text, as a path below `root`, that `parseJson` refuses: a name that occurs twice or reaches the
 * prototype of an object, or nesting that is too deep.
 */
export function findWrongName(text: string, root: string): ErrorDetail | undefined {
  try {
    findFault(text, true, root);
  } catch (error) {
    if (error instanceof ApiError) return error.errors[0];
    throw error;
  }
  return undefined;
}

/** What the parser expected at a syntax error. No text repeats the body, which may hold a secret. */
const expectations: Record<string, string> = {
  InvalidSymbol: "what stands here is no JSON value",
  InvalidNumberFormat: "this number is not complete",
  PropertyNameExpected: "a field's name in double quotes is expected here",
  ValueExpected: "a value is expected here",
  ColonExpected: "a colon is expected here",
  CommaExpected: "a comma or the end of the object or array is expected here",
  CloseBraceExpected: "a closing brace is missing here",
  CloseBracketExpected: "a closing bracket is missing here",
  EndOfFileExpected: "nothing may follow the value",
  InvalidCommentToken: "JSON has no comments",
  UnexpectedEndOfComment: "JSON has no comments",
  UnexpectedEndOfString: "this text has no closing quote on its line",
  UnexpectedEndOfNumber: "this number is not complete",
  InvalidUnicode: "\\u in this text must have four hexadecimal digits behind it",
  InvalidEscapeCharacter: "this text has a backslash before a character that has no such form",
  InvalidCharacter: "control characters in texts must be escaped",
};

/** Walks the text once and throws at its first fault. Nesting is bounded, because the library's walk is recursive. */
function findFault(text: string, valid: boolean, root: string): void {
  const names: Set<string>[] = [];
  let depth = 0;
  const enter = (path: () => JSONPath) => {
    depth += 1;
    if (depth > deepest) throw invalidRequest(tooDeep(pointer(root, path())));
  };
  visit(
    text,
    {
      onObjectBegin(_offset, _length, _line, _character, path) {
        enter(path);
        names.push(new Set());
      },
      onObjectEnd() {
        depth -= 1;
        names.pop();
      },
      onArrayBegin: (_offset, _length, _line, _character, path) => enter(path),
      onArrayEnd() {
        depth -= 1;
      },
      onObjectProperty(name, _offset, _length, line, character, path) {
        const known = names.at(-1);
        if (known?.has(name)) throw repeated(pointer(root, [...path(), name]), line, character);
        known?.add(name);
        if (reachesPrototype(name, path)) throw forbidden(pointer(root, [...path(), name]));
      },
      onError(code, _offset, _length, line, character) {
        if (!valid) throw syntaxError(code, line, character);
      },
    },
    { disallowComments: true, allowTrailingComma: false },
  );
}

function reachesPrototype(name: string, path: () => JSONPath): boolean {
  return name === "__proto__" || (name === "prototype" && path().at(-1) === "constructor");
}

/** Lines and columns as editors count them, from 1; the library counts from 0. */
function placeOf(line: number, character: number): { line: number; column: number } {
  return { line: line + 1, column: character + 1 };
}

function syntaxError(code: ParseErrorCode, zeroLine: number, character: number): ApiError {
  const { line, column } = placeOf(zeroLine, character);
  const where = `line ${line}, column ${column}`;
  const expected = expectations[printParseErrorCode(code)] ?? "this is not valid";
  return new ApiError("invalid_json", `The body is not valid JSON: ${where}: ${expected}.`, {
    errors: [{ path: "/body", message: `${where}: ${expected}`, line, column }],
  });
}

function repeated(path: string, zeroLine: number, character: number): ApiError {
  const { line, column } = placeOf(zeroLine, character);
  const message = `is there more than once, again at line ${line}, column ${column}; a name may occur once in an object`;
  return invalidRequest({ path, message, line, column });
}

function forbidden(path: string): ApiError {
  return invalidRequest({ path, message: "is a name that no field may have" });
}

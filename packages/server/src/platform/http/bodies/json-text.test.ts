import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ApiError } from "../../errors.ts";
import { parseJson } from "./json-text.ts";

function refusal(text: string): ApiError {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error(`taken: ${text.slice(0, 100)}`);
}

describe("the parser of JSON bodies", () => {
  it("reads what JSON.parse reads, and refuses what it refuses", () => {
    const named = (value: unknown): boolean =>
      typeof value === "object" &&
      value !== null &&
      Object.entries(value).some(([k, v]) => k === "__proto__" || named(v));
    const json = fc.json({ maxDepth: 6 }).filter((text) => !named(JSON.parse(text)));
    fc.assert(
      fc.property(json, (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
    // One character more, less or other than valid JSON: the two agree about it.
    const edit = fc.tuple(
      json,
      fc.nat(),
      fc.constantFrom("", "{", "}", "[", "]", '"', ",", ":", "0", "\\", "\n", "e", "-"),
    );
    fc.assert(
      fc.property(edit, fc.nat({ max: 1 }), ([text, at, put], cut) => {
        const place = at % (text.length + 1);
        const edited = text.slice(0, place) + put + text.slice(place + cut);
        let valid = true;
        try {
          JSON.parse(edited);
        } catch {
          valid = false;
        }
        if (!valid) expect(refusal(edited).status).toBe(400);
      }),
      { numRuns: 1_000 },
    );
  });

  // nst/JSONTestSuite: its names begin with n_ for texts that no parser may take (RFC 8259).
  it.each([
    ["n_object_trailing_comma", '{"id":0,}', 1, 9],
    ["n_object_missing_colon", '{"a" b}', 1, 6],
    ["n_object_unquoted_key", '{a: "b"}', 1, 2],
    ["n_object_single_quote", "{'a':0}", 1, 2],
    ["n_object_comma_instead_of_colon", '{"x", null}', 1, 5],
    ["n_object_trailing_comment", '{"a":"b"}/**/', 1, 10],
    ["n_array_double_comma", "[1,,2]", 1, 4],
    ["n_array_unclosed", '[""', 1, 4],
    ["n_number_NaN", "[NaN]", 1, 2],
    ["n_number_-01", "[-01]", 1, 4],
    ["n_number_2.e3", "[2.e3]", 1, 2],
    ["n_string_escape_x", '["\\x00"]', 1, 2],
    ["n_string_unescaped_newline", '["new\nline"]', 1, 2],
    ["n_structure_trailing_#", '{"a":"b"}#{}', 1, 10],
    ["n_structure_no_data", "", 1, 1],
    ["n_structure_whitespace_U+2060_word_joiner", "[\u2060]", 1, 2],
    ["n_structure_double_array", "[][]", 1, 3],
    ["a fault on another line", '{\r\n  "a": 1,\n  "b": oops\n}', 3, 8],
  ])("says where the fault is: %s", (_name, text, line, column) => {
    const { code, errors, message } = refusal(text);
    expect({ code, errors }).toEqual({
      code: "invalid_json",
      errors: [{ path: "/body", message: expect.stringContaining(`line ${line}, column ${column}: `), line, column }],
    });
    expect(message).toContain(errors[0]?.message);
  });

  it("repeats nothing of a text that it cannot read, which may hold a secret", () => {
    for (const text of ['{"client_secret":"hunter2" "x"}', '{"client_secret":hunter2}', '{"hunter2'])
      expect(JSON.stringify(refusal(text).body())).not.toContain("hunter2");
  });

  // RFC 8259 section 4: parsers differ in what they make of a name that occurs twice.
  it("names a field that is there twice, however it is written, and where", () => {
    for (const [text, path, column] of [
      ['{"a":1,"a":1}', "/body/a", 8],
      ['{"a":1,"\\u0061":2}', "/body/a", 8],
      ['{"b":[{"a":1},{"a":1,"x":{},"a":2}]}', "/body/b/1/a", 29],
      ['{"":1,"":2}', "/body/", 7],
      ['{"a/b~":1,"a/b~":2}', "/body/a~1b~0", 11],
      ['{"constructor":1,"constructor":2}', "/body/constructor", 18],
    ] as const) {
      const { code, errors } = refusal(text);
      expect({ code, path: errors[0]?.path, column: errors[0]?.column }).toEqual({
        code: "invalid_request",
        path,
        column,
      });
    }
    expect(parseJson('{"a":{"a":{"a":[{"a":1},{"a":1}]}},"A":1}')).toHaveProperty("A");
  });

  it("names keys that reach the prototype of an object, and takes those that only look so", () => {
    for (const [text, path] of [
      ['{"__proto__":1}', "/body/__proto__"],
      ['{"a":[{"\\u005f_proto__":{}}]}', "/body/a/0/__proto__"],
      ['{"constructor":{"prototype":{}}}', "/body/constructor/prototype"],
    ]) {
      expect(refusal(text as string)).toMatchObject({ code: "invalid_request", errors: [{ path }] });
    }
    const own = '{"prototype":1,"constructor":{"a":1},"toString":2,"text":"\\"__proto__\\":"}';
    expect(parseJson(own)).toEqual(JSON.parse(own));
  });

  it("refuses texts that nest without end or repeat without end", () => {
    const deep = [
      "[".repeat(250_000),
      '{"a":'.repeat(50_000),
      `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
      '[{"a":'.repeat(40_000),
    ];
    for (const text of deep)
      expect(refusal(text)).toMatchObject({ errors: [{ message: "must not be nested deeper than 16 levels" }] });
    expect(parseJson(`${"[".repeat(16)}${"]".repeat(16)}`)).toBeTruthy();
    expect(refusal(`{${'"a":1,'.repeat(40_000)}"a":1}`)).toMatchObject({ errors: [{ path: "/body/a" }] });
    expect(refusal(`[${"x ".repeat(120_000)}`)).toMatchObject({ code: "invalid_json" });
    expect(refusal(`"${"\\".repeat(250_000)}`)).toMatchObject({ code: "invalid_json" });
  });
});

import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { patternWords } from "@tillkeeper/contract/http/pattern-words";
import { describe, expect, it } from "vitest";
import { compileValidator, errorDetails } from "./validation.ts";

const all = Object.values(endpoints).flatMap((rows): Endpoint[] => Object.values(rows));

/** The patterns of texts in a schema and in all below it. */
function patternsOf(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { pattern } = schema as { pattern?: unknown };
  return [...(typeof pattern === "string" ? [pattern] : []), ...Object.values(schema).flatMap(patternsOf)];
}

function faultsOf(schema: object, value: unknown, httpPart = "body") {
  const validate = compileValidator({ schema, httpPart, method: "POST", url: "/" });
  const { error = [] } = (validate(value) ?? {}) as { error?: never[] };
  return errorDetails(error, httpPart);
}

describe("words for what a request breaks", () => {
  it("stand for every pattern of a request, and for no other", () => {
    const used = new Set(all.flatMap(({ params, query, body }) => patternsOf([params, query, body])));
    expect([...used].filter((pattern) => !(pattern in patternWords))).toEqual([]);
    expect(Object.keys(patternWords).filter((pattern) => !used.has(pattern))).toEqual([]);
    for (const words of Object.values(patternWords)) expect(words).toMatch(/^must [^\\^$]+$/);
  });

  it("say what is allowed, and what came", () => {
    const text = { type: "string", minLength: 1, maxLength: 3, pattern: "^[A-Z]{3}$" };
    for (const [schema, value, message] of [
      [text, "", "must not be empty"],
      [text, "abcd", "must have at most 3 characters"],
      [text, "abc", "must be a currency of ISO 4217 in capital letters, such as NOK"],
      [text, 1, "must be text, not a number"],
      [text, null, "must be text, not null"],
      [{ type: "integer", minimum: 5, maximum: 9 }, 4, "must be at least 5"],
      [{ type: "integer", minimum: 5, maximum: 9 }, 10, "must be at most 9"],
      [{ type: "integer" }, "5", "must be a whole number, not text"],
      [{ type: "integer" }, 5.5, "must be a whole number, not one with a fraction"],
      [{ type: "boolean" }, [], "must be true or false, not a list"],
      [{ type: "object", minProperties: 1 }, {}, "must have at least 1 field"],
      [{ type: "object" }, false, "must be an object, not false"],
      [{ type: "array", items: text, minItems: 2 }, ["NOK"], "must have at least 2 entries"],
      [{ type: "array", items: text, maxItems: 1 }, ["NOK", "SEK"], "must have at most 1 entry"],
      [{ type: "array", items: text, uniqueItems: true }, ["NOK", "NOK"], "must not have the same entry twice"],
      [{ enum: ["A", "B"] }, "C", "must be one of A, B"],
      [{ const: "A" }, "C", 'must be "A"'],
      [{ type: "string", pattern: "^x$" }, "y", "must have the form that the reference at /docs shows"],
    ] as const) {
      const schemaOf = { type: "object", properties: { field: schema }, additionalProperties: false };
      expect(faultsOf(schemaOf, { field: value }), message).toContainEqual({ path: "/body/field", message });
    }
  });

  it("name a place once", () => {
    const schema = { type: "object", properties: { id: { type: "string", minLength: 2, pattern: "^[A-Z]{3}$" } } };
    expect(faultsOf(schema, { id: "" })).toEqual([{ path: "/body/id", message: "must have at least 2 characters" }]);
  });
});

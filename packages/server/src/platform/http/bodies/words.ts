import { patternWords } from "@tillkeeper/contract/http/pattern-words";
import type { ErrorObject } from "ajv";

/**
 * Says what a schema's rule allows, in words for callers: the end of a sentence that begins with the place. `typed`
 * values are compared with their own type; what stands in a URL is text, whatever it means.
 */
export function inWords({ keyword, params, data, message }: ErrorObject, { typed }: { typed: boolean }): string {
  if (keyword === "type") return `must be ${words(params["type"])}${typed ? `, not ${nameOf(data)}` : ""}`;
  return writers[keyword]?.(params) ?? message ?? "is not valid";
}

/** Types of JSON and of schemas, with what an error says of them. */
const typeWords: Record<string, string> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  null: "null",
};

const formatWords: Record<string, string> = {
  "date-time": "must be a date and time with its zone, such as 2026-01-31T12:00:00Z",
  date: "must be a date of the calendar, such as 2026-01-31",
  uuid: "must be a UUID, such as 3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
  email: "must be an e-mail address, such as shop@example.com",
  uri: "must be a whole address with its scheme, such as https://example.com/",
  "iso-3166-1-alpha-2": "must be a country's two capital letters by ISO 3166-1, such as NO",
};

/** What the validator tells of a broken rule. */
interface Params {
  allowedValues?: unknown[];
  allowedValue?: unknown;
  format?: string;
  pattern?: string;
  limit?: number;
}

const writers: Record<string, (params: Params) => string> = {
  enum: ({ allowedValues }) => `must be one of ${allowedValues?.join(", ")}`,
  const: ({ allowedValue }) => `must be ${JSON.stringify(allowedValue)}`,
  format: ({ format }) => formatWords[format ?? ""] ?? `must be a valid ${format}`,
  pattern: ({ pattern }) => patternWords[pattern ?? ""] ?? "must have the form that the reference at /docs shows",
  minLength: ({ limit }) => (limit === 1 ? "must not be empty" : `must have at least ${limit} characters`),
  maxLength: ({ limit }) => `must have at most ${limit} ${limit === 1 ? "character" : "characters"}`,
  minProperties: ({ limit }) => `must have at least ${limit} ${limit === 1 ? "field" : "fields"}`,
  minItems: ({ limit }) => (limit === 1 ? "must not be empty" : `must have at least ${limit} entries`),
  maxItems: ({ limit }) => `must have at most ${limit} ${limit === 1 ? "entry" : "entries"}`,
  uniqueItems: () => "must not have the same entry twice",
  minimum: ({ limit }) => `must be at least ${limit}`,
  maximum: ({ limit }) => `must be at most ${limit}`,
  anyOf: () => "must have one of the forms that the reference at /docs shows",
};

/** `type` of a schema is a name, or a list of names. */
function words(type: unknown): string {
  return [type]
    .flat()
    .map((name) => typeWords[name as string] ?? String(name))
    .join(" or ");
}

function nameOf(data: unknown): string {
  if (data === null) return "null";
  if (Array.isArray(data)) return "a list";
  if (typeof data === "boolean") return String(data);
  // The only number that is not of the type it should be is one with a fraction, where a whole one is wanted.
  if (typeof data === "number" && !Number.isInteger(data)) return "one with a fraction";
  return typeWords[typeof data] ?? typeof data;
}

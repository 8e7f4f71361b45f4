import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import { unchangedKeyword } from "@tillkeeper/contract/http/sent-back";
import { Ajv, type ErrorObject } from "ajv";
import addFormatsModule from "ajv-formats";
import type { FastifySchemaCompiler, FastifySchemaValidationError } from "fastify";
import { iso31661Alpha2ToAlpha3 } from "iso-3166";
import { isDate, isDateTime, isUuid } from "../../formats.ts";
import { escapeSegment } from "./pointer.ts";
import { queryHint } from "./query-words.ts";
import { inWords } from "./words.ts";

// The package's types describe its CommonJS form: under Node's ES modules the function is the default of the default.
const addFormats = addFormatsModule as unknown as typeof addFormatsModule.default;

const mostErrors = 20;

/** Parts of a request, as error paths name them. */
const partNames: Record<string, string> = {
  body: "/body",
  querystring: "/query",
  params: "/path",
  headers: "/headers",
};

function ajv(coerceTypes: false | "array"): Ajv {
  // Verbose: errors hold the value and its schema, for the words of the answer.
  const rules = { allErrors: true, removeAdditional: false, useDefaults: true, strict: true, verbose: true } as const;
  const instance = new Ajv({ ...rules, coerceTypes });
  instance.addKeyword(unchangedKeyword);
  addFormats(instance, ["email", "uri"]);
  instance.addFormat("date-time", isDateTime);
  instance.addFormat("date", isDate);
  instance.addFormat("uuid", isUuid);
  instance.addFormat("iso-3166-1-alpha-2", (text: string) => Object.hasOwn(iso31661Alpha2ToAlpha3, text));
  return instance;
}

/** Text in the URL is coerced to the numbers and lists of the schema; bodies are not coerced. */
const forUrls = ajv("array");
const forBodies = ajv(false);

/** Fault of a missing body. The framework passes null for it, and JSON's `null` is treated alike. */
const noBody: FastifySchemaValidationError = {
  keyword: "body",
  instancePath: "",
  schemaPath: "",
  params: {},
  message: "is required",
};

export const compileValidator: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) => {
  const validate = (httpPart === "body" ? forBodies : forUrls).compile(schema as object);
  return (value) => {
    if (httpPart === "body" && value === null) return { error: [noBody] };
    if (validate(value)) {
      const infinite = findInfinite(value, "");
      return infinite === undefined ? { value } : { error: [notFinite(infinite)] };
    }
    return { error: (validate.errors ?? []) as unknown as FastifySchemaValidationError[] };
  };
};

/** Path of an infinite number: text such as `1e309` becomes Infinity, which passes `maximum`. */
function findInfinite(value: unknown, path: string): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : path;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, child] of Object.entries(value)) {
    const found = findInfinite(child, `${path}/${escapeSegment(name)}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function notFinite(instancePath: string): FastifySchemaValidationError {
  return {
    keyword: "finite",
    instancePath,
    schemaPath: "",
    params: {},
    message: "must be a number that is not too large",
  };
}

/** As `compileValidator`, for routes whose body is a stream: the handler checks it while it reads. */
export const compileBodyless: FastifySchemaCompiler<unknown> = (route) =>
  route.httpPart === "body" ? () => true : compileValidator(route);

/**
 * The faults of a request, each with a JSON pointer that starts at `/body`, `/query`, `/path` or `/headers`. A place is
 * named once, with the first rule that it breaks.
 */
export function errorDetails(errors: readonly FastifySchemaValidationError[], part: string | undefined): ErrorDetail[] {
  const root = partNames[part ?? ""] ?? "";
  const places = new Map<string, ErrorDetail>();
  for (const error of errors) {
    const detail = describe(error, root);
    if (!places.has(detail.path)) places.set(detail.path, detail);
    if (places.size === mostErrors) break;
  }
  return [...places.values()];
}

function describe(error: ErrorObject, root: string): ErrorDetail {
  const { path, message } = fault(error, root);
  const hint = root === partNames["querystring"] ? queryHint(error) : undefined;
  return { path, message: hint === undefined ? message : `${message}; ${hint}` };
}

function fault(error: ErrorObject, root: string): ErrorDetail {
  const here = `${root}${error.instancePath}`;
  const { additionalProperty, missingProperty } = error.params;
  switch (error.keyword) {
    case "additionalProperties":
      return { path: `${here}/${escapeSegment(additionalProperty)}`, message: "is not a known field" };
    case "required":
      return { path: `${here}/${escapeSegment(missingProperty)}`, message: "is required" };
    default:
      return { path: here, message: inWords(error, { typed: root === partNames["body"] }) };
  }
}

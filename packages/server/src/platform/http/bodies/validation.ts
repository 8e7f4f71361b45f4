import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import { unchangedKeyword } from "@tillkeeper/contract/http/sent-back";
import { Ajv, type ErrorObject } from "ajv";
import addFormatsModule from "ajv-formats";
import type { FastifySchemaCompiler, FastifySchemaValidationError } from "fastify";
import { iso31661Alpha2ToAlpha3 } from "iso-3166";
import { isDateTime, isUuid } from "../../formats.ts";

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
  const instance = new Ajv({ allErrors: true, coerceTypes, removeAdditional: false, useDefaults: true, strict: true });
  instance.addKeyword(unchangedKeyword);
  addFormats(instance, ["email", "uri"]);
  instance.addFormat("date-time", isDateTime);
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
    const found = findInfinite(child, `${path}/${escape(name)}`);
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

/** All faults of the request, each with a JSON pointer that starts at `/body`, `/query`, `/path` or `/headers`. */
export function errorDetails(errors: readonly FastifySchemaValidationError[], part: string | undefined): ErrorDetail[] {
  const root = partNames[part ?? ""] ?? "";
  return errors.slice(0, mostErrors).map((error) => describe(error as unknown as ErrorObject, root));
}

/** RFC 6901: escapes the separator in a name. */
function escape(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function describe(error: ErrorObject, root: string): ErrorDetail {
  const here = `${root}${error.instancePath}`;
  switch (error.keyword) {
    case "additionalProperties":
      return { path: `${here}/${escape(error.params["additionalProperty"])}`, message: "is not a known field" };
    case "required":
      return { path: `${here}/${error.params["missingProperty"]}`, message: "is required" };
    case "enum":
      return { path: here, message: `must be one of ${error.params["allowedValues"].join(", ")}` };
    case "format":
      return { path: here, message: `must be a valid ${error.params["format"]}` };
    default:
      return { path: here, message: error.message ?? "is not valid" };
  }
}

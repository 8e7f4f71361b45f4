import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import type { ErrorObject } from "ajv";

/** A query's parameters in the schema of a route, as far as it matters here. */
type Parameters = Record<string, { type?: string; items?: { enum?: string[] } }>;

/** `status[]`, `status[0]`, `created_at[gte]`: forms that other APIs, PHP and axios give to lists and to filters. */
const bracketed = /^([^[\]]+)\[([^[\]]*)\]$/;
/** A time whose offset was written with a plain `+`. */
const offsetAfterBlank = /\d \d\d:\d\d$/;
const shownValues = 3;
const longestExample = 100;

/**
 * Says how a query parameter is written, when the caller wrote it in a form of other APIs. Undefined when there is
 * nothing to say beyond the error itself.
 */
export function queryHint(error: ErrorObject): string | undefined {
  const { keyword, params, data, parentSchema, instancePath } = error;
  if (keyword === "additionalProperties") {
    return hintForName(params["additionalProperty"], (parentSchema?.["properties"] ?? {}) as Parameters);
  }
  if (params["format"] === "date-time" && typeof data === "string" && offsetAfterBlank.test(data))
    return "a + in an address stands for a blank: write %2B for the + of the offset";
  const name = instancePath.split("/")[1] ?? "";
  // A list's entry has a place of its own below the parameter.
  const inList = instancePath.split("/").length > 2;
  if (inList && typeof data === "string" && data.includes(",")) return repeatIt(name, data.split(","));
  const several = Array.isArray(data) || (typeof data === "string" && data.includes(","));
  return several && !inList && parentSchema?.["type"] !== "array" ? "the parameter takes one value" : undefined;
}

function hintForName(name: string, known: Parameters): string | undefined {
  const [, base = "", inner = ""] = bracketed.exec(name) ?? [];
  if (Object.hasOwn(known, base)) {
    const { type, items } = known[base] ?? {};
    if (type !== "array") return `the parameter takes one value: write ${base}=`;
    return repeatIt(base, items?.enum?.slice(0, 2) ?? ["A", "B"]);
  }
  if (base !== "" && Object.hasOwn(known, `${base}.${inner}`)) return `write ${base}.${inner}=`;
  const meant = Object.keys(known).find((other) => bare(other) === bare(name));
  return meant && `did you mean ${meant}?`;
}

/** The right form of a list: the parameter once for each value. */
function repeatIt(name: string, values: readonly string[]): string {
  const pairs = values.slice(0, shownValues).map((value) => `${name}=${encodeURIComponent(value.trim())}`);
  const example = pairs.join("&");
  const shown = example.length > longestExample ? `${name}=A&${name}=B` : example;
  return `for several values repeat the parameter: ${shown}`;
}

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** The fault of a query that is no percent-encoded UTF-8. The parser would take such text as it stands. */
export function encodingFault(url: string): ErrorDetail | undefined {
  const query = url.slice(url.indexOf("?") + 1);
  try {
    if (query.length < url.length && query.includes("%")) decodeURIComponent(query);
    return undefined;
  } catch {
    return { path: "/query", message: "must be percent-encoded UTF-8: `%` and two hexadecimal digits for each byte" };
  }
}

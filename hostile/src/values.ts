import type { Random } from "@tillkeeper/stage/programs/random";
import fc from "fast-check";
import type { Schema } from "./document.ts";

/** Texts that have broken servers before: in storage, routing, parsing of numbers and times, logs and shells. */
const hostileTexts = [
  "",
  " ",
  "\0",
  "\ud800",
  "\ufeff",
  "\u202e",
  "\u0007",
  "𝕏",
  "../..",
  "..%2f..%2f",
  "%00",
  "%",
  "%zz",
  "' or 1=1 --",
  "\\'; drop table stores; --",
  "${7*7}",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "\r\nSet-Cookie: a=b",
  "null",
  "undefined",
  "NaN",
  "-1",
  "0x10",
  "1e309",
  "-1e309",
  "9007199254740993",
  "99999999999999999999",
  "__proto__",
  "constructor",
  "toString",
  "urn:uuid:3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
  "00000000-0000-0000-0000-000000000000",
  "2016-12-31T23:59:60Z",
  "2026-02-30T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "+275760-09-13T00:00:00Z",
  "9999-12-31T23:59:59-23:59",
  "2026-01-01T00:00:00+01",
  "x".repeat(5_000),
  "🙂".repeat(200),
  "a".repeat(300),
];

const hostileThings: unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e308,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  [],
  {},
  [[[[[[]]]]]],
  [null],
  { a: { b: { c: {} } } },
  { toString: 1, hasOwnProperty: 2 },
];

/** A random text that no schema asks for. */
export function hostileText(random: Random): string {
  return random.pick(hostileTexts);
}

/** A random JSON value that no schema asks for. */
export function hostileValue(random: Random): unknown {
  if (random.chance(0.5)) return hostileText(random);
  return random.chance(0.02) ? nested(random.integer(10, 2_000)) : random.pick(hostileThings);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

/** A value that fits the schema. An object has its required fields, and each optional one with the probability `more`,
 * but for ids that may come back unchanged only. */
export function fitting(schema: Schema, random: Random, more = 0.3): unknown {
  if (schema.anyOf) return fitting(random.pick(schema.anyOf), random, more);
  if (schema.enum) return random.pick(schema.enum);
  if ("const" in schema) return schema.const;
  switch (schema.type) {
    case "object": {
      const fields = Object.entries(schema.properties ?? {}).filter(
        ([name, field]) => schema.required?.includes(name) || (!field["x-unchanged"] && random.chance(more)),
      );
      return Object.fromEntries(fields.map(([name, field]) => [name, fitting(field, random, more)]));
    }
    case "array":
      return Array.from({ length: random.integer(0, 2) }, () => fitting(schema.items ?? {}, random, more));
    case "integer":
      return random.integer(schema.minimum ?? 0, Math.min(schema.maximum ?? 700, (schema.minimum ?? 0) + 1_000));
    case "number":
      return (schema.minimum ?? 0) + random.next() * ((schema.maximum ?? 700) - (schema.minimum ?? 0));
    case "boolean":
      return random.chance(0.5);
    default:
      return fittingText(schema, random);
  }
}

function fittingText({ format, pattern, examples, minLength = 0, maxLength = 40 }: Schema, random: Random): unknown {
  if (format === "email") return `person-${random.integer(1, 999)}@example.org`;
  if (format === "uri") return "https://example.org/";
  if (format === "uuid") return uuid(random);
  if (format === "iso-3166-1-alpha-2") return random.pick(["NO", "SE", "DK", "FI", "DE"]);
  if (format === "date-time") return new Date(1_700_000_000_000 + random.integer(0, 1e9) * 100).toISOString();
  // Dates are business days, which may be asked for while they are recent.
  if (format === "date")
    return random.chance(0.8) ? recentDay(random) : dayOf(1_700_000_000_000 + random.integer(0, 1e9) * 100);
  if (pattern !== undefined) {
    const pool = matching(pattern);
    if (pool) return random.pick(pool);
  }
  if (examples && random.chance(0.5)) return random.pick(examples);
  return "Grünerløkka 12 æøå 北".padEnd(minLength, "x").slice(0, Math.max(minLength, Math.min(maxLength, 12)));
}

/** A date of the last month that is over in every time zone. */
export function recentDay(random: Random): string {
  return dayOf(Date.now() - random.integer(2, 30) * 86_400_000);
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

const pools = new Map<string, string[] | undefined>();

/** Texts that match a pattern, made once. Undefined for Unicode classes and look-ahead, which the generator does not support. */
function matching(pattern: string): string[] | undefined {
  if (!pools.has(pattern)) {
    const known = !/\\p|\(\?[!=]/.test(pattern);
    const texts = () => fc.sample(fc.stringMatching(new RegExp(pattern, "u")), { seed: 1, numRuns: 200 });
    pools.set(pattern, known ? texts() : undefined);
  }
  return pools.get(pattern);
}

/** A random UUID of version 4. */
export function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.integer(0, 15).toString(16)).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** An id of the form and length of `id`, but of no thing. */
export function missingIdLike(id: string): string {
  if (/^[\da-f]{8}-/.test(id)) return `${id.slice(0, -12)}${"f".repeat(12)}`;
  if (/-T\d{4}$/.test(id)) return `${id.slice(0, -4)}9${id.slice(-3)}`;
  if (/own|far/.test(id)) return id.replace(/own|far/, "nix");
  if (/^\d+$/.test(id)) return `9${id}`;
  return "A".repeat(id.length);
}

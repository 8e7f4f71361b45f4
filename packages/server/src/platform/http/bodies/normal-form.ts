import type { TSchema } from "typebox";

/** The part of JSON Schema that requests use. */
interface Form {
  type?: string;
  properties?: Record<string, TSchema>;
  items?: TSchema;
  anyOf?: TSchema[];
}

type Normalize = (value: unknown) => unknown;

/**
 * Returns a function that puts the texts of a request into Unicode's normal form C, before the request is validated. An `é`
 * may arrive as one character or as two, depending on the caller's keyboard and file system; stored so, an id would be two
 * ids (Unicode Standard Annex 15). Only texts that the schema knows are changed: the contents of free objects belong to
 * others. Undefined for a schema without texts.
 */
export function normalFormOf(schema: TSchema): Normalize | undefined {
  const { type, properties, items, anyOf } = schema as Form;
  if (type === "string") return (value) => (typeof value === "string" ? value.normalize("NFC") : value);
  if (properties) return ofFields(properties);
  const parts = (items ? [items] : (anyOf ?? [])).map(normalFormOf).filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  const each: Normalize = (value) => parts.reduce((text, part) => part(text), value);
  // In the query, a list of one is not a list yet.
  return items ? (value) => (Array.isArray(value) ? value.map(each) : each(value)) : each;
}

function ofFields(properties: Record<string, TSchema>): Normalize | undefined {
  const fields = Object.entries(properties)
    .map(([name, schema]) => [name, normalFormOf(schema)] as const)
    .filter((field): field is [string, Normalize] => field[1] !== undefined);
  if (fields.length === 0) return undefined;
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const known = value as Record<string, unknown>;
    for (const [name, normalize] of fields) if (Object.hasOwn(known, name)) known[name] = normalize(known[name]);
    return known;
  };
}

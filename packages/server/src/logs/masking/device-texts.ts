import { isFreeText } from "@tillkeeper/contract/texts";
import type { TSchema } from "typebox";
import { maskText } from "./mask-text.ts";

/** Takes a valid value of a schema, and answers it as it may be kept. */
export type ReadTexts = (value: unknown) => unknown;

/** As much of JSON schema as the messages of devices are made of. */
interface Form {
  type?: string;
  contentMediaType?: string;
  properties?: Record<string, TSchema>;
  items?: TSchema;
  enum?: unknown;
  const?: unknown;
}

const scalars: ReadonlySet<string | undefined> = new Set(["integer", "number", "boolean"]);
const asItIs: ReadTexts = (value) => value;

/**
 * Reads what a device has sent by the schema of it: free text is masked, identifiers and figures are kept, and what the schema
 * does not know goes no further. Throws for a schema that says nothing of some place in it, so that none can be forgotten.
 */
export function textReader(schema: TSchema): ReadTexts {
  const form = schema as Form;
  if (form.properties) return fieldReader(form.properties);
  if (form.type === "array" && form.items) {
    const read = textReader(form.items);
    return (value) => (value as unknown[]).map(read);
  }
  if (form.type === "string" && isFreeText(form)) return (value) => maskText(value as string);
  if (form.type === "string" || scalars.has(form.type)) return asItIs;
  if (form.enum !== undefined || form.const !== undefined) return asItIs;
  throw new TypeError(`A schema that no device message may have: ${JSON.stringify(schema)}`);
}

function fieldReader(properties: Record<string, TSchema>): ReadTexts {
  const fields = Object.entries(properties).map(([name, schema]) => [name, textReader(schema)] as const);
  return (value) => {
    const known = value as Record<string, unknown>;
    const kept: Record<string, unknown> = {};
    for (const [name, read] of fields) if (known[name] !== undefined) kept[name] = read(known[name]);
    return kept;
  };
}

/** Whether anything in a schema is free text of a device. */
export function hasFreeText(schema: object): boolean {
  return isFreeText(schema) || Object.values(schema).some((inner) => isObject(inner) && hasFreeText(inner));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

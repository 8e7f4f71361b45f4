import { FaultCode, Identifier, isFreeText } from "@tillkeeper/contract/texts";

/** The part of JSON Schema that the contract's messages use. */
export interface AnySchema {
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  anyOf?: readonly AnySchema[];
  properties?: Readonly<Record<string, AnySchema>> | undefined;
  required?: readonly string[] | undefined;
  items?: AnySchema;
  description?: string;
  format?: string;
  pattern?: string;
  contentMediaType?: unknown;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
}

/** Beginning of the description of a field that is required in some cases, and absent in all others. */
const whenRequired = "Always with ";
const codes: AnySchema = FaultCode;
const identifiers: AnySchema = Identifier({ maxLength: 1 });

/** The table rows of a schema's fields, nested ones included: name, type and meaning. */
export function fieldRows(schema: AnySchema, prefix = ""): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const isRequired = schema.required?.includes(name) ?? false;
    const inside = field.items?.properties
      ? fieldRows(field.items, `${prefix}${name}[].`)
      : fieldRows(field, `${prefix}${name}.`);
    const { description = "" } = field;
    // "Optional" would mean that a writer may leave the field out.
    const isOptional = !isRequired && !description.startsWith(whenRequired);
    const meaning = [isOptional ? "Optional." : "", description].filter(Boolean).join(" ");
    return [`| \`${prefix}${name}\` | ${typeOf(field)} | ${meaning} |`, ...inside];
  });
}

function typeOf(schema: AnySchema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum)
    return schema.enum
      .map(code)
      .join(", ")
      .replace(/, ([^,]*)$/, " or $1");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  switch (schema.type) {
    case "string":
      return textOf(schema);
    case "integer":
      return `integer${spanOf(schema.minimum, schema.maximum)}`;
    case "array":
      return schema.maxItems === undefined ? "array" : `array, at most ${schema.maxItems}`;
    case "null":
      return code(null);
    case undefined:
      return "object";
    default:
      return schema.type;
  }
}

function textOf(schema: AnySchema): string {
  const { format, pattern, minLength, maxLength } = schema;
  if (format === "uuid") return "uuid";
  if (format === "date-time") return "time";
  if (pattern === codes.pattern) return "[code](#texts)";
  const length =
    maxLength === undefined ? "" : `, ${minLength === undefined ? "at most " : `${minLength}–`}${maxLength} characters`;
  if (isFreeText(schema)) return `[free text](#texts)${length}`;
  if (pattern === identifiers.pattern) return `[identifier](#texts)${length}`;
  return `string${pattern === undefined ? "" : ` ${code(pattern)}`}${length}`;
}

function spanOf(minimum: number | undefined, maximum: number | undefined): string {
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (isBounded) return `, ${minimum ?? 0}–${maximum}`;
  if (minimum === undefined || minimum < 0) return "; at most 2⁵³ − 1";
  return `, from ${minimum}`;
}

function code(value: unknown): string {
  return `\`${String(value)}\``;
}

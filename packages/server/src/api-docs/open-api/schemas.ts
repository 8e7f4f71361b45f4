type Json = string | number | boolean | null | undefined | Json[] | { [name: string]: Json };
export type Schema = { [name: string]: Json };

/** Builds the document's schemas from TypeBox schemas: named ones as references, the others in place. */
export class Schemas {
  readonly #named: Readonly<Record<string, object>>;
  readonly #names = new Map<string, string>();
  readonly #used = new Set<string>();

  /** When two names have one shape, the first name counts. */
  constructor(named: Readonly<Record<string, object>>) {
    this.#named = named;
    for (const [name, schema] of Object.entries(named)) {
      const shape = JSON.stringify(schema);
      if (!this.#names.has(shape)) this.#names.set(shape, name);
    }
  }

  /** A schema at its place of use. */
  show(schema: object): Schema {
    const name = this.#names.get(JSON.stringify(schema));
    return name === undefined ? this.#inPlace(schema) : this.#reference(name);
  }

  /** Every referenced schema, in the order of the names. */
  components(): Record<string, Schema> {
    const shown = new Map<string, Schema>();
    // Building one schema may refer to others.
    for (let before = -1; before < shown.size; ) {
      before = shown.size;
      for (const name of this.#used) {
        if (!shown.has(name)) shown.set(name, this.#inPlace(this.#named[name] as object));
      }
    }
    return Object.fromEntries([...shown].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #reference(name: string): Schema {
    this.#used.add(name);
    return { $ref: `#/components/schemas/${name}` };
  }

  #inPlace(schema: object): Schema {
    const { discriminator, ...plain } = JSON.parse(JSON.stringify(schema)) as Schema;
    const shown = withType(mapSubschemas(plain, (part) => this.show(part)));
    if (typeof discriminator !== "string") return shown;
    const { anyOf: members, ...rest } = shown;
    const mapping = this.#mapping(plain["anyOf"] as Schema[], discriminator);
    return { ...rest, oneOf: members, discriminator: { propertyName: discriminator, mapping } };
  }

  /**
   * Maps each value of the property to its schema's reference. Every member of the union must have a constant there.
   */
  #mapping(members: Schema[], property: string): Schema {
    return Object.fromEntries(
      members.map((member) => {
        const properties = member["properties"] as Record<string, { const: string }>;
        return [properties[property]?.const, this.show(member)["$ref"]];
      }),
    );
  }
}

const ofOne = new Set(["items", "additionalProperties", "not", "contains", "propertyNames"]);
const ofMany = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
const ofNamed = new Set(["properties", "patternProperties"]);

function mapSubschemas(schema: Schema, show: (part: Schema) => Schema): Schema {
  const entries = Object.entries(schema).map(([keyword, value]): [string, Json] => {
    if (ofOne.has(keyword) && isSchema(value)) return [keyword, show(value)];
    if (ofMany.has(keyword) && Array.isArray(value)) return [keyword, value.filter(isSchema).map(show)];
    if (ofNamed.has(keyword) && isSchema(value)) {
      const shown = Object.entries(value).map(([name, part]) => [name, isSchema(part) ? show(part) : part]);
      return [keyword, Object.fromEntries(shown)];
    }
    return [keyword, value];
  });
  return Object.fromEntries(entries);
}

function isSchema(value: Json): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Adds the type of a list of words: generators need it, JSON Schema does not. A constant becomes a list of one: generators
 * that began with OpenAPI 3.0 do not know `const`, and openapi-zod-client's client then does not even load.
 */
export function withType({ const: constant, ...schema }: Schema): Schema {
  const listed = constant === undefined ? schema : { ...schema, enum: [constant] };
  const words = Array.isArray(listed["enum"]) ? listed["enum"] : [];
  if (schema["type"] !== undefined || words.length === 0) return listed;
  const [type, ...others] = new Set(words.map((word) => typeof word));
  return others.length === 0 && (type === "string" || type === "boolean" || type === "number")
    ? { type, ...listed }
    : listed;
}

type Json = string | number | boolean | null | undefined | Json[] | { [name: string]: Json };
type Schema = { [name: string]: Json };

/** Prints TypeBox schemas as the document shows them: named ones as references, the rest in place. */
export class Schemas {
  readonly #named: Readonly<Record<string, object>>;
  readonly #names = new Map<string, string>();
  readonly #used = new Set<string>();

  /** Of two names for the same shape the first counts. */
  constructor(named: Readonly<Record<string, object>>) {
    this.#named = named;
    for (const [name, schema] of Object.entries(named)) {
      const shape = JSON.stringify(schema);
      if (!this.#names.has(shape)) this.#names.set(shape, name);
    }
  }

  /** A schema where it is used. */
  show(schema: object): Schema {
    const name = this.#names.get(JSON.stringify(schema));
    return name === undefined ? this.#inPlace(schema) : this.#reference(name);
  }

  /** Every schema that something refers to, in the order of the names. */
  components(): Record<string, Schema> {
    const shown = new Map<string, Schema>();
    // Showing one may make others used.
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

  /** Which named schema each value of the property stands for, where every member of a union has a constant there. */
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

/** Generators need the type of a list of words; JSON Schema does not. */
function withType(schema: Schema): Schema {
  const words = Array.isArray(schema["enum"]) ? schema["enum"] : "const" in schema ? [schema["const"]] : [];
  if (schema["type"] !== undefined || words.length === 0) return schema;
  const [type, ...others] = new Set(words.map((word) => typeof word));
  return others.length === 0 && (type === "string" || type === "boolean" || type === "number")
    ? { type, ...schema }
    : schema;
}

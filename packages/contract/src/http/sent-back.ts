import { type TObject, type TSchema, Type } from "typebox";

/** Keyword of a field that a request may repeat, but not change. */
export const unchangedKeyword = "x-unchanged";

interface Shape {
  type?: string;
  properties?: Record<string, Shape & TSchema>;
  required?: string[];
  items?: Shape & TSchema;
  anyOf?: (Shape & TSchema)[];
  readOnly?: boolean;
}

/**
 * The body of a request that takes back what the answers show: who reads a resource, changes a field and sends the object takes
 * all other fields along. Fields that the answer shows and the body does not have are in the result, too, marked `readOnly`, at
 * every depth: the server ignores them. Fields that are unknown to both stay refused.
 *
 * An id, and what only `created`, the body of the resource's creation, sets, may come back, but not with another value: that would
 * mean another resource, or a change that does not happen. With `created` left out, the body creates the resource itself, and
 * these fields are ignored as the others.
 */
export function takesBack<Body extends TObject>(
  body: Body,
  shown: TSchema,
  { created }: { created?: TObject } = {},
): Body {
  const names = new Set(Object.keys(created?.properties ?? {}));
  const isFixed = (name: string) => created !== undefined && (names.has(name) || /(^|_)id$/.test(name));
  return withShown(body, shown, isFixed) as Body;
}

const ignored = Type.Unsafe<unknown>({ readOnly: true, description: "Shown in answers; ignored here." });
const fixed = Type.Unsafe<unknown>({
  readOnly: true,
  [unchangedKeyword]: true,
  description: "Shown in answers; may come back, with the same value only.",
});

function withShown(body: Shape, shown: Shape, isFixed: (name: string) => boolean): Shape {
  if (body.anyOf) return { ...body, anyOf: body.anyOf.map((one) => withShown(one, shown, isFixed) as Shape & TSchema) };
  if (body.items && shown.items) {
    return { ...body, items: withShown(body.items, shown.items, noneFixed) };
  }
  if (!body.properties || !shown.properties || isOpen(body)) return body;
  const properties: Shape["properties"] = {};
  for (const [name, field] of Object.entries(body.properties)) {
    const same = shown.properties[name];
    const merged = same ? (withShown(field, same, noneFixed) as TSchema) : field;
    properties[name] = merged === field || body.required?.includes(name) ? merged : Type.Optional(merged);
  }
  for (const name of Object.keys(shown.properties)) {
    properties[name] ??= Type.Optional(isFixed(name) ? fixed : ignored);
  }
  const { properties: _replaced, required: _derived, type: _object, ...options } = body;
  return Type.Object(properties, options);
}

function noneFixed(): boolean {
  return false;
}

/** An object with fields of any name has no read-only ones. */
function isOpen(body: Shape): boolean {
  return (body as { additionalProperties?: unknown }).additionalProperties !== false;
}

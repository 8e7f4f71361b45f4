import type { TSchema } from "typebox";

/** A single resource: what one GET shows whole, and what `If-Match` of a change is about. */
export interface Resource {
  /** The path of its GET. */
  path: string;
  /** The answer of its GET. */
  schema: TSchema;
  /**
   * Fields that show other resources, or what a device reports: they may change while a client edits this resource. A change of
   * them alone makes no `If-Match` fail (docs/adr/0033).
   */
  beside?: readonly string[];
}

/** What an endpoint's row says of it. */
interface Row {
  method: string;
  path: string;
  resource?: Resource;
}

/** Whether the endpoint changes a resource that is there: it has conditions to obey. */
export function changesResource({ method, path, resource }: Row): boolean {
  return resource !== undefined && method !== "GET" && `${path}/`.startsWith(`${resource.path}/`);
}

/** Whether the endpoint reads its resource. */
export function readsResource({ method, path, resource }: Row): boolean {
  return method === "GET" && path === resource?.path;
}

/**
 * Whether an answer shows the whole resource, so that it carries the resource's tag. It may show more, for example a secret that
 * is shown once.
 */
export function showsResource(answer: TSchema, { schema }: Resource): boolean {
  if (answer === schema) return true;
  const [shown, needed] = [fieldsOf(answer), fieldsOf(schema)];
  return needed.length > 0 && needed.every((field) => shown.includes(field));
}

/** The names of the fields of an object's schema, or of the objects of a union; none for other schemas. */
export function fieldsOf(schema: TSchema): string[] {
  const { properties, anyOf = [] } = schema as { properties?: object; anyOf?: TSchema[] };
  return properties ? Object.keys(properties) : [...new Set(anyOf.flatMap(fieldsOf))];
}

/** The part of JSON Schema that the document uses. */
export interface Schema {
  type?: string;
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  examples?: unknown[];
  /** The field may come back with the value that is shown, and with no other. */
  "x-unchanged"?: boolean;
}

interface Parameter {
  name: string;
  in: string;
  schema: Schema;
}

/** A route of the OpenAPI document. */
export interface Endpoint {
  id: string;
  method: string;
  path: string;
  inPath: Parameter[];
  inQuery: Parameter[];
  /** The schema of a JSON or form body. */
  body: Schema | undefined;
  /** Content types of the body; the first is the usual one. */
  types: string[];
  /** Whether it takes the access token of a client. */
  guarded: boolean;
}

interface Operation {
  operationId: string;
  parameters?: Parameter[];
  security: object[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** The parts of the OpenAPI document that the run reads. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** Reads every route of the document, with references replaced by the schemas that they name. */
export function readEndpoints(document: OpenApi): Endpoint[] {
  const { paths } = withoutReferences(document, document.components.schemas);
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters = [], security, requestBody }]) => {
      const content = requestBody?.content ?? {};
      return {
        id: operationId,
        method: method.toUpperCase(),
        path,
        inPath: parameters.filter((parameter) => parameter.in === "path"),
        inQuery: parameters.filter((parameter) => parameter.in === "query"),
        body: content["application/json"]?.schema,
        types: Object.keys(content),
        guarded: security.some((one) => "bearer" in one),
      };
    }),
  );
}

/** A part of the document with schemas in place of references. No schema refers to itself, so this ends. */
function withoutReferences<T>(part: T, schemas: Record<string, unknown>): T {
  if (typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return part.map((element) => withoutReferences(element, schemas)) as T;
  const { $ref } = part as { $ref?: unknown };
  const name = typeof $ref === "string" ? /^#\/components\/schemas\/(.+)$/.exec($ref)?.[1] : undefined;
  if (name !== undefined) return withoutReferences(schemas[name], schemas) as T;
  const entries = Object.entries(part).map(([key, value]) => [key, withoutReferences(value, schemas)]);
  return Object.fromEntries(entries) as T;
}

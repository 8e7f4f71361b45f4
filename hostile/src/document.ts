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
}

interface Parameter {
  name: string;
  in: string;
  schema: Schema;
}

/** A route as the OpenAPI document tells it. */
export interface Endpoint {
  id: string;
  method: string;
  path: string;
  inPath: Parameter[];
  inQuery: Parameter[];
  /** Of a JSON or form body. */
  body: Schema | undefined;
  /** Content types of the body, the first of them usual. */
  types: string[];
  /** Opened by a bearer token of a client. */
  guarded: boolean;
}

interface Operation {
  operationId: string;
  parameters?: Parameter[];
  security: object[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
}

export function readEndpoints({ paths }: OpenApi): Endpoint[] {
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

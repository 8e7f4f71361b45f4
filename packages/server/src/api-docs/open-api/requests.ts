import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { ChangingConditions, ReadingConditions } from "@tillkeeper/contract/http/headers";
import { changesResource, readsResource } from "@tillkeeper/contract/http/resource";
import type { TObject } from "typebox";
import { bytes, examplesOf } from "./answers.ts";
import type { Schemas } from "./schemas.ts";

const formType = "application/x-www-form-urlencoded";

/**
 * Path and query parameters, and headers. A parameter with a default may be left out, even if the schema requires it.
 */
export function parametersOf(row: Endpoint, schemas: Schemas): object[] {
  const { path, params, query, requestHeaders } = row;
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string);
  return [
    ...inPath.map((name) => parameter("path", name, true, params?.properties[name] ?? { type: "string" }, schemas)),
    ...allOf(query).map(([name, schema, required]) =>
      parameter("query", name, required && !("default" in schema), schema, schemas),
    ),
    ...[requestHeaders, conditionsOf(row)]
      .flatMap(allOf)
      .map(([name, schema, required]) => parameter("header", name, required, schema, schemas)),
  ];
}

function conditionsOf(row: Endpoint): TObject | undefined {
  if (changesResource(row)) return ChangingConditions;
  return readsResource(row) ? ReadingConditions : undefined;
}

function allOf(object: TObject | undefined): [name: string, schema: object, required: boolean][] {
  const required = new Set(object?.required ?? []);
  return Object.entries(object?.properties ?? {}).map(([name, schema]) => [name, schema, required.has(name)]);
}

function parameter(place: string, name: string, required: boolean, schema: object, schemas: Schemas): object {
  const { description, ...shown } = schemas.show(schema);
  return {
    name,
    in: place,
    required,
    ...(description !== undefined && { description }),
    schema: shown,
    // A list is a repeated parameter.
    ...(place === "query" && shown["type"] === "array" && { style: "form", explode: true }),
  };
}

export function requestBodyOf(row: Endpoint, schemas: Schemas): object | undefined {
  const { body, upload, form, bodyOptional } = row;
  if (upload) {
    return { required: !bodyOptional, content: Object.fromEntries(upload.map((type) => [type, { schema: bytes }])) };
  }
  if (!body) return undefined;
  const media = { schema: schemas.show(body), ...examplesOf(row.examples?.request) };
  return {
    required: !bodyOptional,
    content: { "application/json": media, ...(form && { [formType]: { schema: media.schema } }) },
  };
}

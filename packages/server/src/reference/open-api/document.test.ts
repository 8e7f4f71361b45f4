import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { endpoints } from "@tillkeeper/contract/http/endpoints";
import { errorCodes } from "@tillkeeper/contract/http/errors";
import { namedSchemas } from "@tillkeeper/contract/http/schemas";
import { operationReasons } from "@tillkeeper/contract/operation-reasons";
import { operationNames } from "@tillkeeper/contract/operations";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { openApiDocument } from "./document.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- the document is looked into at every depth
type Any = any;

const document: Any = JSON.parse(JSON.stringify(openApiDocument(endpoints, namedSchemas)));
const operations: Any[] = Object.values<Any>(document.paths).flatMap((methods) => Object.values(methods));

/** Every object of the document, with where it stands. */
function* objects(value: Any, path = ""): Iterable<[string, Any]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [path, value];
  for (const [key, part] of Object.entries(value)) {
    // What stands in an example is no schema.
    if (key !== "example" && key !== "examples") yield* objects(part, `${path}/${key}`);
  }
}
const all = [...objects(document)];

function at(reference: string): Any {
  const parts = reference.slice(2).split("/");
  return parts.reduce((value, part) => value?.[part.replaceAll("~1", "/")], document);
}

describe("the OpenAPI document", () => {
  it("lets every parameter be left out that has a default", () => {
    const parameters = operations.flatMap(({ parameters: of = [] }) => of as Any[]);
    const withDefault = parameters.filter(({ schema }) => "default" in schema);
    expect(withDefault.length).toBeGreaterThan(15);
    expect(withDefault.filter(({ required }) => required)).toEqual([]);
  });

  it("names each schema once, and refers to nothing that is not there", () => {
    const references = all.flatMap(([, { $ref }]) => (typeof $ref === "string" ? [$ref] : []));
    expect(references.filter((reference) => at(reference) === undefined)).toEqual([]);
    const shapes = Object.values(document.components.schemas).map((schema) => JSON.stringify(schema));
    expect(new Set(shapes).size).toBe(shapes.length);
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(["Store", "Terminal", "Operation"]),
    );
  });

  it("gives every list of words a type, for generators that need one", () => {
    const untyped = all.filter(([, value]) => Array.isArray(value.enum) && value.type === undefined);
    expect(untyped.map(([path]) => path)).toEqual([]);
  });

  it("tells the results of operations apart by their kind", () => {
    const { oneOf, discriminator } = document.components.schemas.Operation;
    expect(discriminator.propertyName).toBe("operation");
    expect(Object.keys(discriminator.mapping)).toEqual([...operationNames]);
    expect(oneOf.map(({ $ref }: Any) => at($ref).properties.operation.const)).toEqual([...operationNames]);
  });

  it("has one answer for each status, which says what it means, and names its error codes", () => {
    for (const { operationId, responses } of operations) {
      for (const [status, shown] of Object.entries<Any>(responses)) {
        const answer = shown.$ref ? at(shown.$ref) : shown;
        expect(status, operationId).toMatch(/^\d{3}$/);
        expect(answer.description, operationId).toMatch(/\w/);
        expect(Object.keys(answer.headers), operationId).toContain("request-id");
        const codes = answer.content?.["application/json"]?.schema.properties?.error?.properties.code.enum ?? [];
        for (const code of codes as (keyof typeof errorCodes)[]) expect(errorCodes[code].status).toBe(Number(status));
        if (Number(status) >= 400 && operationId !== "health_ready") expect(codes, operationId).not.toEqual([]);
      }
    }
  });

  it("shows headers where they matter", () => {
    const send = document.paths["/v1/admin/terminals/operations"].post;
    expect(send.parameters.map(({ name }: Any) => name)).toContain("Idempotency-Key");
    expect(Object.keys(send.responses[201].headers)).toContain("idempotent-replayed");
    expect(Object.keys(send.responses[409].headers)).toContain("retry-after");
    expect(Object.keys(at(send.responses[429].$ref).headers)).toContain("retry-after");
    expect(Object.keys(at(send.responses[401].$ref).headers)).toContain("www-authenticate");
    const list = document.paths["/v1/admin/terminals/operations"].get;
    expect(Object.keys(list.responses[200].headers)).toContain("link");
  });

  it("has an example for every kind of operation and for every reason", () => {
    const get = document.paths["/v1/admin/terminals/operations/{operation_id}"].get;
    const shown: Any[] = Object.values(get.responses[200].content["application/json"].examples);
    const values = shown.map(({ value }) => value);
    const completed = values.filter(({ status }) => status === "COMPLETED").map(({ operation }) => operation);
    expect(completed).toEqual([...operationNames]);
    const reasons = new Set<string>(values.flatMap(({ reason }) => (reason === undefined ? [] : [reason])));
    expect([...reasons].toSorted()).toEqual([...operationReasons].toSorted());
  });

  it("shows no example of a body that its schema would refuse", () => {
    const rows = Object.values(endpoints).flatMap((noun): Endpoint[] => Object.values(noun));
    const faults = rows.flatMap(({ id, body, answers, examples }) => {
      const shown = [
        ...Object.entries(examples?.request ?? {}).map(([name, { value }]) => ({ name, value, schema: body })),
        ...Object.entries(examples?.answer ?? {}).map(([name, { value }]) => ({
          name,
          value,
          schema: Object.values(answers)[0],
        })),
      ];
      // As JSON has it: what is undefined is not there.
      return shown.flatMap(({ name, value, schema }) =>
        schema && Value.Check(schema, JSON.parse(JSON.stringify(value))) ? [] : [`${id}: ${name}`],
      );
    });
    expect(faults).toEqual([]);
  });

  it("gives each endpoint a section with a description, a command for a shell, and an id of its own", () => {
    const described = new Set(document.tags.map(({ name }: Any) => name));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const operation of operations) {
      expect(described).toContain(operation.tags[0]);
      expect(operation["x-codeSamples"][0].source).toMatch(/^curl /);
    }
  });
});

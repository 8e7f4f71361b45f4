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

/** Every object of the document, with its path. */
function* objects(value: Any, path = ""): Iterable<[string, Any]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [path, value];
  for (const [key, part] of Object.entries(value)) {
    // An example holds no schemas.
    if (key !== "example" && key !== "examples") yield* objects(part, `${path}/${key}`);
  }
}
const all = [...objects(document)];

function at(reference: string): Any {
  const parts = reference.slice(2).split("/");
  return parts.reduce((value, part) => value?.[part.replaceAll("~1", "/")], document);
}

function codesOf(shown: Any): Any {
  const answer = shown?.$ref ? at(shown.$ref) : shown;
  const { schema } = answer?.content?.["application/json"] ?? {};
  return schema?.properties?.error?.properties.code ?? {};
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

  it("has no constants, which generators that began with OpenAPI 3.0 do not know", () => {
    // Of examples and of properties with that name there are none.
    expect(all.filter(([, value]) => "const" in value).map(([path]) => path)).toEqual([]);
  });

  it("tells the results of operations apart by their kind", () => {
    const { oneOf, discriminator } = document.components.schemas.Operation;
    expect(discriminator.propertyName).toBe("operation");
    expect(Object.keys(discriminator.mapping)).toEqual([...operationNames]);
    expect(oneOf.map(({ $ref }: Any) => at($ref).properties.operation.enum)).toEqual(
      operationNames.map((name) => [name]),
    );
  });

  it("has one answer for each status, which says what it means, and names its error codes", () => {
    for (const { operationId, responses } of operations) {
      for (const [status, shown] of Object.entries<Any>(responses)) {
        const answer = shown.$ref ? at(shown.$ref) : shown;
        expect(status, operationId).toMatch(/^\d{3}$/);
        expect(answer.description, operationId).toMatch(/\w/);
        expect(Object.keys(answer.headers), operationId).toContain("request-id");
        const codes = codesOf(answer).enum ?? [];
        for (const code of codes as (keyof typeof errorCodes)[]) expect(errorCodes[code].status).toBe(Number(status));
        if (Number(status) >= 400 && !operationId.startsWith("health_")) expect(codes, operationId).not.toEqual([]);
      }
    }
  });

  it("says where an answer is no JSON", () => {
    const typesOf = (id: string) =>
      Object.keys(operations.find(({ operationId }) => operationId === id).responses[200].content);
    expect(typesOf("broker_rabbitmq_user_post")).toEqual(["text/plain"]);
    expect(typesOf("broker_auth_post")).toEqual(["application/json"]);
    expect(typesOf("device_operations_update_file_get")).toEqual(["application/octet-stream"]);
  });

  it("shows headers where they matter", () => {
    const send = document.paths["/v1/admin/terminals/operations"].post;
    expect(send.parameters.map(({ name }: Any) => name)).toContain("Idempotency-Key");
    expect(Object.keys(send.responses[201].headers)).toContain("idempotent-replayed");
    expect(Object.keys(send.responses[409].headers)).toContain("retry-after");
    expect(Object.keys(at(send.responses[429].$ref).headers)).toContain("retry-after");
    expect(Object.keys(at(send.responses[401].$ref).headers)).toContain("www-authenticate");
    const { parameters } = document.paths["/v1/device/operations/{operation_id}/logs"].put;
    expect(parameters).toContainEqual(
      expect.objectContaining({ name: "Content-Digest", in: "header", required: true }),
    );
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
      // JSON drops undefined fields.
      return shown.flatMap(({ name, value, schema }) =>
        schema && Value.Check(schema, JSON.parse(JSON.stringify(value))) ? [] : [`${id}: ${name}`],
      );
    });
    expect(faults).toEqual([]);
  });

  it("says what opens each endpoint, in its commands, too", () => {
    const schemes = Object.keys(document.components.securitySchemes);
    const securityOf = (id: string) => operations.find(({ operationId }) => operationId === id).security;
    expect(securityOf("device_messages_post")).toEqual([{ device: [] }, { device_password: [] }]);
    expect(securityOf("device_operations_update_file_get")).toEqual([{ transfer: [] }]);
    expect(securityOf("accounts_post")).toEqual([{ bootstrap: [] }]);
    expect(securityOf("broker_acl_post")).toEqual([{ broker: [] }]);
    expect(securityOf("get_token")).toEqual([{ client: [] }, {}]);
    expect(securityOf("health_live")).toEqual([]);
    for (const { operationId, security, responses, "x-codeSamples": samples } of operations) {
      expect(schemes, operationId).toEqual(expect.arrayContaining(security.flatMap(Object.keys)));
      const isOpen = security.length === 0;
      const refusals: string[] = codesOf(responses[401]).enum ?? [];
      const asksForHeader = ["missing_token", "invalid_token", "invalid_client"].some((code) =>
        refusals.includes(code),
      );
      expect(isOpen && asksForHeader, operationId).toBe(false);
      expect(/Authorization: Bearer|-u "|-b "\$COOKIE"/.test(samples[0].source), operationId).toBe(!isOpen);
    }
  });

  it("shows commands that are whole: with a body that fits or a file, and all that the query must have", () => {
    for (const row of Object.values(endpoints).flatMap((noun): Endpoint[] => Object.values(noun))) {
      const { source } = operations.find(({ operationId }) => operationId === row.id)["x-codeSamples"][0];
      const body = /-d '(.*)'$/m.exec(source)?.[1];
      if (body !== undefined) expect(row.body && Value.Check(row.body, JSON.parse(body)), row.id).toBe(true);
      else expect(/-d @FILE/.test(source), row.id).toBe(row.body !== undefined && !row.bodyOptional);
    }
    const file = operations.find(({ operationId }) => operationId === "device_operations_update_file_get");
    expect(file["x-codeSamples"][0].source).toContain('/update/file?release_id=RELEASE_ID"');
    const log = operations.find(({ operationId }) => operationId === "device_operations_operation_id_logs_put");
    expect(log["x-codeSamples"][0].source).toContain("-H 'Content-Digest: ");
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

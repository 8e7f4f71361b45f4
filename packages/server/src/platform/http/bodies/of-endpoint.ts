import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import type { FastifyRequest, FastifySchema } from "fastify";
import { Type } from "typebox";
import { formType, jsonType, type TakenBody } from "./body-headers.ts";
import { normalFormOf } from "./normal-form.ts";

/** What a caller may send where no body is taken: nothing, or an object without fields. */
const noFields = Type.Object({}, { additionalProperties: false });

/** Whether a body is read and must be empty. The framework reads none with GET. */
export function takesNothing({ method, body, upload }: Endpoint): boolean {
  return method !== "GET" && !body && !upload;
}

/**
 * Makes the function that normalizes the texts of a request. Not for devices and the token endpoint: a text that is signed, or
 * secret, must stay as it is, byte by byte.
 */
export function normalizerOf({ scopes, credentials, params, query, body }: Endpoint) {
  if (scopes === "public" && !credentials?.includes("bootstrap")) return undefined;
  const [inPath, inQuery, inBody] = [params, query, body].map((schema) => schema && normalFormOf(schema));
  return (request: FastifyRequest) => {
    inPath?.(request.params);
    inQuery?.(request.query);
    inBody?.(request.body);
  };
}

/** The schemas by which the framework validates requests. */
export function schemaOf(endpoint: Endpoint): FastifySchema {
  const { params, query } = endpoint;
  const body = takesNothing(endpoint) ? noFields : endpoint.body;
  return { ...(params && { params }), ...(query && { querystring: query }), ...(body && { body }) };
}

/** Which bodies the endpoint's route takes. */
export function takenBody({ body, form, upload, encodings = [] }: Endpoint): TakenBody {
  // An upload may be a file of no bytes.
  if (upload) return { types: upload, emptyTypes: upload, encodings };
  // A form without content is a form without fields.
  if (form) return { types: [jsonType, formType], emptyTypes: [formType] };
  return { types: body ? [jsonType] : [] };
}

import { commonErrors } from "@tillkeeper/contract/http/endpoint-errors";
import { errorExamples } from "@tillkeeper/contract/http/error-examples";
import { ErrorBody, type ErrorCode, errorCodes, retryAfterSecondsOf } from "@tillkeeper/contract/http/errors";
import type { AnswerHeader } from "@tillkeeper/contract/http/headers";
import { inPascalCase } from "@tillkeeper/contract/http/schemas";
import { OAuthError } from "@tillkeeper/contract/http/token";
import { headersOf } from "./headers.ts";
import type { Schemas } from "./schemas.ts";

/** Builds error answers. Answers common to many endpoints become references, the others stand in place. */
export class Failures {
  readonly #schemas: Schemas;
  readonly #shared = new Map<string, object>();

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  /** The answer with this status and these possible codes. */
  show(status: number, codes: readonly ErrorCode[]): object {
    const shown = failure(status, codes, this.#schemas);
    if (!codes.every((code) => commonErrors.has(code))) return shown;
    const name = codes.map(inPascalCase).join("Or");
    this.#shared.set(name, shown);
    return { $ref: `#/components/responses/${name}` };
  }

  /**
   * The same for an endpoint that answers forms in the shape of RFC 6749. Generators know one schema for each type of an
   * answer, and their clients send JSON, so the other shape stands in words and beside it.
   */
  showWithOAuth(status: number, codes: readonly ErrorCode[]): object {
    const { description, ...shown } = failure(status, codes, this.#schemas);
    const toForm = "To a form: `{error, error_description}` with the codes of RFC 6749 section 5.2 and RFC 8707.";
    return { description: `${description}\n\n${toForm}`, ...shown, "x-form-error": OAuthError };
  }

  /** All shared answers, by name. */
  components(): object {
    return Object.fromEntries([...this.#shared].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** One error answer: its possible codes, with an example of each. */
function failure(status: number, codes: readonly ErrorCode[], schemas: Schemas) {
  const waits = codes.some((code) => retryAfterSecondsOf(code) !== undefined);
  const headers: AnswerHeader[] = [
    "request-id",
    ...(status === 401 ? (["www-authenticate"] as const) : []),
    ...(waits ? (["retry-after"] as const) : []),
  ];
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCodes[code].cause}`).join("\n\n"),
    headers: headersOf(headers),
    content: {
      "application/json": { schema: errorShape(codes, schemas), examples: Object.fromEntries(codes.map(exampleOf)) },
    },
  };
}

function errorShape(codes: readonly ErrorCode[], schemas: Schemas): object {
  const { type, required, properties } = ErrorBody.properties.error;
  const { message, errors } = properties;
  const code = { ...properties.code, enum: [...codes] };
  const error = { type, required, properties: { code, message: schemas.show(message), errors: schemas.show(errors) } };
  return { type: "object", required: ["error"], properties: { error } };
}

function exampleOf(code: ErrorCode): [string, object] {
  return [code, { summary: errorCodes[code].cure, value: { error: { code, ...errorExamples[code] } } }];
}

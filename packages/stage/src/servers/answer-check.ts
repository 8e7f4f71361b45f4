import { type ErrorCode, retryAfterSecondsOf } from "@tillkeeper/contract/http/errors";
import { isDate, isDateTime, isUuid } from "@tillkeeper/server/platform/formats";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

interface Response {
  $ref?: string;
  /** The shape of an error that answers a form-encoded token request. */
  "x-form-error"?: object;
  content?: Record<string, { schema: object }>;
}

interface Checked {
  status: number;
  body: unknown;
  retryAfter: string | null;
  /** Its `Content-Type`; left out, it is JSON where the document has JSON. */
  type?: string | null;
}

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>;
  components: { responses: Record<string, Response> };
}

/** Checks every answer that a test gets against the server's own OpenAPI document. */
export class AnswerCheck {
  readonly #document: Document;
  readonly #ajv: Ajv2020;
  readonly #paths: { form: RegExp; path: string }[];
  readonly #compiled = new Map<object, ValidateFunction>();

  constructor(document: Document) {
    this.#document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    this.#ajv.addFormat("date-time", isDateTime);
    this.#ajv.addFormat("date", isDate);
    this.#ajv.addFormat("uuid", isUuid);
    for (const shownOnly of ["email", "uri"]) this.#ajv.addFormat(shownOnly, true);
    this.#ajv.addFormat("iso-3166-1-alpha-2", true);
    // The more literal template first, so that a fixed segment wins over a parameter.
    this.#paths = Object.keys(document.paths)
      .toSorted((a, b) => a.split("{").length - b.split("{").length)
      .map((path) => ({
        path,
        form: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
      }));
  }

  #resolved<T extends { $ref?: string }>(shown: T | undefined): T | undefined {
    const name = shown?.$ref?.split("/").at(-1);
    return name === undefined ? shown : (this.#document.components.responses[name] as T);
  }

  #compile(schema: object): ValidateFunction {
    return this.#ajv.compile({ ...schema, components: this.#document.components });
  }

  /** Throws when the document does not describe the answer for this method, path and status. */
  check(method: string, url: string, { status, body, retryAfter, type }: Checked): void {
    // Answered for every address, and for none an operation of the document.
    if (method === "OPTIONS") return;
    const pathname = url.split("?")[0] as string;
    const code = codeOf(body);
    const fault = status >= 400 && code !== undefined ? faultOfRetryAfter(code, retryAfter) : undefined;
    if (fault) throw new Error(`${method} ${pathname} answers ${code}, and Retry-After ${fault}`);
    const path = this.#paths.find(({ form }) => form.test(pathname))?.path;
    const operation = path && this.#document.paths[path]?.[method.toLowerCase()];
    if (!operation) {
      // A path that is not in the document must give an error of the documented shape.
      if (status < 400) throw new Error(`${method} ${pathname} is not in the OpenAPI document but answers ${status}`);
      return;
    }
    // The path names a resource that no route knows.
    if (code === "not_found") return;
    const response = this.#resolved(operation.responses[status]);
    if (!response) throw new Error(`${method} ${path} answers ${status}, which the OpenAPI document does not describe`);
    // Another type in which the document says that it comes.
    const [base = ""] = type?.split(";") ?? [];
    if (base !== "application/json" && response.content?.[base]) return;
    const toForm = typeof (body as { error?: unknown } | undefined)?.error === "string";
    const schema = toForm ? response["x-form-error"] : response.content?.["application/json"]?.schema;
    if (toForm && !schema)
      throw new Error(`${method} ${path} ${status} has an error of RFC 6749: ${JSON.stringify(body)}`);
    if (!schema) return;
    const validate = this.#compiled.get(schema) ?? this.#compile(schema);
    this.#compiled.set(schema, validate);
    if (validate(body)) return;
    const places = validate.errors?.map((error) => `${error.instancePath} ${error.message}`).join("; ");
    throw new Error(
      `${method} ${path} ${status} does not fit the OpenAPI document: ${places}\n${JSON.stringify(body)}`,
    );
  }
}

function codeOf(body: unknown): string | undefined {
  return (body as { error?: { code?: string } } | undefined)?.error?.code;
}

/**
 * Returns the fault of a Retry-After header. Errors that pass by themselves must have the header; other errors must
 * not.
 */
function faultOfRetryAfter(code: string, shown: string | null): string | undefined {
  if (retryAfterSecondsOf(code as ErrorCode) === undefined) return shown === null ? undefined : `is ${shown}`;
  if (shown === null) return "is missing";
  return /^[1-9]\d*$/.test(shown) ? undefined : `is ${shown}`;
}

import { credentials, sessionCookieName } from "@tillkeeper/contract/http/credentials";
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { hasSdkMethod } from "@tillkeeper/contract/http/sdk-methods";
import { tags } from "@tillkeeper/contract/http/tags";
import { scopes, scopesInWords } from "@tillkeeper/contract/scopes";
import { answersOf } from "./answers.ts";
import { Failures } from "./failures.ts";
import { headerComponents } from "./headers.ts";
import { parametersOf, requestBodyOf } from "./requests.ts";
import { samplesOf } from "./samples.ts";
import { Schemas } from "./schemas.ts";

/** Endpoints by noun and by name, as in the contract and the SDK. */
export type Endpoints = Readonly<Record<string, Readonly<Record<string, Endpoint>>>>;

/** docs/openapi.json: the HTTP API as OpenAPI 3.1, from the contract's endpoints and the named schemas. */
export function openApiDocument(endpoints: Endpoints, named: Readonly<Record<string, object>>): object {
  const schemas = new Schemas(named);
  const failures = new Failures(schemas);
  const paths = pathsOf(endpoints, schemas, failures);
  const used = new Set(Object.values(endpoints).flatMap((rows) => Object.values(rows).map(({ tag }) => tag)));
  return {
    openapi: "3.1.0",
    info: {
      title: "Tillkeeper",
      version: "0.1.0",
      description:
        "Stores, payment terminals and remote terminal operations. Fields, states and scopes follow the public documentation of " +
        "the API this server is compatible with; what goes beyond is optional or additional.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "This server." }],
    tags: Object.entries(tags)
      .filter(([name]) => used.has(name as keyof typeof tags))
      .map(([name, description]) => ({ name, description })),
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes,
      headers: headerComponents(),
      responses: failures.components(),
      schemas: schemas.components(),
    },
  };
}

const securitySchemes = {
  bearer: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "An access token from `POST /v1/accounts/{account_id}/auth/token`.",
  },
  oauth2: {
    type: "oauth2",
    description: "Client credentials. The token address names the account of the client.",
    flows: {
      clientCredentials: {
        tokenUrl: "/v1/accounts/{account_id}/auth/token",
        scopes: Object.fromEntries(scopes.map((scope) => [scope, meaningOfScope(scope)])),
      },
    },
  },
  ...Object.fromEntries(
    Object.entries(credentials).map(([name, { scheme, description }]) => [
      name,
      scheme === "cookie"
        ? { type: "apiKey", in: "cookie", name: sessionCookieName, description }
        : { type: "http", scheme, description },
    ]),
  ),
};

function securityOf({ scopes: accepted, alsoScopes, credentials: others = [], form }: Endpoint): object[] {
  if (accepted !== "public") {
    const needed = accepted.flatMap((scope) => (alsoScopes ? alsoScopes.map((also) => [scope, also]) : [[scope]]));
    return [{ bearer: [] }, ...needed.map((oauth2) => ({ oauth2 }))];
  }
  // A form may send the credentials as fields, in place of the header.
  return [...others.map((name) => ({ [name]: [] })), ...(form && others.includes("client") ? [{}] : [])];
}

/** Describes a scope: `read:checkout:/admin/terminals` reads what is below that path of the service. */
function meaningOfScope(scope: string): string {
  const [right, service, path] = scope.split(":");
  const verb = right === "admin" ? "Manage" : right === "read" ? "Read" : "Change";
  return path === undefined ? `${verb} everything of ${service}.` : `${verb} ${path} of ${service}.`;
}

function pathsOf(endpoints: Endpoints, schemas: Schemas, failures: Failures): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [noun, rows] of Object.entries(endpoints)) {
    for (const [name, row] of Object.entries(rows)) {
      const path = row.path.replaceAll(/:(\w+)/g, "{$1}");
      (paths[path] ??= {})[row.method.toLowerCase()] = operationOf(row, `${noun}.${name}`, schemas, failures);
    }
  }
  return paths;
}

function operationOf(row: Endpoint, sdkMethod: string, schemas: Schemas, failures: Failures): object {
  const { id, summary, tag, scopes: accepted, alsoScopes } = row;
  const parameters = parametersOf(row, schemas);
  const requestBody = requestBodyOf(row, schemas);
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(accepted !== "public" && { description: `Scopes: ${scopesInWords(accepted, alsoScopes)}.` }),
    security: securityOf(row),
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody && { requestBody }),
    responses: answersOf(row, schemas, failures),
    "x-codeSamples": samplesOf(row, hasSdkMethod(row) ? sdkMethod : undefined),
  };
}

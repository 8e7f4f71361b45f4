import type { Endpoint, Examples } from "@tillkeeper/contract/http/endpoint";
import { errorsOf } from "@tillkeeper/contract/http/endpoint-errors";
import { errorCodes } from "@tillkeeper/contract/http/errors";
import { readsResource, showsResource } from "@tillkeeper/contract/http/resource";
import type { Failures } from "./failures.ts";
import { headersOf } from "./headers.ts";
import type { Schemas } from "./schemas.ts";

/** The schema of a binary body. */
export const bytes = { type: "string", format: "binary" };

/** The answers of an endpoint by status: its successes, then one per error status with its possible codes. */
export function answersOf(row: Endpoint, schemas: Schemas, failures: Failures): object {
  const successes = Object.entries(row.answers).map(([status, schema]) => [
    status,
    success(row, status, schema, schemas),
  ]);
  const byStatus = Map.groupBy(errorsOf(row), (code) => errorCodes[code].status);
  const failed = [...byStatus].map(([status, codes]) => [
    String(status),
    row.oauthErrors ? failures.showWithOAuth(status, codes) : failures.show(status, codes),
  ]);
  const { "If-None-Match": ofFile } = row.requestHeaders?.properties ?? {};
  const unchanged = readsResource(row) || ofFile ? [["304", notModified]] : [];
  return Object.fromEntries([...failed, ...unchanged, ...successes]);
}

const notModified = {
  description: "It is still what `If-None-Match` names.",
  headers: headersOf(["request-id", "etag"]),
};

function success(row: Endpoint, status: string, schema: object, schemas: Schemas): object {
  const tag = row.resource && showsResource(schema, row.resource) ? (["etag"] as const) : [];
  const headers = headersOf(["request-id", ...tag, ...(row.headers ?? [])]);
  if (withoutContent.has(status)) return { description: meaningOf(row, status), headers };
  const content = row.binary
    ? { [row.binary]: { schema: bytes } }
    : {
        [row.plain ? "text/plain" : "application/json"]: {
          schema: schemas.show(schema),
          ...examplesOf(row.examples?.answer),
        },
        ...(row.eventStream && { "text/event-stream": { schema: { type: "string" } } }),
        ...Object.fromEntries((row.alternatives ?? []).map((type) => [type, { schema: { type: "string" } }])),
      };
  return { description: meaningOf(row, status), headers, content };
}

const withoutContent: ReadonlySet<string> = new Set(["204", "302"]);

/** Description of a success: the schema's own, or the endpoint's summary. */
function meaningOf(row: Endpoint, status: string): string {
  const said = (row.answers[Number(status)] as { description?: string }).description;
  return said ?? meanings[status] ?? row.summary;
}

const meanings: Partial<Record<string, string>> = {
  201: "It has been created.",
  202: "It has been asked for; what comes of it is read later.",
  204: "It has been done; there is nothing to show.",
  302: "The browser goes on to `Location`.",
};

export function examplesOf(examples: Examples | undefined): object {
  return examples ? { examples } : {};
}

import { type Static, Type } from "typebox";
import { Text, Time } from "../scalars.ts";
import { scopes } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { limit, nextPage } from "./paging.ts";

/** A request that a sandbox has answered. */
export const SandboxRequest = Type.Object({
  request_id: Type.String({ description: "The `request-id` of its answer." }),
  at: { ...Time, description: "When it was answered, in business time." },
  method: Type.String({ examples: ["POST"] }),
  path: Type.String({
    description:
      "Path and query, cut after 512 characters. Values of parameters that the address does not take are `***`.",
    examples: ["/v1/accounts/T12345678/stores?limit=1"],
  }),
  status: Type.Integer({ examples: [201] }),
  code: Type.Optional(Type.String({ description: "The error code of the answer.", examples: ["operation_pending"] })),
  client_id: Type.String({
    description: "The client that sent it; of a request for a token, the one that it names. `***`: perhaps a secret.",
  }),
  duration_ms: Type.Integer({ description: "Milliseconds from its headers to the end of the answer." }),
});
export type SandboxRequest = Static<typeof SandboxRequest>;

export const SandboxRequestList = Type.Object({ requests: Type.Array(SandboxRequest), starting_after: nextPage });
export type SandboxRequestList = Static<typeof SandboxRequestList>;

export const SandboxRequestQuery = Type.Object(
  {
    status: Type.Optional(
      Type.String({
        pattern: "^[1-5](?:\\d\\d|xx)$",
        description: "A status, or a class of them: `409`, `4xx`.",
        examples: ["4xx"],
      }),
    ),
    method: Type.Optional(Type.Enum(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])),
    path: Type.Optional({ ...Text, description: "A part of the path." }),
    starting_after: Type.Optional(
      Type.String({ pattern: "^\\d{1,15}$", description: "`starting_after` of the page before." }),
    ),
    limit,
  },
  { additionalProperties: false },
);
export type SandboxRequestQuery = Static<typeof SandboxRequestQuery>;

/** The log of requests that a sandbox keeps in memory. */
export const sandboxRequestEndpoints = {
  requests: endpoint({
    method: "GET",
    path: "/v1/sandbox/requests",
    scopes,
    id: "sandbox_requests_get",
    summary: "The last 200 requests of the account that this server has answered, newest first",
    tag: "Sandbox",
    query: SandboxRequestQuery,
    answers: { 200: SandboxRequestList },
    errors: ["not_found"],
  }),
};

import { AccountId } from "@tillkeeper/contract/accounts";
import { Operation, OperationCreate, OperationList } from "@tillkeeper/contract/http/operations";
import { OperationName, OperationStatus } from "@tillkeeper/contract/operations";
import { readOperations, writeOperations } from "@tillkeeper/contract/scopes";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Db } from "../db/db.ts";
import { ApiError } from "../platform/errors.ts";
import { isUuid } from "../platform/formats.ts";
import { nextLink } from "../platform/http/paging.ts";
import { type Caller, type Route, route } from "../platform/http/route.ts";
import type { createAccept } from "./accept.ts";
import { type CancelDeps, cancelOperation } from "./cancel.ts";
import { getOperation, getOperations } from "./operations.ts";
import type { OperationFilter } from "./queries.ts";

export interface OperationRouteDeps extends CancelDeps {
  accept: ReturnType<typeof createAccept>;
}

const tag = "Terminal operations";
const Uuid = Type.String({ format: "uuid" });
const Time = Type.String({ format: "date-time" });
const Text = Type.String({ minLength: 1, maxLength: 255 });

const ListQuery = Type.Object(
  {
    terminal_id: Type.Optional(Text),
    operation_id: Type.Optional(Uuid),
    store_id: Type.Optional(Text),
    operation: Type.Optional(OperationName),
    status: Type.Optional(OperationStatus),
    "created_at.gte": Type.Optional(Time),
    "created_at.lte": Type.Optional(Time),
    starting_after: Type.Optional(Uuid),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 100 }),
  },
  { additionalProperties: false },
);

/** The documented resource under both of its bases; the one without an account takes it from the token (D20). */
export function operationRoutes(deps: OperationRouteDeps): Route[] {
  return [
    ...routesAt(deps, "/v1", {}, ""),
    ...routesAt(deps, "/v1/accounts/:aid/payments", { aid: AccountId }, "account_"),
  ];
}

type OfBase = { aid?: typeof AccountId };

function routesAt(deps: OperationRouteDeps, base: string, ofBase: OfBase, idPrefix: string): Route[] {
  const path = `${base}/admin/terminals/operations`;
  const params = Type.Object(ofBase);
  return [
    route({
      method: "POST",
      path,
      scopes: writeOperations,
      id: `${idPrefix}admin_terminals_operations_post`,
      summary: "Send a command to a terminal",
      tag,
      schemas: { params, body: OperationCreate, responses: { 201: Operation } },
      handle: async ({ caller, body, request }) => {
        const idempotencyKey = readIdempotencyKey(request);
        const { operation, replayed } = await deps.accept({ ...caller, idempotencyKey, body });
        return { status: 201, body: operation, ...(replayed && { headers: { "idempotent-replayed": "true" } }) };
      },
    }),
    route({
      method: "GET",
      path,
      scopes: readOperations,
      id: `${idPrefix}admin_terminals_operations_get`,
      summary: "List operations, newest first",
      tag,
      schemas: { params, query: ListQuery, responses: { 200: OperationList } },
      handle: ({ caller, query, request }) => list(deps.db, caller, query, request),
    }),
    route({
      method: "GET",
      path: `${path}/:operation_id`,
      scopes: readOperations,
      id: `${idPrefix}admin_terminals_operations_id_get`,
      summary: "One operation",
      tag,
      schemas: { params: Type.Object({ ...ofBase, operation_id: Text }), responses: { 200: Operation } },
      handle: async ({ caller, params: { operation_id: id } }) => ({
        status: 200,
        body: await getOperation(deps.db, caller.accountId, asUuid(id)),
      }),
    }),
    cancelRoute(deps, path, ofBase, idPrefix),
  ];
}

function cancelRoute(deps: CancelDeps, path: string, ofBase: OfBase, idPrefix: string): Route {
  return route({
    method: "POST",
    path: `${path}/:operation_id/cancel`,
    scopes: writeOperations,
    id: `${idPrefix}admin_terminals_operations_id_cancel`,
    summary: "Cancel an operation: at once while it cannot have begun (200), else its terminal is asked (202)",
    tag,
    schemas: {
      params: Type.Object({ ...ofBase, operation_id: Text }),
      responses: { 200: Operation, 202: Operation },
    },
    handle: async ({ caller, params: { operation_id: id } }) => {
      const { operation, ended } = await cancelOperation(deps, { ...caller, operationId: asUuid(id) });
      return { status: ended ? 200 : 202, body: operation };
    },
  });
}

/** What is no UUID names no operation either: the same answer as for any unknown id. */
function asUuid(id: string): string {
  if (isUuid(id)) return id;
  throw new ApiError("operation_not_found", "There is no such operation.");
}

function readIdempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key === "string" && isUuid(key)) return key.toLowerCase();
  throw new ApiError("invalid_idempotency_key", "Idempotency-Key must be one UUID.", {
    errors: [{ path: "/headers/idempotency-key", message: "must be a UUID" }],
  });
}

async function list(
  db: Db,
  caller: Caller,
  { "created_at.gte": from, "created_at.lte": to, ...query }: ListFilters,
  request: FastifyRequest,
) {
  const filter: OperationFilter = {
    ...query,
    ...(from !== undefined && { created_at_gte: new Date(from) }),
    ...(to !== undefined && { created_at_lte: new Date(to) }),
  };
  const { operations, next } = await getOperations(db, caller.accountId, filter);
  return { status: 200, body: operations, ...(next && { headers: { link: nextLink(request, next) } }) };
}

type ListFilters = Omit<OperationFilter, "created_at_gte" | "created_at_lte"> & {
  "created_at.gte"?: string;
  "created_at.lte"?: string;
};

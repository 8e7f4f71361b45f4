import { type Operation, operationEndpoints, operationEndpointsByToken } from "@tillkeeper/contract/http/operations";
import type { FastifyRequest } from "fastify";
import type { Db } from "../db/db.ts";
import { ApiError } from "../platform/errors.ts";
import { isUuid } from "../platform/formats.ts";
import { readIdempotencyKey } from "../platform/http/idempotency-key.ts";
import { pageAnswer } from "../platform/http/paging.ts";
import { Answer, bind, type Caller, type Route } from "../platform/http/route.ts";
import type { Waits } from "../platform/http/wait.ts";
import { endOfNamed } from "../platform/timestamps.ts";
import type { createAccept } from "./accept.ts";
import { type CancelDeps, cancelOperation } from "./cancel.ts";
import type { OperationFilter } from "./queries.ts";
import { getOperation, getOperations, requireSeen } from "./read.ts";

export interface OperationRouteDeps extends CancelDeps {
  accept: ReturnType<typeof createAccept>;
  waits: Waits;
}

/**
 * The documented resource under both of its bases; the base without an account takes the account from the token (D20).
 */
export function operationRoutes(deps: OperationRouteDeps): Route[] {
  return [...routesAt(deps, operationEndpointsByToken), ...routesAt(deps, operationEndpoints)];
}

function routesAt(
  deps: OperationRouteDeps,
  operations: typeof operationEndpoints | typeof operationEndpointsByToken,
): Route[] {
  return [
    bind(operations.create, async ({ caller, body, request }) => {
      const idempotencyKey = readIdempotencyKey(request);
      if (caller.stores !== undefined) await requireSeen(deps.db, caller.accountId, body.terminal_id);
      const { operation, replayed } = await deps.accept({ ...caller, idempotencyKey, body });
      const { found, headers } = await waitForEnd(deps, caller, request, operation);
      return new Answer(found, { headers: { ...headers, ...(replayed && { "idempotent-replayed": "true" }) } });
    }),
    bind(operations.list, ({ caller, query, request }) => list(deps.db, caller, query, request)),
    bind(operations.get, async ({ caller, params: { operation_id: id }, request }) => {
      const operation = await getOperation(deps.db, caller.accountId, asUuid(id));
      const { found, headers } = await waitForEnd(deps, caller, request, operation);
      return new Answer(found, { headers });
    }),
    bind(operations.cancel, async ({ caller, params: { operation_id: id } }) => {
      const { operation, ended } = await cancelOperation(deps, { ...caller, operationId: asUuid(id) });
      return new Answer(operation, { status: ended ? 200 : 202 });
    }),
  ];
}

/** The operation as it is at its end, or when the time is over that the request prefers to wait. */
function waitForEnd(
  { db, waits }: OperationRouteDeps,
  { accountId }: Caller,
  request: FastifyRequest,
  operation: Operation,
) {
  return waits.forRequest(request, {
    group: accountId,
    known: operation,
    look: () => getOperation(db, accountId, operation.id),
    isDone: ({ status }) => status !== "PENDING",
    wokenBy: operation.id,
  });
}

/** Only a UUID can be the id of an operation: any other text is answered like an unknown id. */
function asUuid(id: string): string {
  if (isUuid(id)) return id;
  throw new ApiError("operation_not_found", "There is no such operation.");
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
    ...(to !== undefined && { created_before: endOfNamed(to) }),
  };
  const { operations, next } = await getOperations(db, caller.accountId, filter);
  return pageAnswer(request, operations, next);
}

type ListFilters = Omit<OperationFilter, "created_at_gte" | "created_before"> & {
  "created_at.gte"?: string;
  "created_at.lte"?: string;
};

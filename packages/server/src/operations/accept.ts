import { createHash } from "node:crypto";
import type { Operation, OperationBlocker, OperationCreate } from "@tillkeeper/contract/http/operations";
import { limits } from "@tillkeeper/contract/limits";
import { defaultTimeoutSeconds, type OperationName } from "@tillkeeper/contract/operations";
import { operationsAllowed } from "@tillkeeper/contract/terminal-status";
import type { Db } from "../db/db.ts";
import { retried } from "../db/retry.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { gather } from "../platform/gather.ts";
import { newId } from "../platform/ids.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { presentAccepted } from "./present.ts";
import { findByIdempotencyKey, findPending, forgetKeys, type OperationRow, terminalStatus } from "./queries.ts";
import { acceptOperations, type NewOperation } from "./sql/accept.ts";
import type { Command } from "./sql/claim-commands.ts";
import { expireOperations } from "./sql/expire.ts";

export interface AcceptDeps {
  db: Db;
  clock: Clock;
  /** Told of every accepted operation after its commit, so that the command leaves without waiting for the outbox. */
  announce: (command: Command) => void;
  /** Whether `announce` can reach the terminal; otherwise it may be connected to another server. */
  hears: (terminalId: string) => boolean;
}

interface AcceptRequest {
  accountId: string;
  clientId: string;
  idempotencyKey: string | null;
  body: OperationCreate;
}

interface Accepted {
  operation: Operation;
  /** This is an earlier request's answer, given again. */
  replayed: boolean;
}

/** How long the outbox leaves a command to the process that accepted it, when that one can reach the terminal. */
const outboxDelayMs = 2_000;
/** A blocker may end, or a key expire, between the statement and the look for what stood in its way. */
const mostTries = 5;

/**
 * The function that accepts operations (D13-D16, D18). It answers when the operation is durable, and throws
 * `terminal_not_found`, `operation_not_allowed`, `operation_pending`, `idempotency_key_reused`, `service_unavailable`.
 */
export function createAccept(deps: AcceptDeps): (request: AcceptRequest) => Promise<Accepted> {
  const { db, clock } = deps;
  const insert = gather<NewOperation, boolean>({
    slots: 2,
    maxBatch: 128,
    maxQueue: 5_000,
    overload: () => busy(),
    run: (batch) => retried(() => acceptOperations(db.pool, batch)),
  });

  return async (request) => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const operation = newOperation(request, clock.now(), deps.hears(request.body.terminal_id));
      if (await insert(operation)) {
        deps.announce(toCommand(operation));
        return { operation: presentAccepted(toAccepted(operation)), replayed: false };
      }
      const earlier = await findObstacle(deps, request, operation);
      if (earlier) return { operation: presentAccepted(earlier), replayed: true };
    }
    throw busy();
  };
}

function newOperation(
  { accountId, clientId, idempotencyKey, body }: AcceptRequest,
  now: Date,
  inReach: boolean,
): NewOperation {
  const timeoutMs = (body.timeout ?? defaultTimeoutSeconds[body.operation]) * 1000;
  return {
    accountId,
    id: newId(now),
    terminalId: body.terminal_id,
    operation: body.operation,
    parameters: body.parameters ?? {},
    deadline: new Date(now.getTime() + timeoutMs),
    createdAt: now,
    clientId,
    idempotencyKey,
    requestSha256: requestHash(body),
    outboxDueAt: inReach ? new Date(now.getTime() + outboxDelayMs) : now,
  };
}

/** Equal for requests that mean the same, whatever the order of their fields. */
function requestHash(body: OperationCreate): Buffer {
  const meaning = [body.terminal_id, body.operation, body.parameters?.operator_id ?? null, body.timeout ?? null];
  return createHash("sha256").update(JSON.stringify(meaning)).digest();
}

/**
 * Why an operation was not inserted: throws the refusal, or answers the earlier operation that this request repeats, or
 * undefined when the obstacle is gone and the request may be tried again.
 */
async function findObstacle(
  deps: AcceptDeps,
  { accountId, clientId, idempotencyKey, body }: AcceptRequest,
  operation: NewOperation,
): Promise<OperationRow | undefined> {
  const { db } = deps;
  const now = deps.clock.now();
  if (idempotencyKey !== null) {
    const earlier = await findByIdempotencyKey(db.sql, accountId, clientId, idempotencyKey);
    const forgetBefore = new Date(now.getTime() - limits.idempotencyKeyHours * 3_600_000);
    if (earlier && earlier.created_at < forgetBefore) {
      await forgetKeys(db.sql, forgetBefore);
      return undefined;
    }
    if (earlier?.request_sha256.equals(operation.requestSha256)) return earlier;
    if (earlier) throw keyReused();
  }
  const status = await terminalStatus(db.sql, accountId, body.terminal_id);
  if (!status || status === "DELETED") throw new ApiError("terminal_not_found", "There is no such terminal.");
  const allowed: readonly OperationName[] = operationsAllowed[status];
  if (!allowed.includes(body.operation)) {
    throw new ApiError("operation_not_allowed", `A terminal that is ${status} does not accept ${body.operation}.`);
  }
  const blocker = await findPending(db.sql, accountId, body.terminal_id);
  if (!blocker) return undefined;
  if (blocker.deadline > now) throw pending(blocker, now);
  // Its time is up and the worker has not come by yet.
  await expireOperations(db.pool, now, 1_000);
  return undefined;
}

function pending(row: OperationRow, now: Date): ApiError {
  const blocker: OperationBlocker = {
    id: row.id,
    operation: row.operation,
    created_by: row.created_by,
    deadline: preciseTime(row.deadline),
  };
  const seconds = Math.max(1, Math.ceil((row.deadline.getTime() - now.getTime()) / 1000));
  return new ApiError("operation_pending", `The terminal is busy with ${row.operation}.`, {
    errors: [{ path: "/body/terminal_id", message: "has a pending operation", blocker }],
    headers: { "retry-after": String(seconds) },
  });
}

function keyReused(): ApiError {
  return new ApiError("idempotency_key_reused", "This Idempotency-Key came with another request before.", {
    errors: [{ path: "/headers/idempotency-key", message: "belongs to another request" }],
  });
}

function busy(): ApiError {
  return new ApiError("service_unavailable", "Too much is going on; try again.", { headers: { "retry-after": "1" } });
}

function toAccepted(operation: NewOperation) {
  return {
    account_id: operation.accountId,
    id: operation.id,
    terminal_id: operation.terminalId,
    operation: operation.operation,
    parameters: operation.parameters,
    deadline: operation.deadline,
    created_at: operation.createdAt,
    created_by: operation.clientId,
  };
}

function toCommand(operation: NewOperation): Command {
  const { accountId, id, terminalId, parameters, createdAt, deadline } = operation;
  return { accountId, operationId: id, terminalId, operation: operation.operation, parameters, createdAt, deadline };
}

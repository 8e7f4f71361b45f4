import { createHash } from "node:crypto";
import type { Operation, OperationCreate } from "@tillkeeper/contract/http/operations";
import type { OperationName } from "@tillkeeper/contract/operations";
import type { Db } from "../db/db.ts";
import { isLockTimeout, isWithoutPartition } from "../db/failures.ts";
import { retried } from "../db/retry.ts";
import { inTurn } from "../db/turns.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { gather } from "../platform/gather.ts";
import { newId } from "../platform/ids.ts";
import type { Durations } from "./durations.ts";
import { makeMonth } from "./months.ts";
import { type AcceptRequest, findObstacle, requestKeyOf } from "./obstacle.ts";
import { presentAccepted } from "./present.ts";
import { type Acceptance, acceptOperations, type NewOperation } from "./sql/accept.ts";
import type { Command } from "./sql/claim-messages.ts";

export interface AcceptDeps {
  db: Db;
  clock: Clock;
  /** Told of every accepted operation after its commit, so that the command leaves without waiting for the outbox. */
  announce: (command: Command) => void;
  /** Whether `announce` can reach the terminal; otherwise it may be connected to another server. */
  hears: (terminalId: string) => boolean;
  durations: Durations;
  /** Seconds a terminal has to answer, unless the request says otherwise (D16). */
  windows: Readonly<Record<OperationName, number>>;
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
 * `terminal_not_found`, `operation_not_allowed`, `operation_unsupported`, `operation_pending`,
 * `idempotency_key_reused`, `service_unavailable`.
 */
export function createAccept(deps: AcceptDeps): (request: AcceptRequest) => Promise<Accepted> {
  const { db, clock } = deps;
  const insert = gather<NewOperation, Outcome>({
    slots: 2,
    maxBatch: 128,
    maxQueue: 5_000,
    overload: () => busy(),
    run: (batch) => acceptBatch(db, batch),
  });

  return async (request) => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const asked = newOperation(request, clock.now(), deps);
      const outcome = await insert(asked);
      if (outcome === "locked") throw busy();
      if (outcome !== "refused") {
        const operation = { ...asked, deadline: outcome.deadline };
        // Otherwise the outbox sends it at once, and the two would be one too many.
        if (outcome.address !== null) deps.announce(toCommand(operation, outcome, outcome.address));
        return { operation: presentAccepted(toAccepted(operation)), replayed: false };
      }
      const earlier = await inTurn(db, request.accountId, () => findObstacle(deps, request, asked.requestSha256));
      if (earlier) return { operation: presentAccepted(earlier), replayed: true };
    }
    throw busy();
  };
}

/** `locked`: another transaction has the terminal in hand, and does not come to its end. */
type Outcome = Acceptance | "refused" | "locked";

async function acceptBatch(db: Db, batch: NewOperation[]): Promise<Outcome[]> {
  try {
    const accepted = await retried(() => acceptOperations(db.pool, batch));
    return accepted.map((acceptance) => acceptance ?? "refused");
  } catch (error) {
    if (isWithoutPartition(error)) {
      // It is there, unless clocks are far off: then it is made here.
      for (const { createdAt } of [batch[0], batch.at(-1)] as NewOperation[]) await makeMonth(db.sql, createdAt);
      return acceptBatch(db, batch);
    }
    if (!isLockTimeout(error)) throw error;
    if (batch.length === 1) return ["locked"];
    return (await Promise.all(batch.map((operation) => acceptBatch(db, [operation])))).flat();
  }
}

function newOperation(
  { accountId, clientId, idempotencyKey, body }: AcceptRequest,
  now: Date,
  { hears, windows }: Pick<AcceptDeps, "hears" | "windows">,
): NewOperation {
  const timeoutMs = (body.timeout ?? windows[body.operation]) * 1000;
  const announced = hears(body.terminal_id);
  return {
    accountId,
    id: newId(now),
    terminalId: body.terminal_id,
    operation: body.operation,
    parameters: body.parameters ?? {},
    whenBusy: body.when_busy ?? null,
    deadline: new Date(now.getTime() + timeoutMs),
    timeoutGiven: body.timeout !== undefined,
    createdAt: now,
    clientId,
    requestKey: idempotencyKey === null ? null : requestKeyOf(clientId, idempotencyKey),
    requestSha256: idempotencyKey === null ? null : requestHash(body),
    dueAt: announced ? new Date(now.getTime() + outboxDelayMs) : now,
    announced,
  };
}

/** Equal for requests that mean the same, whatever the order of their fields. */
function requestHash(body: OperationCreate): Buffer {
  const { terminal_id, operation, parameters, timeout, when_busy } = body;
  const meaning: unknown[] = [terminal_id, operation, parameters?.operator_id ?? null, timeout ?? null];
  // Only where it says something: keys of before this field existed are still known.
  if (when_busy === "wait") meaning.push(when_busy);
  return createHash("sha256").update(JSON.stringify(meaning)).digest();
}

function busy(): ApiError {
  return new ApiError("service_unavailable", "Too much is going on; try again.");
}

function toAccepted(operation: NewOperation) {
  return {
    account_id: operation.accountId,
    id: operation.id,
    terminal_id: operation.terminalId,
    operation: operation.operation,
    parameters: operation.parameters,
    when_busy: operation.whenBusy,
    deadline: operation.deadline,
    created_at: operation.createdAt,
    created_by: operation.clientId,
  };
}

function toCommand(operation: NewOperation, { previousClose }: Acceptance, address: string): Command {
  const { id: operationId, accountId, terminalId, parameters, whenBusy, createdAt, deadline } = operation;
  const { clientId, requestKey, requestSha256 } = operation;
  return {
    accountId,
    operationId,
    terminalId,
    operation: operation.operation,
    parameters,
    whenBusy,
    createdAt,
    deadline,
    address,
    previousClose,
    request: { clientId, requestKey, requestSha256 },
  };
}

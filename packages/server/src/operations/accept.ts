import { createHash } from "node:crypto";
import type { Operation, OperationCreate } from "@tillkeeper/contract/http/operations";
import type { OperationName, OperationStatus } from "@tillkeeper/contract/operations";
import type { Db } from "../db/db.ts";
import { isLockTimeout, isWithoutPartition } from "../db/failures.ts";
import { retried } from "../db/retry.ts";
import { inTurn } from "../db/turns.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { batched } from "../platform/load/batch.ts";
import { spanHere, type Traces } from "../platform/tracing/traces.ts";
import type { Durations } from "./durations.ts";
import { makeMonth } from "./months.ts";
import { presentAccepted } from "./present.ts";
import { type AcceptRequest, findRefusal, requestKeyOf } from "./refusal.ts";
import { type Acceptance, acceptOperations, type NewOperation } from "./sql/accept.ts";
import type { Command } from "./sql/claim-messages.ts";
import type { OperationWatch } from "./watch.ts";

export interface AcceptDeps {
  db: Db;
  clock: Clock;
  /**
   * Called for each accepted operation after its commit, so that the command is sent without waiting for the outbox.
   * Must not throw.
   */
  announce: (command: Command) => void;
  /** Whether the terminal is connected to this server, so that `announce` can reach it. */
  hears: (terminalId: string) => boolean;
  durations: Durations;
  watch: OperationWatch;
  traces?: Traces | undefined;
  /** Seconds that a terminal has to answer, unless the request sets them (D16). */
  windows: Readonly<Record<OperationName, number>>;
}

interface Accepted {
  /** As in the first answer to the request: PENDING. */
  operation: Operation;
  /** What has become of it; other than PENDING only where the request is a repetition. */
  status: OperationStatus;
  /** Whether this repeats the answer to an earlier request. */
  replayed: boolean;
}

/** The outbox leaves a command that `announce` can send to this server for so long. */
const outboxDelayMs = 2_000;
/** A blocker may end, or a key expire, between the statement and the search for the reason of its refusal. */
const mostTries = 5;

export type Accept = ReturnType<typeof createAccept>;

/**
 * Makes the function that accepts operations (D13-D16, D18). It resolves when the operation is committed. It throws
 * `terminal_not_found`, `operation_not_allowed`, `operation_unsupported`, `operation_pending`,
 * `idempotency_key_reused`, `service_unavailable`, and for a request with `expectedClose` a `CloseMoved`.
 */
export function createAccept(deps: AcceptDeps): (request: AcceptRequest) => Promise<Accepted> {
  const { db, clock, traces } = deps;
  const insert = batched<NewOperation, Outcome>({
    slots: 2,
    maxBatch: 128,
    maxQueue: 5_000,
    overload: () => busy(),
    run: (batch) => acceptBatch(db, batch),
  });

  return async (request) => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const asked = newOperation(request, clock.now(), deps);
      const { id: operation_id, accountId: account_id, terminalId: terminal_id } = asked;
      const facts = { operation_id, account_id, terminal_id, operation: asked.operation };
      const span = spanHere(traces, { name: "accept operation", facts });
      asked.traceparent = span?.traceparent ?? null;
      let outcome: Outcome | "failed" = "failed";
      try {
        outcome = await insert(asked);
      } finally {
        span?.end(typeof outcome === "string" ? { error: outcome } : {});
      }
      if (outcome === "locked") throw busy();
      if (outcome !== "refused") {
        deps.watch.accepted(asked.operation);
        const operation = { ...asked, deadline: outcome.deadline };
        // Without an address the outbox sends the command at once; announcing it too would send it twice.
        if (outcome.address !== null) deps.announce(toCommand(operation, outcome, outcome.address));
        return { operation: presentAccepted(toAccepted(operation)), status: "PENDING", replayed: false };
      }
      const earlier = await inTurn(db, request.accountId, () => findRefusal(deps, request, asked.requestSha256));
      if (earlier) return { operation: presentAccepted(earlier), status: earlier.status, replayed: true };
    }
    throw busy();
  };
}

/** `locked`: the lock of another transaction on the terminal outlasted `lock_timeout`. */
type Outcome = Acceptance | "refused" | "locked";

async function acceptBatch(db: Db, batch: NewOperation[]): Promise<Outcome[]> {
  try {
    const accepted = await retried(() => acceptOperations(db.pool, batch));
    return accepted.map((acceptance) => acceptance ?? "refused");
  } catch (error) {
    if (isWithoutPartition(error)) {
      // The worker makes partitions ahead, so this happens only if clocks are far off.
      for (const { createdAt } of [batch[0], batch.at(-1)] as NewOperation[]) await makeMonth(db.sql, createdAt);
      return acceptBatch(db, batch);
    }
    if (!isLockTimeout(error)) throw error;
    if (batch.length === 1) return ["locked"];
    return (await Promise.all(batch.map((operation) => acceptBatch(db, [operation])))).flat();
  }
}

function newOperation(
  { accountId, clientId, requestId, idempotencyKey, body, expectedClose }: AcceptRequest,
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
    expectedClose,
    clientId,
    requestId,
    requestKey: idempotencyKey === null ? null : requestKeyOf(clientId, idempotencyKey),
    requestSha256: idempotencyKey === null ? null : requestHash(body),
    dueAt: announced ? new Date(now.getTime() + outboxDelayMs) : now,
    announced,
  };
}

/**
 * The hash of a request. Equal for requests with equal meaning, in any order of their fields. `expectedClose` is no part of it: a
 * repetition is answered without a look at the last close.
 */
function requestHash(body: OperationCreate): Buffer {
  const { terminal_id, operation, parameters, timeout, when_busy } = body;
  const meaning: unknown[] = [terminal_id, operation, parameters?.operator_id ?? null, timeout ?? null];
  // Added only if set, so that the hashes of requests from before this field still match.
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
    traceparent: operation.traceparent ?? null,
    request: { clientId, requestKey, requestSha256 },
  };
}

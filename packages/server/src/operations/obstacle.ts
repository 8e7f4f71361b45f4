import { createHash } from "node:crypto";
import { abilitiesOf } from "@tillkeeper/contract/abilities";
import type { OperationBlocker, OperationCreate } from "@tillkeeper/contract/http/operations";
import { limits } from "@tillkeeper/contract/limits";
import { type OperationName, operationsAllowed } from "@tillkeeper/contract/operations";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { findAbilities } from "../terminals/abilities.ts";
import type { Durations } from "./durations.ts";
import { phaseOf } from "./present.ts";
import {
  type ClaimRow,
  findByRequestKey,
  findLive,
  findOperation,
  type OperationRow,
  terminalStatus,
} from "./queries.ts";
import { expireOperations } from "./sql/expire.ts";
import { forgetKey } from "./sql/forget-keys.ts";

/** A request to send a command to a terminal. */
export interface AcceptRequest {
  accountId: string;
  clientId: string;
  idempotencyKey: string | null;
  body: OperationCreate;
}

/** What a client's idempotency key is known by. */
export function requestKeyOf(clientId: string, idempotencyKey: string): Buffer {
  return createHash("sha256").update(`${clientId}\n${idempotencyKey}`).digest();
}

interface ObstacleDeps {
  db: Db;
  clock: Clock;
  durations: Durations;
}

const mostExpired = 1_000;

/**
 * Why a request was not accepted: throws the refusal, or answers the earlier operation that this request repeats, or
 * undefined when the obstacle is gone and the request may be tried again.
 */
export async function findObstacle(
  deps: ObstacleDeps,
  { accountId, clientId, idempotencyKey, body }: AcceptRequest,
  requestSha256: Buffer | null,
): Promise<OperationRow | undefined> {
  const { db } = deps;
  const now = deps.clock.now();
  if (idempotencyKey !== null) {
    const earlier = await findByRequestKey(db.sql, accountId, requestKeyOf(clientId, idempotencyKey));
    const forgetBefore = new Date(now.getTime() - limits.idempotencyKeyHours * 3_600_000);
    if (earlier && earlier.created_at < forgetBefore) {
      await forgetKey(db.sql, earlier);
      return undefined;
    }
    if (earlier && !(requestSha256 && earlier.request_sha256?.equals(requestSha256))) throw keyReused();
    if (earlier) return findOperation(db.sql, accountId, earlier.operation_id);
  }
  const status = await terminalStatus(db.sql, accountId, body.terminal_id);
  if (!status || status === "DELETED") throw new ApiError("terminal_not_found", "There is no such terminal.");
  const allowed: readonly OperationName[] = operationsAllowed[status];
  if (!allowed.includes(body.operation)) {
    throw new ApiError("operation_not_allowed", `A terminal that is ${status} does not accept ${body.operation}.`);
  }
  await checkAbility(db, accountId, body);
  const blocker = await findLive(db.sql, accountId, body.terminal_id);
  if (!blocker) return undefined;
  if (blocker.deadline > now) throw pending(deps.durations, blocker, now);
  // Its time is up and the worker has not come by yet.
  await expireOperations(db.pool, now, mostExpired);
  return undefined;
}

/** Whether the terminal's device has said that it can do it (docs/adr/0027-abilities.md). */
async function checkAbility(
  db: Db,
  accountId: string,
  { terminal_id: terminalId, operation }: OperationCreate,
): Promise<void> {
  const abilities = await findAbilities(db.sql, { accountId, terminalId });
  if (!abilities || abilities[operation] !== undefined) return;
  const supported = abilitiesOf(abilities).map((ability) => ability.operation);
  throw new ApiError("operation_unsupported", `The terminal's device cannot do ${operation}.`, {
    errors: [{ path: "/body/operation", message: "is nothing that the terminal's device can do", supported }],
  });
}

function pending(durations: Durations, claim: ClaimRow & { deadline: Date }, now: Date): ApiError {
  const end = expectedEnd(durations, claim, now);
  const blocker: OperationBlocker = {
    id: claim.operation_id,
    operation: claim.operation,
    created_by: claim.client_id,
    deadline: preciseTime(claim.deadline),
    phase: phaseOf({ ...claim, answered_at: null }),
    expected_end: preciseTime(end),
  };
  const seconds = Math.max(1, Math.ceil((end.getTime() - now.getTime()) / 1000));
  return new ApiError("operation_pending", `The terminal is busy with ${claim.operation}.`, {
    errors: [{ path: "/body/terminal_id", message: "has a pending operation", blocker }],
    headers: { "retry-after": String(seconds) },
  });
}

/** Its deadline, or sooner by how long such operations have taken (D14). */
function expectedEnd(durations: Durations, claim: ClaimRow & { deadline: Date }, now: Date): Date {
  const begun = claim.created_at.getTime();
  const expected = durations.expectedMs(claim.operation, claim.device_model, now.getTime() - begun);
  return expected === undefined ? claim.deadline : new Date(Math.min(claim.deadline.getTime(), begun + expected));
}

function keyReused(): ApiError {
  return new ApiError("idempotency_key_reused", "This Idempotency-Key came with another request before.", {
    errors: [{ path: "/headers/idempotency-key", message: "belongs to another request" }],
  });
}

import { createHash } from "node:crypto";
import { abilitiesOf } from "@tillkeeper/contract/abilities";
import type { OperationCreate } from "@tillkeeper/contract/http/operations";
import { limits } from "@tillkeeper/contract/limits";
import { showStep, stepForStatus } from "@tillkeeper/contract/next-steps";
import { type OperationName, operationsAllowed } from "@tillkeeper/contract/operations";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import type { Db } from "../db/db.ts";
import { ApiError } from "../platform/errors.ts";
import { keyReused } from "../platform/http/idempotency-key.ts";
import { hourMs } from "../platform/time-spans.ts";
import { findAbilities } from "../terminals/record/abilities.ts";
import { findLastCloseId } from "../terminals/record/last-close.ts";
import type { TerminalKey } from "../terminals/terminal-keys.ts";
import { CloseMoved } from "./close-moved.ts";
import type { Durations } from "./durations.ts";
import { type ExpiryDeps, expireDue } from "./expiry.ts";
import { operationPending } from "./pending.ts";
import { findByRequestKey, findOperation, type OperationRow, selectLive, terminalStatus } from "./queries.ts";
import { forgetKey } from "./sql/forget-keys.ts";

/** A request to send a command to a terminal. */
export interface AcceptRequest {
  accountId: string;
  clientId: string;
  /** Undefined where the server itself asks. */
  requestId?: string;
  idempotencyKey: string | null;
  body: OperationCreate;
  /**
   * For an `end_of_day`: accepted only while this is the last close that the server holds of the terminal's present address, null
   * for none. The command then names the same as `previous_close`, so that the terminal compares it once more (D27). Undefined:
   * nothing is compared. No part of the request that an idempotency key stands for.
   */
  expectedClose?: string | null | undefined;
}

/** The hash that a client's idempotency key is stored as. */
export function requestKeyOf(clientId: string, idempotencyKey: string): Buffer {
  return createHash("sha256").update(`${clientId}\n${idempotencyKey}`).digest();
}

interface ObstacleDeps extends ExpiryDeps {
  db: Db;
  durations: Durations;
}

const mostExpired = 1_000;

/**
 * Finds out why a request was not accepted. Throws the refusal, or answers the earlier operation that the request
 * repeats. Undefined when the reason is gone and the request may be tried again.
 */
export async function findRefusal(
  deps: ObstacleDeps,
  { accountId, clientId, idempotencyKey, body, expectedClose }: AcceptRequest,
  requestSha256: Buffer | null,
): Promise<OperationRow | undefined> {
  const { db } = deps;
  const now = deps.clock.now();
  if (idempotencyKey !== null) {
    const earlier = await findByRequestKey(db.sql, accountId, requestKeyOf(clientId, idempotencyKey));
    const forgetBefore = new Date(now.getTime() - limits.idempotencyKeyHours * hourMs);
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
    throw notAllowed(status, body.operation);
  }
  await checkAbility(db, accountId, body);
  // Before the blocker: to wait for that would not help.
  if (expectedClose !== undefined) await checkClose(db, { accountId, terminalId: body.terminal_id }, expectedClose);
  const blocker = await selectLive(db.sql, accountId, body.terminal_id).executeTakeFirst();
  if (!blocker) return undefined;
  if (blocker.deadline > now) throw operationPending(deps.durations, blocker, { path: "/body/terminal_id", now });
  // The deadline has passed, and the expiry worker has not reached it yet.
  await expireDue(deps, db.pool, now, mostExpired);
  return undefined;
}

/**
 * Throws `operation_unsupported` unless the device has reported that it supports the operation
 * (docs/adr/0027-abilities.md).
 */
async function checkAbility(
  db: Db,
  accountId: string,
  { terminal_id: terminalId, operation }: OperationCreate,
): Promise<void> {
  const abilities = await findAbilities(db.sql, { accountId, terminalId });
  if (!abilities || abilities[operation] !== undefined) return;
  const supported = abilitiesOf(abilities).map((ability) => ability.operation);
  throw new ApiError("operation_unsupported", `The terminal's device cannot do ${operation}.`, {
    errors: [
      {
        path: "/body/operation",
        message: "is nothing that the terminal's device can do",
        supported,
        ...showStep("update_terminal"),
      },
    ],
  });
}

/** Throws `CloseMoved` unless the terminal's last close is the expected one. */
async function checkClose(db: Db, terminal: TerminalKey, expected: string | null): Promise<void> {
  const lastClose = await findLastCloseId(db.sql, terminal);
  if (lastClose !== (expected?.toLowerCase() ?? null)) throw new CloseMoved(lastClose);
}

/** The refusal of an operation that a terminal in this status does not accept (D18), with what comes first. */
function notAllowed(status: TerminalStatus, operation: OperationName): ApiError {
  const step = stepForStatus(status);
  return new ApiError("operation_not_allowed", `A terminal that is ${status} does not accept ${operation}.`, {
    errors: [
      {
        path: "/body/operation",
        message: `is not accepted by a terminal that is ${status}`,
        accepted: operationsAllowed[status],
        ...(step && showStep(step)),
      },
    ],
  });
}

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { uploadLog } from "@tillkeeper/agent/files/log-upload";
import type { Completed, Failed, Operation } from "@tillkeeper/agent/operations/operation";
import type { OperationName, OperationResults } from "@tillkeeper/contract/operations";

/** Carries out an operation; resolves with its outcome, rejects when the signal aborts. */
export type Work = (
  operation: Operation,
  signal: AbortSignal,
  serverNow: () => number,
) => Promise<Completed<unknown, null> | Failed>;

const shares = { late: 0.03, failed: 0.05 };
const usualMs = { shortest: 10, longest: 500 };
const lateByMs = { shortest: 200, longest: 2000 };

/**
 * Takes 10 to 500 ms, fails in 5 % of the cases, and in 3 % ends only after the deadline. Answers are unique as far as
 * the operation's result has room for it (`open_menu` has only a boolean).
 */
export const inventedWork: Work = async (order, signal, serverNow) => {
  const { operation, expires_at: expiresAt } = order;
  const late = Math.random() < shares.late;
  const ms = late ? Date.parse(expiresAt) - Date.now() + between(lateByMs) : between(usualMs);
  await sleep(Math.max(0, ms), undefined, { signal });
  if (Math.random() < shares.failed) {
    return { status: "FAILED", reason: "device_error", error: { code: "invented", message: someLetters() } };
  }
  // The server rejects the result of a `send_logs` without an uploaded log.
  if (operation === "send_logs") {
    return uploadLog(order, Buffer.from(randomUUID()), { signal, cancelled: signal, serverNow });
  }
  return { status: "COMPLETED", result: results[operation](randomUUID()) };
};

/** Returns unique text without digits: the server masks digits that look like a card number in a device's text. */
function someLetters(): string {
  return randomUUID().replaceAll(/[0-9-]/g, (character) => String.fromCodePoint((character.codePointAt(0) ?? 0) + 64));
}

function between({ shortest, longest }: { shortest: number; longest: number }): number {
  return shortest + Math.random() * (longest - shortest);
}

const results: { [Name in Exclude<OperationName, "send_logs">]: (unique: string) => OperationResults[Name] } = {
  end_of_day: (unique) => ({
    outcome: "accepted",
    batch_id: unique,
    start_of_day_at: "2026-01-01T06:00:00Z",
    last_end_of_day_at: "2026-01-01T22:00:00Z",
    purchases_count: 1,
    purchases_amount: 100,
    reversals_count: 0,
    reversals_amount: 0,
    sale_amount: 100,
    tip_amount: 0,
    currency: "NOK",
  }),
  check_update: (unique) => ({
    current_version: unique,
    latest_version: unique,
    update_available: false,
    configuration_version: "1",
  }),
  open_menu: (unique) => ({ opened: unique < "8" }),
};

import type { JournalEntry } from "../journal.ts";
import type { PlannedEvent } from "./plan.ts";

/** What has happened in a simulated fleet so far. */
export interface Figures {
  terminals: number;
  connected: number;
  operations: {
    /** Begun and not answered. */
    running: number;
    completed: number;
    failed: number;
    /** How many FAILED for which reason. */
    failures: Record<string, number>;
    /** Answers that the server has not yet receipted. */
    unreceipted: number;
  };
  payments: {
    count: number;
    /** What customers have paid less what they got back, in minor units. */
    amount: number;
    /** Broken off when the power was lost. */
    lost: number;
  };
  /** How many of each kind have happened. */
  faults: Record<string, number>;
}

export function noFigures(): Figures {
  return {
    terminals: 0,
    connected: 0,
    operations: { running: 0, completed: 0, failed: 0, failures: {}, unreceipted: 0 },
    payments: { count: 0, amount: 0, lost: 0 },
    faults: {},
  };
}

export function countFault({ faults }: Figures, kind: Exclude<PlannedEvent["kind"], "payment">): void {
  faults[kind] = (faults[kind] ?? 0) + 1;
}

/** Counts what a terminal writes down about its operations; one for each terminal. */
export function operationCounter({ operations }: Figures): (entry: JournalEntry) => void {
  const seen = new Map<string, JournalEntry["phase"]>();
  return ({ operation_id: id, phase, result }) => {
    const before = seen.get(id);
    if (before === phase) return;
    if (before === "started") operations.running -= 1;
    if (before === "answered") operations.unreceipted -= 1;
    if (phase === "receipted") {
      seen.delete(id);
      return;
    }
    seen.set(id, phase);
    if (phase === "started") operations.running += 1;
    if (phase !== "answered" || !result) return;
    operations.unreceipted += 1;
    if (result.status === "COMPLETED") {
      operations.completed += 1;
      return;
    }
    operations.failed += 1;
    const reason = result.reason ?? "unknown";
    operations.failures[reason] = (operations.failures[reason] ?? 0) + 1;
  };
}

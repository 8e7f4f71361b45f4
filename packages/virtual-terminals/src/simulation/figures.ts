import type { Change } from "@tillkeeper/agent/memory/result-log";
import type { PlannedEvent } from "./plan.ts";

/** Counts of everything that has happened in a simulated fleet so far. */
export interface Figures {
  terminals: number;
  connected: number;
  operations: {
    /** Operations that are begun and not answered. */
    running: number;
    completed: number;
    failed: number;
    /** The number of FAILED operations by reason. */
    failures: Record<string, number>;
    /** Closes that were made by hand at the terminals. */
    by_hand: number;
    /** Results that the server has not acknowledged. */
    unreceipted: number;
  };
  payments: {
    count: number;
    /** Purchases and tips less reversals, in minor units. */
    amount: number;
    /** Payments that a power cut interrupted. */
    lost: number;
  };
  /** The number of faults by kind. */
  faults: Record<string, number>;
}

/** Returns figures that are all 0. */
export function noFigures(): Figures {
  return {
    terminals: 0,
    connected: 0,
    operations: { running: 0, completed: 0, failed: 0, failures: {}, by_hand: 0, unreceipted: 0 },
    payments: { count: 0, amount: 0, lost: 0 },
    faults: {},
  };
}

/** Adds one to the faults of a kind. */
export function countFault({ faults }: Figures, kind: Exclude<PlannedEvent["kind"], "payment">): void {
  faults[kind] = (faults[kind] ?? 0) + 1;
}

/** Makes a counter for the journal writes of one terminal; each terminal needs its own. */
export function operationCounter({ operations }: Figures) {
  const running = new Set<string>();
  let known = 0;
  const end = (id: string) => {
    if (running.delete(id)) operations.running -= 1;
  };
  return {
    wrote({ begun, takenBack, results = [] }: Change): void {
      if (begun && !running.has(begun.operation_id)) {
        running.add(begun.operation_id);
        operations.running += 1;
      }
      if (takenBack !== undefined) end(takenBack);
      for (const { operation_id: id, status, reason = "unknown", by_hand } of results) {
        end(id);
        if (by_hand) operations.by_hand += 1;
        else if (status === "COMPLETED") operations.completed += 1;
        else {
          operations.failed += 1;
          operations.failures[reason] = (operations.failures[reason] ?? 0) + 1;
        }
      }
    },
    unreceipted(count: number): void {
      operations.unreceipted += count - known;
      known = count;
    },
  };
}

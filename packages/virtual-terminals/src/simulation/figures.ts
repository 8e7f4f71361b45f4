import type { Change } from "@tillkeeper/agent/memory/result-log";
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
    /** Closes that were made at the terminals. */
    by_hand: number;
    /** Results that the server has not said to hold. */
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
    operations: { running: 0, completed: 0, failed: 0, failures: {}, by_hand: 0, unreceipted: 0 },
    payments: { count: 0, amount: 0, lost: 0 },
    faults: {},
  };
}

export function countFault({ faults }: Figures, kind: Exclude<PlannedEvent["kind"], "payment">): void {
  faults[kind] = (faults[kind] ?? 0) + 1;
}

/** Counts what a terminal writes down about its operations; one for each terminal. */
export function operationCounter({ operations }: Figures) {
  const running = new Set<string>();
  let lacking = 0;
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
    untold(count: number): void {
      operations.unreceipted += count - lacking;
      lacking = count;
    },
  };
}

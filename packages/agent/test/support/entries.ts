import { randomUUID } from "node:crypto";
import type { Begun } from "../../src/memory/result-log.ts";
import type { ReportedResult } from "../../src/operations/outcome.ts";
import { command } from "./commands.ts";

const noon = Date.parse("2026-06-29T12:00:00.000Z");

/** Makes the entry of an operation that began at noon. */
export function begun(change: Partial<Begun> = {}): Begun {
  const { sent_at: _, ...known } = command(noon);
  return { ...known, started_at: new Date(noon).toISOString(), ...change };
}

/** Makes a result of noon, of an `open_menu` by default. */
export function result(change: Partial<ReportedResult> = {}): ReportedResult {
  const outcome = { status: "COMPLETED", result: { opened: true } } as const;
  return {
    operation_id: randomUUID(),
    operation: "open_menu",
    finished_at: new Date(noon).toISOString(),
    ...outcome,
    ...change,
  };
}

/** Makes the result of a close of that batch at noon. */
export function close(batch_id: string, change: Partial<ReportedResult> = {}): ReportedResult {
  return result({ operation: "end_of_day", result: { outcome: "accepted", batch_id }, ...change });
}

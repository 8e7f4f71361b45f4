import { randomUUID } from "node:crypto";
import type { Begun } from "../../src/memory/result-log.ts";
import type { ReportedResult } from "../../src/operations/outcome.ts";
import { command } from "./commands.ts";

const noon = Date.parse("2026-06-29T12:00:00.000Z");

/** What is begun at noon. */
export function begun(change: Partial<Begun> = {}): Begun {
  const { sent_at: _, ...known } = command(noon);
  return { ...known, started_at: new Date(noon).toISOString(), ...change };
}

/** A result of noon, of an `open_menu` unless told otherwise. */
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

/** A close of noon, of that batch. */
export function close(batch_id: string, change: Partial<ReportedResult> = {}): ReportedResult {
  return result({ operation: "end_of_day", result: { outcome: "accepted", batch_id }, ...change });
}

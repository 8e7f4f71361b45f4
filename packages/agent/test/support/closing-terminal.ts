import { vi } from "vitest";
import { type Journal, memoryJournal } from "../../src/memory/journal.ts";
import type { CloseHandler, LastBatch } from "../../src/operations/operation.ts";
import type { ReportedResult } from "../../src/operations/outcome.ts";
import { command } from "./commands.ts";
import { noon, runnerRig } from "./runner-rig.ts";

export type Run = CloseHandler["run"];
export type Closed = Awaited<ReturnType<Run>>;

/** Makes the answer of a successful close. */
export const closed = (batch_id: string): Closed => ({
  status: "COMPLETED",
  result: { outcome: "accepted", batch_id },
});
export const outOfStep = { status: "FAILED", reason: "out_of_step" } as const;

/** A terminal with earlier results, which names its last batch when `named` is there. */
export async function terminalWith(
  results: ReportedResult[] = [],
  named?: { batch: LastBatch | undefined },
  journal: Journal = memoryJournal(undefined),
) {
  if (results.length > 0) await journal.write(() => ({ results }));
  const run = vi.fn<Run>().mockImplementation(async () => {
    if (named) named.batch = { batch_id: "new" };
    return closed("new");
  });
  const lastBatch = vi.fn<NonNullable<CloseHandler["lastBatch"]>>(async () => named?.batch);
  const rig = runnerRig({ end_of_day: { run, ...(named && { lastBatch }) } }, journal);
  const order = (previous_close: string | null, change = {}) => {
    const message = command(noon, { operation: "end_of_day", previous_close, ...change }, 180_000);
    rig.runner.take(message);
    return message;
  };
  return { ...rig, run, lastBatch, order };
}

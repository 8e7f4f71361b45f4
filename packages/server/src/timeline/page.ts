import { inOrder } from "./position.ts";
import type { Found, Source, Subject, Wanted } from "./source.ts";
import { storeChanges, terminalChanges } from "./sources/changes.ts";
import { attempts, cancelledClosings, closings, endedClosings } from "./sources/closings.ts";
import { operations, toldLate } from "./sources/operations.ts";
import { faults, logs, presence, telemetry } from "./sources/reports.ts";
import { activations, configurations, releases, withdrawnConfigurations } from "./sources/updates.ts";
import { has, type Window } from "./window.ts";

/** Every kind of fact that a timeline tells. */
const sources: readonly Source[] = [
  terminalChanges,
  storeChanges,
  configurations,
  withdrawnConfigurations,
  releases,
  activations,
  operations,
  toldLate,
  logs,
  closings,
  cancelledClosings,
  endedClosings,
  attempts,
  presence,
  faults,
  telemetry,
];

/** Rows that a source reads beside: those of the edge's own instant that are on its other side. */
const slack = 4;

/** Entries from the edge of a window on, newest first, and whether the window has more of them. */
export interface Part {
  entries: Found[];
  more: boolean;
}

/**
 * Reads the entries that are nearest to the edge of a window. Each source gives its own nearest ones, so the nearest of all are
 * among them.
 */
export async function readPart(tx: Wanted["tx"], subject: Subject, window: Window, limit: number): Promise<Part> {
  const found = new Map<string, Found>();
  // One after the other: they are in one transaction.
  for (const source of sources) {
    for (const entry of await source({ tx, subject, window, limit: limit + 1 + slack })) {
      if (has(window, entry)) found.set(`${entry.source} ${entry.key}`, entry);
    }
  }
  const oldestFirst = [...found.values()].toSorted(inOrder);
  const more = oldestFirst.length > limit;
  const nearest =
    window.order === "newer" ? oldestFirst.slice(0, limit) : oldestFirst.slice(Math.max(0, oldestFirst.length - limit));
  return { entries: nearest.toReversed(), more };
}

import { operationNames } from "@tillkeeper/contract/operations";
import { presenceStatuses } from "@tillkeeper/contract/presence";
import { Gauge, type Registry } from "prom-client";
import type { Db } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { pause } from "../platform/pause.ts";
import { type Figures, readFigures } from "./sql/figures.ts";

interface FiguresDeps {
  db: Pick<Db, "sql">;
  clock: Pick<Clock, "now" | "elapsedMs">;
  registry: Registry;
}

const freshForMs = 15_000;
/** A scrape waits no longer for the database than this: it then shows what the process itself knows. */
const patienceMs = 3_000;

const single = {
  outboxDue: ["outbox_messages", "Messages to terminals that are due to be sent."],
  outboxAge: ["outbox_oldest_seconds", "For how long the oldest of them has been due."],
  overdue: ["operations_overdue", "Operations that have not ended although their deadline has passed."],
  eventsWaiting: ["events_waiting", "Events that are written and have no place yet: nobody hears of them."],
  eventsAge: ["events_oldest_waiting_seconds", "The age of the oldest of them."],
  deliveriesDue: ["webhook_deliveries_due", "Deliveries of webhooks that are due."],
  deliveriesAge: ["webhook_oldest_due_seconds", "For how long the oldest of them has been due."],
  closingsRunning: ["closings_running", "Closings that go on."],
  closingsDue: ["closings_due", "Closings that are due to be carried forward."],
  closingsEnded: ["closings_ended", "Closings that have ended, of business days that began within the last two days."],
  storesDue: ["autopilot_stores_due", "Stores whose close by themselves is due to be looked at."],
  mailDue: ["mail_due", "Messages about days that were not closed which are due to be sent."],
} as const satisfies Partial<Record<keyof Figures, readonly [name: string, help: string]>>;

/** Of these, each value of the label is shown, with 0 where there is none. */
const byLabel = {
  live: ["operations_live", "Operations that have not ended.", "operation", operationNames],
  presence: ["terminals", "Terminals by presence, without deleted ones.", "presence", presenceStatuses],
  subscriptions: ["webhook_subscriptions", "Subscriptions to webhooks.", "state", ["active", "paused"]],
} as const satisfies Partial<Record<keyof Figures, readonly [string, string, string, readonly string[]]>>;

/**
 * Makes the gauges that tell what the database says of all servers, and the function that brings them up to date. It asks the
 * database at most every 15 seconds, and never while an earlier question is unanswered. Without an answer the gauges have no
 * values, and `tillkeeper_database_up` is 0.
 */
export function createFigures({ db, clock, registry }: FiguresDeps): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `tillkeeper_${name}`, help, labelNames, registers: [registry] });
  const up = gauge("database_up", "Whether the database answered when this server last asked for its figures.");
  const schema = gauge("schema_info", "The newest migration of the database.", ["migration"]);
  const plain = Object.entries(single).map(
    ([key, [name, help]]) => [key as keyof typeof single, gauge(name, help)] as const,
  );
  const labelled = Object.entries(byLabel).map(
    ([key, [name, help, label, values]]) =>
      [key as keyof typeof byLabel, gauge(name, help, [label]), label, values] as const,
  );
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  function forget(): void {
    up.set(0);
    for (const each of [schema, ...plain.map(([, of]) => of), ...labelled.map(([, of]) => of)]) each.reset();
    // A gauge without labels is 0 after a reset, which would look like a figure.
    for (const [, each] of plain) each.remove();
  }

  function show(figures: Figures): void {
    up.set(1);
    schema.reset();
    if (figures.migration !== null) schema.set({ migration: figures.migration.replace(/\.sql$/, "") }, 1);
    for (const [key, each] of plain) each.set(Math.max(0, figures[key] ?? 0));
    for (const [key, each, label, values] of labelled) {
      each.reset();
      for (const value of values) each.set({ [label]: value }, figures[key]?.[value] ?? 0);
    }
  }

  async function read(): Promise<void> {
    try {
      show(await readFigures(db.sql, clock.now()));
      readAt = clock.elapsedMs();
    } catch {
      // The workers and requests that need the database log that it is away.
      forget();
    } finally {
      reading = undefined;
    }
  }

  return async () => {
    if (clock.elapsedMs() - readAt < freshForMs) return;
    reading ??= read();
    const late = new AbortController();
    const isThere = await Promise.race([reading.then(() => true), pause(patienceMs, late.signal).then(() => false)]);
    late.abort();
    if (!isThere) forget();
  };
}

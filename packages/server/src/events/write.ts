import type { EventType } from "@tillkeeper/contract/events";
import { type Kysely, sql } from "kysely";
import { batchTable } from "../db/batch-table.ts";
import type { Tables } from "../db/tables/schema.ts";

/** An event before it has its place. */
export interface NewEvent {
  accountId: string;
  type: EventType;
  /** What made it true: the action of the audit log, or what happened to the subject. */
  cause: string;
  at: Date;
  /** The id of what changed. */
  subject: string;
  /** The generated id of the store, as it is at that time. */
  storeRef?: string | null;
  terminalId?: string | null;
  /** As `created_by` shows it. */
  actor: string;
  requestId?: string | undefined;
  /** The subject as the event shows it; left out where the subject's row keeps all of it. */
  data?: object;
}

/** Who makes an event true: a caller over HTTP, a device, or a part of the server. */
export interface EventActor {
  clientId: string;
  requestId?: string | undefined;
}

const written = batchTable<NewEvent>({
  account_id: ["text", (event) => event.accountId],
  type: ["text", (event) => event.type],
  cause: ["text", (event) => event.cause],
  at: ["timestamptz", (event) => event.at],
  subject: ["text", (event) => event.subject],
  store_ref: ["text", (event) => event.storeRef ?? null],
  terminal_id: ["text", (event) => event.terminalId ?? null],
  actor: ["text", (event) => event.actor],
  request_id: ["text", (event) => event.requestId || null],
  data: ["jsonb", (event) => event.data ?? null],
});

/** Writes events in the transaction that makes them true. The sequencer gives them their places after its commit. */
export async function writeEvents(tx: Kysely<Tables>, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql`
    insert into new_events (${sql.raw(written.columns)})
    select * from ${written.of(events, "event")}`.execute(tx);
}

/** SQL expressions over a row of `from`. */
interface EventsOfStep {
  from: string;
  /** Of the rows of `from`, those that are events; all by default. */
  which?: string;
  type: EventType;
  cause: string;
  at: string;
  subject: string;
  storeRef?: string;
  terminalId?: string;
  actor: string;
  requestId?: string;
  data?: string;
}

/**
 * The events of a statement's rows, as the steps `{name} as (…)` of it: the one way in which a statement writes events. The statement has to
 * answer or count a row where it wrote any: that wakes the sequencer (`db/inserts.ts`), which else finds them at its next look.
 */
export function eventsOf(name: string, event: EventsOfStep): string {
  const { from, which = "true", type, cause, at, subject, actor } = event;
  const { storeRef = "null", terminalId = "null", requestId = "null", data = "null::jsonb" } = event;
  return `${name} as (
  insert into new_events (account_id, type, cause, at, subject, store_ref, terminal_id, actor, request_id, data)
  select ${from}.account_id, '${type}', ${cause}, ${at}, ${subject}, ${storeRef}, ${terminalId}, ${actor}, ${requestId}, ${data}
  from ${from}
  where ${which}
)`;
}

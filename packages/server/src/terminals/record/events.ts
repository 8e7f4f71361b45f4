import type { Terminal } from "@tillkeeper/contract/http/terminals";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { EventActor } from "../../events/write.ts";
import { presentTerminal } from "./present.ts";
import type { TerminalRow } from "./rows.ts";

const shownColumns = [
  "terminal_id",
  "device_serial_number",
  "id",
  "created_at",
  "created_by",
  "updated_at",
  "deleted_at",
  "deleted_by",
  "device_model",
  "store_ref",
  "status",
  "status_reason",
  "sync_failed",
] as const satisfies (keyof Tables["terminals"])[];

/** SQL: what there is to show of a row of `terminals`, as the data of an event. */
export function terminalData(row: string): string {
  const columns = shownColumns.map((column) => `'${column}', ${row}.${column}`).join(", ");
  const storeId = `select store_id from stores where stores.account_id = ${row}.account_id and stores.id = ${row}.store_ref`;
  return `jsonb_build_object(${columns}, 'store_id', (${storeId}))`;
}

type TerminalData = Record<(typeof shownColumns)[number] | "store_id", string | null>;

/** A terminal as the API showed it when the event was written. */
export function presentTerminalData(data: object): Terminal {
  const stored = data as TerminalData;
  const time = (text: string | null) => (text === null ? null : new Date(text));
  const { created_at, updated_at, deleted_at } = stored;
  const times = { created_at: time(created_at), updated_at: time(updated_at), deleted_at: time(deleted_at) };
  return presentTerminal({ ...stored, ...times } as unknown as TerminalRow);
}

interface TerminalEvent {
  type: "account_terminal_add" | "account_terminal_update";
  cause: string;
  accountId: string;
  terminalId: string;
}

/** Writes an event with the terminal as the transaction has left it. */
export async function tellTerminal(tx: Kysely<Tables>, actor: EventActor, event: TerminalEvent): Promise<void> {
  await sql`
    insert into new_events (account_id, type, cause, at, subject, store_ref, terminal_id, actor, request_id, data)
    select account_id, ${event.type}, ${event.cause}, updated_at, terminal_id, store_ref, terminal_id, ${actor.clientId},
      ${actor.requestId || null}, ${sql.raw(terminalData("terminals"))}
    from terminals
    where account_id = ${event.accountId} and terminal_id = ${event.terminalId}`.execute(tx);
}

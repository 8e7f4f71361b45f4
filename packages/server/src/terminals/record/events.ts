import type { Terminal } from "@tillkeeper/contract/http/terminals";
import { CompiledQuery, type Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { type EventActor, eventsOf } from "../../events/write.ts";
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

/** SQL: a row of `terminals` as the data of an event. */
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
  /** The action of the audit log. */
  cause: string;
  terminalId: string;
  at: Date;
}

type TerminalEventType = "account_terminal_add" | "account_terminal_update";

const text = (type: TerminalEventType) => `
with terminal as (
  select *, ${terminalData("terminals")} as data from terminals where account_id = $1 and terminal_id = $2
), ${eventsOf("told", {
  from: "terminal",
  type,
  cause: "$3",
  at: "$6",
  subject: "terminal_id",
  storeRef: "store_ref",
  terminalId: "terminal_id",
  actor: "$4",
  requestId: "$5",
  data: "data",
})}
select`;
const texts = {
  account_terminal_add: text("account_terminal_add"),
  account_terminal_update: text("account_terminal_update"),
};

/** Writes the event of a change that a caller made, with the terminal as the transaction has left it. */
export async function tellTerminal(
  tx: Kysely<Tables>,
  { accountId, clientId, requestId }: EventActor & { accountId: string },
  { cause, terminalId, at }: TerminalEvent,
): Promise<void> {
  const type = cause === "terminal.create" ? "account_terminal_add" : "account_terminal_update";
  await tx.executeQuery(
    CompiledQuery.raw(texts[type], [accountId, terminalId, cause, clientId, requestId || null, at]),
  );
}

import type { EventType } from "@tillkeeper/contract/events";
import type { ColumnType, Generated } from "kysely";

interface EventColumns {
  account_id: string;
  type: EventType;
  cause: string;
  at: Date;
  subject: string;
  store_ref: string | null;
  terminal_id: string | null;
  actor: string;
  request_id: string | null;
  data: ColumnType<object | null, string | null, never>;
}

/** Tables of events: docs/adr/0039-events.md. */
export interface EventTables {
  new_events: EventColumns & { seq: Generated<string> };
  events: EventColumns & { position: string; place: string; epoch: string; placed_at: Date };
  event_heads: { account_id: string; position: string; epoch: string };
  event_turn: { one: Generated<boolean>; place: string };
}

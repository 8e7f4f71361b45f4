import type { Client } from "@tillkeeper/contract/http/clients";
import { documentedTime } from "../../platform/timestamps.ts";
import type { ClientRow } from "./queries.ts";

/** What callers see of a client, and what the audit log keeps: nothing of a secret but its end. */
export function presentClient(row: ClientRow): Client {
  return {
    id: row.id,
    client_id: row.client_id,
    ...(row.name !== null && { name: row.name }),
    ...(row.description !== null && { description: row.description }),
    callbacks: row.callbacks,
    status: row.revoked_at ? "DELETED" : "ACTIVE",
    secrets: row.secrets.map(({ id, created_at, last_four }) => ({
      id,
      // Within JSON the database writes times as text.
      created_at: documentedTime(new Date(created_at)),
      ...(last_four !== null && { last_four }),
    })),
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
  };
}

import type { Client } from "@tillkeeper/contract/http/clients";
import { documentedTime, preciseTime } from "../../platform/timestamps.ts";
import type { ClientRow } from "./queries.ts";

/** The client as answers and the audit log show it: of a secret only its last four characters. */
export function presentClient(row: ClientRow): Client {
  return {
    id: row.id,
    client_id: row.client_id,
    ...(row.name !== null && { name: row.name }),
    ...(row.description !== null && { description: row.description }),
    callbacks: row.callbacks,
    status: row.revoked_at ? "DELETED" : "ACTIVE",
    secrets: row.secrets.map(({ id, created_at, last_four, expires_at }) => ({
      id,
      // Within JSON the database writes times as text.
      created_at: documentedTime(new Date(created_at)),
      ...(last_four !== null && { last_four }),
      ...(expires_at !== null && { expires_at: preciseTime(new Date(expires_at)) }),
    })),
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
    // A deleted client is not changed any more.
    ...(row.revoked_at && { deleted_at: documentedTime(row.revoked_at), deleted_by: row.updated_by }),
  };
}

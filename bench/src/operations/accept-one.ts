import { operationsAllowed } from "@tillkeeper/contract/operations";
import { clientId } from "../parts/seed.ts";
import { accountId } from "../parts/terminal-set.ts";

const allowedPairs = Object.entries(operationsAllowed)
  .flatMap(([status, operations]) => operations.map((operation) => `('${status}', '${operation}')`))
  .join(", ");

/**
 * Returns one SQL statement that accepts one operation as the server does: look the terminal up, insert the operation,
 * its claim and its event, commit. `terminal` is an SQL expression for the terminal id. The command is due in an hour, so that
 * the server's outbox worker does not send it.
 */
export function acceptOneText(terminal: string): string {
  return `with claimed as (
  insert into operation_claims (
    account_id, operation_id, terminal_id, client_id, request_key, request_sha256, operation, device_model,
    created_at, deadline, due_at, attempts
  )
  select
    account_id, uuidv7(), terminal_id, '${clientId}', null, null, 'open_menu', device_model,
    now(), now() + interval '600 seconds', now() + interval '1 hour', 0
  from terminals
  where account_id = '${accountId}' and terminal_id = ${terminal}
    and (status, 'open_menu') in (${allowedPairs})
  on conflict do nothing
  returning *
), stored as (
  insert into operations (
    account_id, id, terminal_id, operation, status, parameters, when_busy, deadline, created_at, created_by, updated_at,
    updated_by
  )
  select
    account_id, operation_id, terminal_id, operation, 'PENDING', '{}'::jsonb, null, deadline, created_at, client_id,
    created_at, client_id
  from claimed
)
insert into new_events (account_id, type, cause, at, subject, terminal_id, actor)
select account_id, 'terminal_operation_add', 'accepted', created_at, operation_id::text, terminal_id, client_id
from claimed
returning subject`;
}

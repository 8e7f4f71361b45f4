import type { Pool } from "pg";

interface Waiting {
  accountId: string;
  operationId: string;
}

/**
 * Makes commands due at once that nobody has claimed yet. Rows that someone is working on are left alone: they are being
 * sent or have ended.
 */
const text = `
with waiting as (
  select outbox.account_id, outbox.operation_id
  from unnest($2::text[], $3::uuid[]) as wanted (account_id, operation_id)
  join outbox using (account_id, operation_id)
  where outbox.attempts = 0 and outbox.due_at > $1
  for update of outbox skip locked
)
update outbox set due_at = $1
from waiting
where outbox.account_id = waiting.account_id and outbox.operation_id = waiting.operation_id`;

export async function hastenCommands(pool: Pool, now: Date, commands: Waiting[]): Promise<void> {
  const [accounts, operations] = [commands.map((row) => row.accountId), commands.map((row) => row.operationId)];
  await pool.query({ name: "hasten_commands", text, values: [now, accounts, operations] });
}

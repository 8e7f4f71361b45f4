import type { OperationName, OperationParameters } from "@tillkeeper/contract/operations";
import type { Pool } from "pg";

/** A command on its way to a terminal. */
export interface Command {
  accountId: string;
  operationId: string;
  terminalId: string;
  operation: OperationName;
  parameters: OperationParameters;
  createdAt: Date;
  deadline: Date;
}

interface CommandRow {
  account_id: string;
  operation_id: string;
  terminal_id: string;
  operation: OperationName;
  parameters: OperationParameters;
  created_at: Date;
  deadline: Date;
}

/**
 * Claims commands whose turn has come and sets the time of their next turn, so that other servers leave them alone and
 * one that dies with a claim only delays it. With $4 only those of these terminals: inside the `or` the planner reads the
 * array once into a hash table, and only when something is due, however many terminals it names.
 */
const claim = `
with due as (
  select account_id, operation_id from outbox
  where due_at <= $1 and ($4::text[] is null or terminal_id in (select unnest($4::text[])))
  order by due_at
  limit $3
  for update skip locked
), claimed as (
  update outbox set due_at = $2, attempts = attempts + 1
  from due
  where outbox.account_id = due.account_id and outbox.operation_id = due.operation_id
  returning outbox.account_id, outbox.operation_id
)
select claimed.account_id, claimed.operation_id, found.terminal_id, found.operation, found.parameters, found.created_at,
  found.deadline
from claimed
join lateral (
  select * from operations
  where operations.account_id = claimed.account_id and operations.id = claimed.operation_id
  -- Keeps the filters below out of the choice of an index: by deadline, every claimed row would walk all live operations.
  offset 0
) as found on true
where found.status = 'PENDING' and found.deadline > $1`;

interface Claim {
  now: Date;
  nextDueAt: Date;
  limit: number;
  /** Whose commands; `undefined` for everybody's. */
  terminalIds: string[] | undefined;
}

export async function claimCommands(pool: Pool, { now, nextDueAt, limit, terminalIds }: Claim): Promise<Command[]> {
  const { rows } = await pool.query<CommandRow>({
    name: "claim_commands",
    text: claim,
    values: [now, nextDueAt, limit, terminalIds ?? null],
  });
  return rows.map(toCommand);
}

const live = `
select account_id, id as operation_id, terminal_id, operation, parameters, created_at, deadline
from operations
where account_id = $1 and terminal_id = $2 and status = 'PENDING' and deadline > $3`;

/** The command that a terminal should be working on, if any. */
export async function liveCommand(
  pool: Pool,
  accountId: string,
  terminalId: string,
  now: Date,
): Promise<Command | undefined> {
  const { rows } = await pool.query<CommandRow>({
    name: "live_command",
    text: live,
    values: [accountId, terminalId, now],
  });
  return rows[0] && toCommand(rows[0]);
}

function toCommand(row: CommandRow): Command {
  return {
    accountId: row.account_id,
    operationId: row.operation_id,
    terminalId: row.terminal_id,
    operation: row.operation,
    parameters: row.parameters,
    createdAt: row.created_at,
    deadline: row.deadline,
  };
}

import type { OperationName, OperationParameters, WhenBusy } from "@tillkeeper/contract/operations";
import type { Pool } from "pg";
import type { Db } from "../../db/db.ts";
import { isLockTimeout } from "../../db/failures.ts";
import { isBeingCancelled, operationOf } from "./fragments.ts";

/** A command on its way to a terminal. */
export interface Command {
  accountId: string;
  operationId: string;
  terminalId: string;
  operation: OperationName;
  parameters: OperationParameters;
  whenBusy: WhenBusy | null;
  createdAt: Date;
  deadline: Date;
  /** The address of the device that gets the command. */
  address: string;
  /** Of an `end_of_day`: the last close of the address that the server knew at acceptance. */
  previousClose: string | null;
  /** Its place in a trace; null where none is recorded. */
  traceparent?: string | null;
  /** The request that it came from. */
  request?: RequestOrigin;
}

/** The request that an operation came from. */
export interface RequestOrigin {
  clientId: string;
  requestKey: Buffer | null;
  requestSha256: Buffer | null;
}

/** A message that the outbox sends about an operation. */
export interface Message {
  kind: "command" | "cancel";
  command: Command;
}

/** The address that the operation may be sent to: its own, or the present one of the terminal. */
const isForPresent = "credential.address = coalesce(claim.address, credential.address)";

const ofTerminal = "credential.account_id = claim.account_id and credential.terminal_id = claim.terminal_id";

/**
 * The next message about a live operation: command, cancel, or null. Null also when the device that it is for was replaced.
 * Of an operation that has begun, the hello reports.
 */
const next = `case
  when ${isForPresent} is not true then null
  when ${isBeingCancelled("claim")} then 'cancel'
  when claim.started_at is not null or claim.delivered_at is not null then null
  else 'command' end`;

/** The next message after a hello of the device $6, which names the operations $3. */
const nextAfterHello = `case
  when claim.address <> $6 then null
  when ${isBeingCancelled("claim")} then 'cancel'
  when claim.operation_id = any($3::uuid[]) or claim.started_at is not null then null
  else 'command' end`;

const mark = `
update operation_claims as claim set
  due_at = case when due.kind is null then null else $2::timestamptz end,
  attempts = claim.attempts + case when due.kind is null then 0 else 1 end
from due
where claim.account_id = due.account_id and claim.operation_id = due.operation_id
returning claim.account_id, claim.operation_id, claim.terminal_id, claim.operation, claim.created_at, claim.deadline,
  claim.client_id, claim.request_key, claim.request_sha256, claim.previous_close, claim.traceparent, due.address, due.kind`;

const withParameters = `
select marked.*, operations.parameters, operations.when_busy
from marked join operations on ${operationOf("marked")}
where marked.kind is not null and marked.deadline > $1`;

/**
 * Claims the messages that are due and sets their next due time. Other servers leave them alone until then, and a server
 * that dies with them only delays them. $4 limits the claim to these terminals: inside the `or` the planner reads the array
 * once into a hash table, and only when something is due.
 */
const claim = `
with due as (
  select claim.account_id, claim.operation_id, ${next} as kind, credential.address
  from operation_claims as claim left join terminal_credentials as credential on ${ofTerminal}
  where claim.due_at <= $1::timestamptz and ($4::text[] is null or claim.terminal_id in (select unnest($4::text[])))
  order by claim.due_at
  limit $3
  for update of claim skip locked
), marked as (${mark})
${withParameters}`;

interface Claim {
  now: Date;
  nextDueAt: Date;
  limit: number;
  /** The terminals to claim for; `undefined` for all. */
  terminalIds: string[] | undefined;
}

const anyDueText = `
select exists (select from operation_claims where due_at <= $1::timestamptz) as due`;

/** Whether a message is due for any terminal. Mostly none is, and then no server has to pass ten thousand terminals. */
export async function anyMessageDue(pool: Pool, now: Date): Promise<boolean> {
  const { rows } = await pool.query<{ due: boolean }>({ name: "any_message_due", text: anyDueText, values: [now] });
  return rows[0]?.due === true;
}

export async function claimMessages(pool: Pool, { now, nextDueAt, limit, terminalIds }: Claim): Promise<Message[]> {
  const { rows } = await pool.query<Row>({
    name: "claim_messages",
    text: claim,
    values: [now, nextDueAt, limit, terminalIds ?? null],
  });
  return rows.map(toMessage);
}

const sentBefore = `
select claim.account_id, claim.operation_id, claim.terminal_id, claim.operation, claim.created_at, claim.deadline,
  claim.client_id, claim.request_key, claim.request_sha256, claim.previous_close, claim.traceparent, credential.address, ${next} as kind,
  operations.parameters, operations.when_busy
from operation_claims as claim
join terminal_credentials as credential on ${ofTerminal}
join operations on ${operationOf("claim")}
where claim.due_at is not null and claim.attempts > 0 and claim.deadline > $1
  and credential.address in (select unnest($2::text[])) and ${next} is not null`;

const anySentBeforeText =
  "select exists (select from operation_claims where due_at is not null and attempts > 0) as sent";

/**
 * Finds messages that a server has sent to these devices and that are not answered: another server may not reach the
 * devices. Claims nothing.
 */
export async function findSentBefore(pool: Pool, now: Date, addresses: string[]): Promise<Message[]> {
  if (addresses.length === 0) return [];
  const { rows: any } = await pool.query<{ sent: boolean }>({ name: "any_sent_before", text: anySentBeforeText });
  if (any[0]?.sent !== true) return [];
  const { rows } = await pool.query<Row>({ name: "sent_before", text: sentBefore, values: [now, addresses] });
  return rows.map(toMessage);
}

const afterHello = (locked: "nowait" | "") => `
with due as (
  select account_id, operation_id, ${nextAfterHello} as kind, $6::text as address
  from operation_claims as claim
  where account_id = $4 and terminal_id = $5 and deadline + interval '0' > $1::timestamptz
  for update ${locked}
), marked as (${mark})
${withParameters}`;

interface Hello {
  accountId: string;
  terminalId: string;
  now: Date;
  nextDueAt: Date;
  /** The ids of the operations that the hello names. */
  named: string[];
  /** The address of the device that sent the hello. */
  address: string;
}

/** Claims the message about the live operation of a terminal that has said hello, if there is one. */
export async function claimAfterHello({ pool, waits }: Pick<Db, "pool" | "waits">, hello: Hello) {
  try {
    return await claimOf(pool, hello, "nowait");
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    const { accountId: group, terminalId: member } = hello;
    return waits({ group, member }, () => claimOf(pool, hello, ""));
  }
}

async function claimOf(pool: Pool, hello: Hello, locked: "nowait" | ""): Promise<Message | undefined> {
  const { accountId, terminalId, address, now, nextDueAt, named } = hello;
  const { rows } = await pool.query<Row>({
    // Without a name, so planned for each call: a plan made while few operations are live would later read all of them.
    text: afterHello(locked),
    values: [now, nextDueAt, named, accountId, terminalId, address],
  });
  return rows[0] && toMessage(rows[0]);
}

interface Row {
  kind: Message["kind"];
  account_id: string;
  operation_id: string;
  terminal_id: string;
  operation: OperationName;
  parameters: OperationParameters;
  when_busy: WhenBusy | null;
  created_at: Date;
  deadline: Date;
  address: string;
  client_id: string;
  request_key: Buffer | null;
  request_sha256: Buffer | null;
  previous_close: string | null;
  traceparent: string | null;
}

function toMessage(row: Row): Message {
  return {
    kind: row.kind,
    command: {
      accountId: row.account_id,
      operationId: row.operation_id,
      terminalId: row.terminal_id,
      operation: row.operation,
      parameters: row.parameters,
      whenBusy: row.when_busy,
      createdAt: row.created_at,
      deadline: row.deadline,
      address: row.address,
      previousClose: row.previous_close,
      traceparent: row.traceparent,
      request: { clientId: row.client_id, requestKey: row.request_key, requestSha256: row.request_sha256 },
    },
  };
}

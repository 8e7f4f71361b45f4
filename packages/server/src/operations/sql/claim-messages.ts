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
  /** Of the device that it goes to. */
  address: string;
  /** Of an `end_of_day`: the last close of the address that was known when it was accepted. */
  previousClose: string | null;
  /** Where it came from; what an answered command no longer needs is left out. */
  request?: RequestOrigin;
}

/** The request that an operation came of. */
export interface RequestOrigin {
  clientId: string;
  requestKey: Buffer | null;
  requestSha256: Buffer | null;
}

/** What the outbox has to tell a terminal about an operation. */
export interface Message {
  kind: "command" | "cancel";
  command: Command;
}

/** A device that the operation may be sent to: the one that it is for, or any. */
const isForPresent = "credential.address = coalesce(claim.address, credential.address)";

const ofTerminal = "credential.account_id = claim.account_id and credential.terminal_id = claim.terminal_id";

/**
 * What is to be said next about a live operation, null for nothing: as when the device that it is for was replaced. What has
 * begun is told of by `hello`.
 */
const next = `case
  when ${isForPresent} is not true then null
  when ${isBeingCancelled("claim")} then 'cancel'
  when claim.started_at is not null or claim.delivered_at is not null then null
  else 'command' end`;

/** The same after a hello of the device $6, which names $3. */
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
  claim.client_id, claim.request_key, claim.request_sha256, claim.previous_close, due.address, due.kind`;

const withParameters = `
select marked.*, operations.parameters, operations.when_busy
from marked join operations on ${operationOf("marked")}
where marked.kind is not null and marked.deadline > $1`;

/**
 * Claims what is due and sets the time of its next turn, so that other servers leave it alone and one that dies with a
 * claim only delays it. With $4 only that of these terminals: inside the `or` the planner reads the array once into a hash
 * table, and only when something is due, however many terminals it names.
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
  /** Whose commands; `undefined` for everybody's. */
  terminalIds: string[] | undefined;
}

const anyDueText = `
select exists (select from operation_claims where due_at <= $1::timestamptz) as due`;

/** Whether anything is due, for whichever terminal: mostly nothing is, and then nobody has to name ten thousand of them. */
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
  claim.client_id, claim.request_key, claim.request_sha256, claim.previous_close, credential.address, ${next} as kind,
  operations.parameters, operations.when_busy
from operation_claims as claim
join terminal_credentials as credential on ${ofTerminal}
join operations on ${operationOf("claim")}
where claim.due_at is not null and claim.attempts > 0 and claim.deadline > $1
  and credential.address in (select unnest($2::text[])) and ${next} is not null`;

const anySentBeforeText =
  "select exists (select from operation_claims where due_at is not null and attempts > 0) as sent";

/**
 * What somebody has sent to these devices, which have not answered yet: another server may have no way to them. Nothing is
 * claimed by that.
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
  /** The operations that the hello names. */
  named: string[];
  /** Of the device that says it. */
  address: string;
}

/** What has to be said about the terminal's live operation, if any, now that it has said hello. */
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
    // Without a name: planned anew each time, for what is there. A plan made while little is live may walk it all later.
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
      request: { clientId: row.client_id, requestKey: row.request_key, requestSha256: row.request_sha256 },
    },
  };
}

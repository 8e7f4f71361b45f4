import type { OperationName, OperationParameters, WhenBusy } from "@tillkeeper/contract/operations";
import type { Pool } from "pg";
import { isBeingCancelled, isRecipientGone, isRepeatable, operationOf, recipientIfItMatters } from "./release.ts";

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
  /** The credential that it is for, if it is for no other; null for whoever is there. */
  sentTo: string | null;
}

/** What the outbox has to tell a terminal about an operation. */
export interface Message {
  kind: "command" | "cancel" | "inquiry";
  command: Command;
  /** Counts what was said about the operation. */
  attempt: number;
}

/**
 * What is to be said next about a live operation, null for nothing: as when the device that knows of it is gone, because
 * another one would answer for it, or begin it again. What has begun is told of by `hello`; what must not be
 * repeated blindly was sent once, and from then on is asked about.
 */
const next = `case
  when ${isRecipientGone("claim")} then null
  when ${isBeingCancelled("claim")} then 'cancel'
  when claim.started_at is not null or claim.delivered_at is not null then null
  when claim.attempts = 0 or ${isRepeatable("claim")} then 'command'
  else 'inquiry' end`;

/**
 * The same after a hello, which names $3 and answers the inquiry $6 of the operation $7. One that must not be repeated
 * blindly is sent again only when the hello is the answer to the last that was said about it: any other may be older than
 * the sending. Counted, not timed: clocks of several servers differ.
 */
const nextAfterHello = `case
  when ${isRecipientGone("claim")} then null
  when ${isBeingCancelled("claim")} then 'cancel'
  when claim.operation_id = any($3::uuid[]) or claim.started_at is not null then null
  when claim.sent_at is null or ${isRepeatable("claim")} then 'command'
  when claim.operation_id = $7::uuid and claim.attempts = $6::int then 'command'
  else 'inquiry' end`;

/** Decided and written by the statement that counts the sending, before anything is sent. */
const recipient = `${isRecipientGone("claim")} as gone, ${recipientIfItMatters("claim")} as recipient`;

const mark = `
update operation_claims as claim set
  due_at = case when due.kind is null then null else $2::timestamptz end,
  sent_at = case when due.kind = 'command' then $1 else claim.sent_at end,
  sent_to = case when due.kind = 'command' then due.recipient else claim.sent_to end,
  recipient_gone_at = case when due.gone then coalesce(claim.recipient_gone_at, $1) end,
  attempts = claim.attempts + 1
from due
where claim.account_id = due.account_id and claim.operation_id = due.operation_id
returning claim.account_id, claim.operation_id, claim.terminal_id, claim.operation, claim.created_at, claim.deadline,
  claim.attempts, claim.sent_to, due.kind`;

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
  select account_id, operation_id, ${next} as kind, ${recipient}
  from operation_claims as claim
  where due_at <= $1::timestamptz and ($4::text[] is null or terminal_id in (select unnest($4::text[])))
  order by due_at
  limit $3
  for update skip locked
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

const afterHello = `
with due as (
  select account_id, operation_id, ${nextAfterHello} as kind, ${recipient}
  from operation_claims as claim
  where account_id = $4 and terminal_id = $5 and deadline + interval '0' > $1::timestamptz
  for update
), marked as (${mark})
${withParameters}`;

interface Hello {
  accountId: string;
  terminalId: string;
  now: Date;
  nextDueAt: Date;
  /** The operations that the hello names. */
  named: string[];
  /** The inquiry that the hello answers. */
  inquiry: { operation_id: string; attempt: number } | undefined;
}

/** What has to be said about the terminal's live operation, if any, now that it has said hello. */
export async function claimAfterHello(pool: Pool, hello: Hello): Promise<Message | undefined> {
  const { accountId, terminalId, now, nextDueAt, named, inquiry } = hello;
  const { rows } = await pool.query<Row>({
    // Without a name: planned anew each time, for what is there. A plan made while little is live may walk it all later.
    text: afterHello,
    values: [now, nextDueAt, named, accountId, terminalId, inquiry?.attempt ?? null, inquiry?.operation_id ?? null],
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
  attempts: number;
  sent_to: string | null;
}

function toMessage(row: Row): Message {
  return {
    kind: row.kind,
    attempt: row.attempts,
    command: {
      accountId: row.account_id,
      operationId: row.operation_id,
      terminalId: row.terminal_id,
      operation: row.operation,
      parameters: row.parameters,
      whenBusy: row.when_busy,
      createdAt: row.created_at,
      deadline: row.deadline,
      sentTo: row.sent_to,
    },
  };
}

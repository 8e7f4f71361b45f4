import { limits } from "@tillkeeper/contract/limits";
import { type OperationName, operationsAllowed, type WhenBusy } from "@tillkeeper/contract/operations";
import type { Pool } from "pg";
import { batchTable } from "../../db/batch-table.ts";
import { eventsOf } from "../../events/write.ts";
import { isRepeatable, noDevice } from "./fragments.ts";

/** An operation before its acceptance. */
export interface NewOperation {
  accountId: string;
  id: string;
  terminalId: string;
  operation: OperationName;
  parameters: object;
  whenBusy: WhenBusy | null;
  /** The statement sets a later one where the request names no timeout and the device reports a longer duration. */
  deadline: Date;
  /** Whether the request names a timeout. */
  timeoutGiven: boolean;
  createdAt: Date;
  /** What the last close of the terminal's present address has to be, null for none; undefined: nothing is compared. */
  expectedClose?: string | null | undefined;
  /** Also `created_by`. */
  clientId: string;
  /** Of the request that asks for it; undefined where the server itself does. */
  requestId?: string | undefined;
  /** Digest of the client and its idempotency key; null without one. */
  requestKey: Buffer | null;
  /** Only with a key. */
  requestSha256: Buffer | null;
  /** When the outbox sends the command, if this process dies before it does. */
  dueAt: Date;
  /** Its place in a trace; null or left out where none is recorded. */
  traceparent?: string | null;
  /** Whether this process sends the command right after the commit. The command then counts as sent. */
  announced: boolean;
}

const input = batchTable<NewOperation>({
  account_id: ["text", (row) => row.accountId],
  id: ["uuid", (row) => row.id],
  terminal_id: ["text", (row) => row.terminalId],
  operation: ["text", (row) => row.operation],
  parameters: ["jsonb", (row) => row.parameters],
  when_busy: ["text", (row) => row.whenBusy],
  deadline: ["timestamptz", (row) => row.deadline],
  created_at: ["timestamptz", (row) => row.createdAt],
  client_id: ["text", (row) => row.clientId],
  request_key: ["bytea", (row) => row.requestKey],
  request_sha256: ["bytea", (row) => row.requestSha256],
  due_at: ["timestamptz", (row) => row.dueAt],
  announced: ["boolean", (row) => row.announced],
  timeout_given: ["boolean", (row) => row.timeoutGiven],
  compares_close: ["boolean", (row) => row.expectedClose !== undefined],
  expected_close: ["uuid", (row) => row.expectedClose ?? null],
  request_id: ["text", (row) => row.requestId ?? null],
  traceparent: ["text", (row) => row.traceparent ?? null],
});

const allowedPairs = Object.entries(operationsAllowed)
  .flatMap(([status, operations]) => operations.map((operation) => `('${status}', '${operation}')`))
  .join(", ");

/** The longest time that command and result take on their way. */
const onTheWaySeconds = 10;
/** The deadline of the request. Without a timeout in the request, it is never earlier than the duration that the device reports. */
const deadline = `case when input.timeout_given or device.abilities ->> input.operation is null then input.deadline
  else greatest(
    input.deadline,
    input.created_at + interval '1 second' * least(
      ${limits.operationTimeoutSecondsMax}, (device.abilities ->> input.operation)::int + ${onTheWaySeconds}
    )
  ) end`;

/** `is true` keeps the planner from making a join of it. */
const isClaimed = "(id in (select operation_id from claimed)) is true";

/**
 * Accepts a batch of operations: one statement, one commit. A row is left out (and nothing of it is kept) when its
 * terminal is unknown, in a status that does not allow it, or busy, when its device cannot do it or has another last close than
 * expected, or when its idempotency key is taken; the two unique indexes of the claims decide that among concurrent inserts. Rows go in by
 * terminal id, because batches with equal terminals in different orders would deadlock. The inserted rows are looked up in a
 * set, not joined: a join would take the square of the batch.
 */
export const acceptText = `
with input as (
  select * from ${input.as("row")}
), acceptable as (
  select
    input.*, case when terminals.simulated then 'simulated' else terminals.device_model end as device_model,
    terminals.store_ref, ${deadline} as until,
    credential.address as present,
    case when not ${isRepeatable("input")} then coalesce(credential.address, ${noDevice("input")}) end as address,
    case when not ${isRepeatable("input")} then device.last_close end as previous_close,
    input.announced and credential.address is not null as is_sent
  from input
  join terminals on terminals.account_id = input.account_id and terminals.terminal_id = input.terminal_id
  left join terminal_credentials as credential
    on credential.account_id = input.account_id and credential.terminal_id = input.terminal_id
  left join terminal_addresses as device
    on device.account_id = credential.account_id and device.address = credential.address
    and device.terminal_id = credential.terminal_id
  where (terminals.status, input.operation) in (${allowedPairs})
    and (device.abilities is null or device.abilities ? input.operation)
    and (not input.compares_close or device.last_close is not distinct from input.expected_close)
), claimed as (
  insert into operation_claims (
    account_id, operation_id, terminal_id, client_id, request_key, request_sha256, operation, device_model,
    created_at, deadline, due_at, address, previous_close, attempts, traceparent
  )
  select
    account_id, id, terminal_id, client_id, request_key, request_sha256, operation, device_model,
    created_at, until, due_at, address, previous_close, is_sent::int, traceparent
  from acceptable
  order by account_id, terminal_id
  on conflict do nothing
  returning operation_id
), stored as (
  insert into operations (
    account_id, id, terminal_id, operation, status, parameters, when_busy, deadline, created_at, created_by, updated_at,
    updated_by, store_ref
  )
  select
    account_id, id, terminal_id, operation, 'PENDING', parameters, when_busy, until, created_at, client_id, created_at,
    client_id, store_ref
  from acceptable
  where ${isClaimed}
), ${eventsOf("told", {
  from: "acceptable",
  which: isClaimed,
  type: "terminal_operation_add",
  cause: "'accepted'",
  at: "created_at",
  subject: "id::text",
  storeRef: "store_ref",
  terminalId: "terminal_id",
  actor: "client_id",
  requestId: "request_id",
})}
select id as operation_id, previous_close, until as deadline, case when is_sent then present end as address
from acceptable
where ${isClaimed}`;

/** The outcome of an accepted operation. */
export interface Acceptance {
  /** The address that this process sends the command to; null where it sends none. */
  address: string | null;
  /** Of an `end_of_day`: the last close that the server knew. */
  previousClose: string | null;
  deadline: Date;
}

interface Row {
  operation_id: string;
  deadline: Date;
  address: string | null;
  previous_close: string | null;
}

/** Answers for each operation, in order, whether it was accepted. */
export async function acceptOperations(pool: Pool, batch: NewOperation[]): Promise<(Acceptance | undefined)[]> {
  const { rows } = await pool.query<Row>({
    name: "accept_operations",
    text: acceptText,
    values: input.values(batch),
  });
  const accepted = new Map(
    rows.map(({ operation_id, address, previous_close: previousClose, deadline: until }) => {
      return [operation_id, { address, previousClose, deadline: until }];
    }),
  );
  return batch.map((row) => accepted.get(row.id));
}

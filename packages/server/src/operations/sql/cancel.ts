import type { OperationName } from "@tillkeeper/contract/operations";
import { CompiledQuery, type Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { RequestOrigin } from "./claim-messages.ts";
import { end, takenAlong } from "./end.ts";
import { noDevice, presentAddressOf } from "./fragments.ts";

export interface Cancel {
  accountId: string;
  id: string;
  by: string;
  /** Of the request to cancel. */
  requestId: string;
  at: Date;
}

/** What a request to cancel did: ended the operation, or has its terminal asked. */
export interface Cancelled {
  ended: boolean;
  terminalId: string;
  operation: OperationName;
  /** Of the device that it may have been sent to, and that the terminal still is; else null. */
  address: string | null;
  previousClose: string | null;
  request: RequestOrigin;
  /** Its place in a trace; null where none is recorded. */
  traceparent: string | null;
}

/** An operation that cannot have begun was not refused a cancel: a refusal notes the beginning, too. */
const beforeARefusal = takenAlong.filter((column) => column !== "cancel_refused_at");

/**
 * Ends a live operation as FAILED, `cancelled`, if it cannot have begun (docs/adr/0010); otherwise notes that its terminal
 * is to be asked. It may have begun where a result came that could not be read. An `end_of_day` counts as sent from acceptance: a restored database does not know what was sent. The row
 * lock puts this statement in order with those that send, report, end or expire the operation.
 */
const text = `
with live as (
  select claim.*, (
      claim.started_at is null and claim.invalid_result_at is null
      and (claim.address is null or claim.address = ${noDevice("claim")})
    ) as ends,
    ${presentAddressOf("claim")} as present
  from operation_claims as claim
  where account_id = $1 and operation_id = $2::uuid and deadline > $4
  for update
), given_up as (
  select account_id, operation_id, terminal_id, request_key, dispatched_at, delivered_at, started_at,
    $4 as cancel_requested_at, $3 as cancel_requested_by
  from live
  where ends
), ${end({ from: "given_up", status: "'FAILED'", reason: "'cancelled'", at: "$4", by: "$3", requestId: "$6", taken: beforeARefusal })}, asked as (
  update operation_claims as claim set
    cancel_requested_at = coalesce(claim.cancel_requested_at, $4),
    cancel_requested_by = coalesce(claim.cancel_requested_by, $3),
    cancel_refused_at = null, due_at = $5
  from live
  where not live.ends and claim.account_id = live.account_id and claim.operation_id = live.operation_id
)
select ends as ended, terminal_id, operation, case when (attempts > 0 or not ends) and present = coalesce(address, present) then present end as address,
  previous_close, client_id, request_key, request_sha256, traceparent
from live`;

interface Row {
  ended: boolean;
  terminal_id: string;
  operation: OperationName;
  address: string | null;
  previous_close: string | null;
  client_id: string;
  request_key: Buffer | null;
  request_sha256: Buffer | null;
  traceparent: string | null;
}

/** `askAgainAt`: when the outbox asks the terminal, should it not have answered by then. Undefined: it is not live. */
export async function cancelLive(
  db: Kysely<Tables>,
  { accountId, id, by, at, requestId }: Cancel,
  askAgainAt: Date,
): Promise<Cancelled | undefined> {
  const { rows } = await db.executeQuery<Row>(
    CompiledQuery.raw(text, [accountId, id, by, at, askAgainAt, requestId || null]),
  );
  const [row] = rows;
  return (
    row && {
      ended: row.ended,
      terminalId: row.terminal_id,
      operation: row.operation,
      address: row.address,
      previousClose: row.previous_close,
      request: { clientId: row.client_id, requestKey: row.request_key, requestSha256: row.request_sha256 },
      traceparent: row.traceparent,
    }
  );
}

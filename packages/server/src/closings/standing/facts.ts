import { closeEndOf } from "@tillkeeper/contract/closings/close-end";
import type {
  AttemptFacts,
  AttemptRefusal,
  BatchFacts,
  CloseFacts,
  TerminalFacts,
} from "@tillkeeper/contract/closings/facts";
import type { Operation } from "@tillkeeper/contract/http/operations";
import type { OperationReason } from "@tillkeeper/contract/operation-reasons";
import type { EndOfDayResult, OperationName, OperationStatus, WhenBusy } from "@tillkeeper/contract/operations";
import type { OpenBatch } from "@tillkeeper/contract/telemetry";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import { type HeardStatus, type PresenceTimes, type Standing, statusAt } from "../../presence/status/status.ts";

/** A terminal of a closing, as it was asked for. */
export interface ClosingMember {
  account_id: string;
  /** Null in a preview of a day without a closing. */
  closing_id: string | null;
  terminal_id: string;
  asked_at: Date | null;
  again: boolean;
  frozen: Frozen | null;
  store_ref: string;
  day_starts_at: Date;
  day_ends_at: Date;
}

/** What is not kept elsewhere: so it was when the closing ended. */
export interface Frozen {
  status: TerminalStatus;
  here: boolean;
  online: boolean;
  shut_down: boolean;
  batch?: ToldBatch;
  former_batch?: FormerBatch;
}

/** A time in JSON of the database. */
type JsonTime = string;

interface ToldBatch {
  value: OpenBatch;
  at: JsonTime;
  /** Since when it has been told so. Of a device that was replaced it is not kept. */
  since?: JsonTime;
}

/** What the device before told last. */
interface FormerBatch extends ToldBatch {
  /** When the terminal got its present device or credential, and whether it is other hardware. */
  replaced_at: JsonTime;
  other_hardware: boolean;
}

/** A close as the facts have it. */
export interface CloseRow {
  id: string;
  status: OperationStatus;
  created_at: JsonTime;
  created_by: string;
  updated_at: JsonTime;
  reason: OperationReason | null;
  unknown_end: boolean;
  result: EndOfDayResult | null;
  late_result: (NonNullable<Operation["late_result"]> & { unknown_end?: boolean; result?: EndOfDayResult }) | null;
  /** The closing that sent it, and the end of the day that it belongs to. */
  closing_id: string | null;
  closing_ends_at: JsonTime | null;
}

/** An attempt as the facts have it. */
interface AttemptRow {
  n: number;
  at: JsonTime;
  asked_by: string;
  when_busy: WhenBusy | null;
  expected_close: string | null;
  request_key: string;
  operation_id: string | null;
  refused: AttemptRefusal | null;
}

/** A row of the statements in `sql/facts.ts`. */
export interface Facts extends ClosingMember {
  terminal_status: TerminalStatus;
  here: boolean;
  /** The last close that the server holds of its present address. */
  last_close: string | null;
  presence: Record<keyof PresenceTimes, JsonTime> | null;
  live_operation: OperationName | null;
  batch: ToldBatch | null;
  former_batch: FormerBatch | null;
  closes: CloseRow[];
  attempts: AttemptRow[];
}

/** The real time of an answer, and since when servers have been listening: for what presence tells. */
export interface Hearing {
  realNow: Date;
  listeningSince: Date;
}

/** The facts of a terminal in the words of the rules. */
export function terminalFacts(row: Facts, hearing: Hearing): TerminalFacts {
  const { frozen } = row;
  const told = batchOf(row.batch);
  const heard = frozen ? undefined : heardNow(row, hearing);
  return {
    status: frozen?.status ?? row.terminal_status,
    here: frozen?.here ?? row.here,
    // Silence may be the network's; a connection that was lost is none.
    online: frozen?.online ?? (heard?.status === "online" || (heard?.status === "late" && heard.reason === "silent")),
    shutDown: frozen?.shut_down ?? heard?.status === "shut_down",
    busy: !frozen && row.live_operation !== null && row.live_operation !== "end_of_day",
    closes: row.closes.map((close) => closeFacts(close, row)),
    attempts: row.attempts.map(attemptFacts),
    batch: frozen ? batchOf(frozen.batch) : told,
    ...(frozen && told && { batchNow: told }),
    formerBatch: openFormer(row),
    askedAt: row.asked_at,
    again: row.again,
  };
}

/** The facts of a terminal that are kept when its closing ends. */
export function freeze(row: Facts, hearing: Hearing): Frozen {
  const { status, here, online, shutDown } = terminalFacts(row, hearing);
  return {
    status,
    here,
    online,
    shut_down: shutDown,
    ...(row.batch && { batch: row.batch }),
    ...(row.former_batch && { former_batch: row.former_batch }),
  };
}

function heardNow({ presence }: Facts, { realNow, listeningSince }: Hearing): Standing | undefined {
  if (!presence) return undefined;
  const time = (text: JsonTime | null) => (text === null ? null : new Date(text));
  const times = {
    status: presence.status as HeardStatus,
    since: new Date(presence.since),
    last_heard_at: new Date(presence.last_heard_at),
    next_expected_at: time(presence.next_expected_at),
    lost_at: time(presence.lost_at),
    shut_down_at: time(presence.shut_down_at),
  };
  return statusAt(times, listeningSince, realNow);
}

function batchOf(told: ToldBatch | null | undefined): BatchFacts | undefined {
  if (!told) return undefined;
  const { transactions_count: count, oldest_at: oldest } = told.value;
  const at = new Date(told.at);
  // No transaction comes before it happens: the clock of the device is ahead.
  const oldestAt = oldest === undefined ? undefined : new Date(Math.min(Date.parse(oldest), at.getTime()));
  return { count, at, ...(oldestAt && { oldestAt }) };
}

/** What the device told of its open batch, unless a close came after that. */
export function standingBatch({ batch, closes }: Facts): ToldBatch | undefined {
  if (!batch) return undefined;
  const at = new Date(batch.at);
  return closes.some((close) => endOf(close) === "closed" && new Date(close.updated_at) >= at) ? undefined : batch;
}

/** When the open batch began, if it is not empty and its device tells. */
export function openSince(row: Facts): Date | undefined {
  const { count = 0, oldestAt } = batchOf(standingBatch(row)) ?? {};
  return count > 0 ? oldestAt : undefined;
}

/**
 * The batch of the device before, if it began by the end of the day, unless it was closed after it was told. Other hardware
 * cannot close it: then only a close counts that was made before.
 */
function openFormer({ frozen, former_batch: now, closes, day_ends_at: endsAt }: Facts): BatchFacts | undefined {
  const former = frozen ? frozen.former_batch : now;
  const batch = batchOf(former);
  if (!former || !batch || batch.count === 0 || (batch.oldestAt && batch.oldestAt >= endsAt)) return undefined;
  const replacedAt = new Date(former.replaced_at);
  const isClosed = closes.some(
    (close) =>
      endOf(close) === "closed" &&
      new Date(close.updated_at) >= batch.at &&
      (!former.other_hardware || new Date(close.created_at) < replacedAt),
  );
  return isClosed ? undefined : batch;
}

function endOf({ status, reason, unknown_end: unknownEnd, result, late_result: late }: CloseRow) {
  return closeEndOf({
    status,
    reason: reason ?? undefined,
    unknownEnd,
    outcome: result?.outcome,
    ...(late && {
      late: {
        status: late.status,
        reason: late.reason,
        unknownEnd: late.unknown_end === true,
        outcome: late.result?.outcome,
      },
    }),
  });
}

/** The result that counts: the late one, where there is one. */
export function resultOf({ result, late_result: late }: CloseRow): EndOfDayResult | undefined {
  return late ? late.result : (result ?? undefined);
}

/** Whether the close belongs to the closing's day: as its own closing says, else by its instant. */
export function belongsTo(
  close: CloseRow,
  row: Pick<ClosingMember, "closing_id" | "day_starts_at" | "day_ends_at">,
): CloseFacts["belongs"] {
  if (close.closing_id !== null && close.closing_id === row.closing_id) return "day";
  const end = row.day_ends_at.getTime();
  if (close.closing_ends_at === null) {
    const at = new Date(close.created_at).getTime();
    return at < row.day_starts_at.getTime() ? "earlier" : at < end ? "day" : "later";
  }
  const itsEnd = new Date(close.closing_ends_at).getTime();
  return itsEnd === end ? "day" : itsEnd < end ? "earlier" : "later";
}

function closeFacts(close: CloseRow, row: Facts): CloseFacts {
  const end = endOf(close);
  const reason = close.late_result ? close.late_result.reason : (close.reason ?? undefined);
  const terminal = close.created_by.startsWith("terminal:");
  return {
    id: close.id,
    at: new Date(close.created_at),
    knownAt: end === "pending" ? null : new Date(close.updated_at),
    end,
    reason,
    ...(resultOf(close)?.outcome === "unconfirmed" && { unconfirmed: true }),
    by: close.closing_id !== null && close.closing_id === row.closing_id ? "closing" : terminal ? "terminal" : "other",
    belongs: belongsTo(close, row),
  };
}

function attemptFacts({ at, operation_id: close, refused }: AttemptRow): AttemptFacts {
  return {
    at: new Date(at),
    ...(close !== null && { close }),
    ...(refused !== null && { refused }),
  };
}

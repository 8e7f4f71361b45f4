import { createHash } from "node:crypto";
import { mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt";
import type { OperationReason } from "@tillkeeper/contract/operation-reasons";
import type { OperationError, OperationName } from "@tillkeeper/contract/operations";
import { idAt } from "../../platform/ids.ts";
import type { Device } from "../../terminals/record/devices.ts";
import type { KnownOrigin, Origins } from "./origin.ts";

/** What a device answered. */
export interface Finish {
  accountId: string;
  /** The operation's; of a close by hand one of ours. */
  id: string;
  terminalId: string;
  /** Of the device that answered. */
  address: string;
  /**
   * In the log of that address, with the id that it has there; null for what stands in no log. `after`: the number before it in
   * the journal, which may have dropped some between.
   */
  entry: { number: number; after: number; id: string; mayHaveClosed: boolean } | null;
  operation: OperationName;
  status: "COMPLETED" | "FAILED";
  result: unknown;
  reason: OperationReason | null;
  error: OperationError | null;
  /** The same as answers show it that came after the end. */
  late: object;
  /** Phases that were reported just before, at the server's time; null keeps what is known. */
  dispatchedAt: Date | null;
  deliveredAt: Date | null;
  startedAt: Date | null;
  at: Date;
  /** With which it is stored where no operation is known for it; null: it is not. */
  origin: KnownOrigin | null;
  /** Under which it is stored then: the operation's only where a server of ours has signed that. */
  storedAs: string;
  /** When it was begun, by the device's journal. */
  begunAt: Date;
  /** Whether the facts of it can be read. */
  readable: boolean;
}

/** What can be told of an answer that nobody can read. */
export interface UnreadableResult {
  number: number;
  after: number;
  id: string;
  operation: OperationName;
  mayHaveClosed: boolean;
}

interface Taking {
  at: Date;
  origins: Origins;
}

/** A result as it is taken. What it says of its origin counts if a server of ours has signed it. */
export function toFinish(device: Device, message: ResultMessage, { at, origins }: Taking): Finish {
  const { accountId, terminalId, address } = device;
  const { operation, status, number, after, by_hand: byHand = false } = message;
  // As it was given: a device may write it in capitals.
  const id = message.operation_id.toLowerCase();
  const failed = status === "FAILED";
  const result = failed ? null : message.result;
  const reason = failed ? (message.reason ?? "device_error") : null;
  const error = failed ? (message.error ?? null) : null;
  const begunAt = earlier(new Date(message.started_at ?? message.finished_at), at);
  const signed = byHand ? undefined : origins.read(address, { ...message, operation_id: id });
  const ownId = idAt(begunAt, ownDigest(terminalId, id));
  return {
    accountId,
    terminalId,
    address,
    id: byHand ? ownId : id,
    entry:
      number === undefined ? null : { number, after: after ?? number - 1, id, mayHaveClosed: mayHaveClosed(message) },
    operation,
    status,
    result,
    reason,
    error,
    late: withoutNulls({ status, finished_at: message.finished_at, result, reason, error }),
    dispatchedAt: null,
    deliveredAt: null,
    // Stands in for a `started` that was not sent; at the server's time, like every phase.
    startedAt: message.started_at === undefined ? null : at,
    at,
    origin: signed ?? (byHand || mayHaveClosed(message) ? unasked(terminalId, begunAt) : null),
    storedAs: signed ? id : ownId,
    begunAt,
    readable: true,
  };
}

/** Its log goes on behind it; the operation ends by its deadline (D29). */
export function toUnreadable({ accountId, terminalId, address }: Device, told: UnreadableResult, at: Date): Finish {
  const { id, number, after, operation, mayHaveClosed: closed } = told;
  return {
    accountId,
    terminalId,
    address,
    id,
    entry: { number, after, id, mayHaveClosed: closed },
    operation,
    status: "FAILED",
    result: null,
    reason: null,
    error: null,
    late: {},
    dispatchedAt: null,
    deliveredAt: null,
    startedAt: null,
    at,
    origin: null,
    storedAs: id,
    begunAt: at,
    readable: false,
  };
}

/** A close that no request is known for: its day is closed all the same. */
function unasked(terminalId: string, begunAt: Date): KnownOrigin {
  return {
    requestKey: null,
    requestSha256: null,
    parameters: {},
    createdAt: begunAt,
    createdBy: ofTerminal(terminalId),
    deadline: begunAt,
  };
}

/** Whether it is stored as a close that no request is known for. */
export function isUnasked({ origin, terminalId }: Finish): boolean {
  return origin?.createdBy === ofTerminal(terminalId);
}

function ofTerminal(terminalId: string): string {
  return `terminal:${terminalId}`;
}

/** The same for any copy of what a terminal says, and no id that another terminal, or a server, has given. */
function ownDigest(terminalId: string, id: string): string {
  return createHash("sha256").update(`${terminalId} ${id}`).digest("hex");
}

/** The same without an origin of its own that this database has no room for: it is long past. */
export function withoutItsPlace(finish: Finish): Finish {
  if (!isUnasked(finish)) return { ...finish, origin: null };
  return { ...finish, storedAs: idAt(finish.at, ownDigest(finish.terminalId, finish.id)), begunAt: finish.at };
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}

function withoutNulls(fields: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

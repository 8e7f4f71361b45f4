import { createHash } from "node:crypto";
import { mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { OperationReason } from "@tillkeeper/contract/operation-reasons";
import type { OperationError, OperationName } from "@tillkeeper/contract/operations";
import { isDateTime } from "../../platform/formats.ts";
import { idAt } from "../../platform/ids.ts";
import { normalTime, preciseTime } from "../../platform/timestamps.ts";
import type { Device } from "../../terminals/record/devices.ts";
import type { KnownOrigin, Origins } from "./origin.ts";

/** A device's answer to an operation, as it is stored. */
export interface Finish {
  accountId: string;
  /** The operation's id; for a close by hand, an id that the server makes. */
  id: string;
  terminalId: string;
  /** The address of the device that answered. */
  address: string;
  /**
   * The answer's place in the log of that address, with the id that it has there; null for an answer in no log. `after`
   * is the number of the entry before it in the journal, which may have dropped entries in between.
   */
  entry: { number: number; after: number; id: string; mayHaveClosed: boolean } | null;
  /** Null where the answer cannot be read and does not tell. */
  operation: OperationName | null;
  status: "COMPLETED" | "FAILED";
  result: unknown;
  reason: OperationReason | null;
  error: OperationError | null;
  /** With FAILED: it was begun, and the terminal does not know whether it was completed. */
  unknownEnd: boolean;
  /** The answer in the form that responses show if it came after the end. */
  late: object;
  /** Phases that were reported just before, at the server's time; null keeps the stored value. */
  dispatchedAt: Date | null;
  deliveredAt: Date | null;
  startedAt: Date | null;
  at: Date;
  /** The origin it is stored with if the operation is unknown; null: it is not stored then. */
  origin: KnownOrigin | null;
  /** The id it is stored under then. It is the operation's id only if a server of this installation has signed it. */
  storedAs: string;
  /** When the operation was begun, by the device's journal. */
  begunAt: Date;
  /** Whether the facts of the answer can be read. */
  readable: boolean;
  /** When this server got it, by its machine's clock: the beginning of a span. */
  heardAt?: number;
}

/** A place of a message that is wrong: `path` is a JSON pointer. */
export interface Place {
  path: string;
  message: string;
}

/** What can be read of a result that cannot be read as a whole. */
export interface UnreadableResult {
  id: string;
  /** Null: it does not tell. */
  operation: OperationName | null;
  /** Its place in the log; null for one in no log, or whose place cannot be read. */
  entry: { number: number; after: number; mayHaveClosed: boolean } | null;
  error: OperationError;
}

/** The fault of a result that names another kind of operation than its command. */
export const ofAnotherPlace: Place = {
  path: "/operation",
  message: "is not the operation that the command with this operation_id was",
};

const longestError = 500;

/** The error of an operation whose answer could not be read in these places. `cleaned` makes a text fit to be stored. */
export function unreadableError(places: Place[], cleaned = (text: string) => text): OperationError {
  const text = places.map(({ path, message }) => `${path === "" ? "the result" : path} ${message}`).join("; ");
  const whole = cleaned(text);
  const message = whole.length > longestError ? `${whole.slice(0, longestError - 1).toWellFormed()}…` : whole;
  return { code: "invalid_result", message };
}

interface ReceiveContext {
  at: Date;
  origins: Origins;
}

/** Converts a result into an answer. Its origin counts only if a server of this installation has signed it. */
export function toFinish(device: Device, message: ResultMessage, { at, origins }: ReceiveContext): Finish {
  const { accountId, terminalId, address } = device;
  const { operation, status, number, after, by_hand: byHand = false } = message;
  // In the server's spelling: a device may write the id in capitals.
  const id = message.operation_id.toLowerCase();
  const failed = status === "FAILED";
  const result = failed ? null : message.result;
  const reason = failed ? (message.reason ?? "device_error") : null;
  const error = failed ? (message.error ?? null) : null;
  const unknownEnd = failed && message.unknown_end === true;
  // A time that cannot be is no reason to lose the answer: the server's stands for it (D29).
  const finishedAt = validTime(message.finished_at) ?? preciseTime(at);
  const begunAt = earlier(new Date(validTime(message.started_at) ?? finishedAt), at);
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
    unknownEnd,
    late: withoutNulls({
      status,
      finished_at: normalTime(finishedAt),
      result,
      reason,
      error,
      unknown_end: unknownEnd || null,
    }),
    dispatchedAt: null,
    deliveredAt: null,
    // Stands for a `started` that was not sent; at the server's time, like every phase.
    startedAt: message.started_at === undefined ? null : at,
    at,
    origin: signed ?? (byHand || mayHaveClosed(message) ? unrequestedOrigin(terminalId, begunAt) : null),
    storedAs: signed ? id : ownId,
    begunAt,
    readable: true,
  };
}

function validTime(time: string | undefined): string | undefined {
  return isDateTime(time) ? time : undefined;
}

/**
 * Converts an unreadable result into an answer. The log goes on behind it; the operation ends by its deadline (D29), with what
 * could not be read as its error.
 */
export function toUnreadable({ accountId, terminalId, address }: Device, told: UnreadableResult, at: Date): Finish {
  const { operation, entry, error } = told;
  const id = told.id.toLowerCase();
  return {
    accountId,
    terminalId,
    address,
    id,
    entry: entry && { ...entry, id },
    operation,
    status: "FAILED",
    result: null,
    reason: null,
    error,
    unknownEnd: false,
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

/** The origin of a close without a known request: its day is closed nevertheless. */
function unrequestedOrigin(terminalId: string, begunAt: Date): KnownOrigin {
  return {
    requestKey: null,
    requestSha256: null,
    parameters: {},
    createdAt: begunAt,
    createdBy: ofTerminal(terminalId),
    deadline: begunAt,
  };
}

/** Whether the answer is stored as a close without a known request. */
export function isUnrequested({ origin, terminalId }: Finish): boolean {
  return origin?.createdBy === ofTerminal(terminalId);
}

function ofTerminal(terminalId: string): string {
  return `terminal:${terminalId}`;
}

/** Equal for all copies of a terminal's message, and different from any id that another terminal or a server makes. */
function ownDigest(terminalId: string, id: string): string {
  return createHash("sha256").update(`${terminalId} ${id}`).digest("hex");
}

/**
 * An answer whose origin is so old that the database has no partition for it: without the origin, or moved to the
 * present.
 */
export function withoutPartition(finish: Finish): Finish {
  if (!isUnrequested(finish)) return { ...finish, origin: null };
  return { ...finish, storedAs: idAt(finish.at, ownDigest(finish.terminalId, finish.id)), begunAt: finish.at };
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}

function withoutNulls(fields: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

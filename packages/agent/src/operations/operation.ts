import type { Abilities } from "@tillkeeper/contract/abilities";
import { CommandMessage } from "@tillkeeper/contract/mqtt/messages";
import { type DeviceReason } from "@tillkeeper/contract/operation-reasons";
import {
  type EndOfDayResult,
  type OperationError,
  type OperationName,
  type OperationResults,
  operationNames,
} from "@tillkeeper/contract/operations";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";

const fields = ["operation_id", "operation", "parameters", "created_at", "expires_at", "transfer"] as const;
const OperationSchema = Type.Pick(CommandMessage, fields);
const operationCheck = Compile(OperationSchema);

/** The operation that a handler carries out. Times are RFC 3339. */
export type Operation = Static<typeof OperationSchema>;

/**
 * Returns a journal entry as an operation; `undefined` when this version does not know the operation or its parameters.
 */
export function asOperation(remembered: object): Operation | undefined {
  return operationCheck.Check(remembered) ? remembered : undefined;
}

/** The outcome of an operation that was carried out. */
export interface Completed<Result, State = unknown> {
  status: "COMPLETED";
  /** Must fit the contract's schema for the operation; otherwise the agent reports `invalid_result`. */
  result: Result;
  /** The terminal's new state: stored in the same write as the result, or not at all. */
  state?: State;
}

/** The outcome of an operation that was not carried out, or not certainly. */
export interface Failed {
  status: "FAILED";
  reason: DeviceReason;
  error?: OperationError;
  /** The operation was begun, and it is unknown whether it was done. */
  unknown_end?: true;
}

/** What a handler gets beside its operation. */
export interface HandlerContext<State> {
  /** Aborted when the agent stops. A handler that can stop safely should reject then. */
  signal: AbortSignal;
  /**
   * Aborted when the operation is cancelled and the handler is `cancellable`. The handler then undoes what it can and
   * answers FAILED with reason `cancelled`; to reject with the signal's own reason means the same. Or it answers the
   * outcome that is true by then, COMPLETED too.
   */
  cancelled: AbortSignal;
  /** The state that was stored with the last result. */
  state: State;
  /** Returns the estimate of the server's time in epoch milliseconds; never behind the server. */
  serverNow: () => number;
}

/** How a terminal carries out one kind of operation. */
export interface OperationHandler<Name extends OperationName, State = undefined> {
  /** The longest time from beginning to result, in whole seconds from 1 to 600. The hello tells it to the server. */
  maxSeconds?: number;
  /**
   * Carries the operation out. Called at most once per operation id, ever, after its begin was written to the journal.
   * To reject means FAILED with reason `device_error`; for a close it also means that its end is unknown.
   */
  run(operation: Operation, context: HandlerContext<State>): Promise<Completed<OperationResults[Name], State> | Failed>;
  /**
   * Resolves with the outcome of an interrupted operation, if the device still knows it. Called after a crash between
   * begin and result. Must not carry the operation out again. Without it, when it rejects, or for `undefined`, the
   * operation is FAILED with the code `interrupted`, and its end is unknown.
   */
  recover?(
    operation: Operation,
    context: HandlerContext<State>,
  ): Promise<Completed<OperationResults[Name], State> | Failed | undefined>;
  /**
   * Whether a running operation can be cancelled. A function is called at the moment of the cancellation; when it
   * throws, or without this field, the agent refuses to cancel a begun operation.
   */
  cancellable?: boolean | ((operation: Operation) => boolean);
}

/** The batch that a terminal closed last, and the terminal's data about that close. `closed_at` is RFC 3339. */
export type LastBatch = Pick<EndOfDayResult, "batch_id"> & Partial<EndOfDayResult> & { closed_at?: string };

/** The handler of `end_of_day`. */
export interface CloseHandler<State = undefined> extends OperationHandler<"end_of_day", State> {
  /**
   * Resolves with the batch that was closed last, by an operation or by hand; with undefined before the first close.
   * Called at start, before each hello, every minute and right before a close begins. A batch that no operation closed
   * was closed by hand, and the next close has to know of it. After `run` has answered it must not name an earlier
   * batch. When it rejects, a close fails with `last_batch_unknown`. Absent where the terminal cannot tell.
   */
  lastBatch?(state: State): Promise<LastBatch | undefined>;
}

/**
 * One handler per operation. The hello tells the server which handlers there are, so that it sends no other operation.
 * An operation without a handler that arrives all the same is answered FAILED, reason `unsupported`.
 */
export type OperationHandlers<State = undefined> = {
  [Name in Exclude<OperationName, "end_of_day">]?: OperationHandler<Name, State>;
} & { end_of_day?: CloseHandler<State> };

/** Returns the abilities that a hello reports for these handlers. */
export function abilitiesOf<State>(handlers: OperationHandlers<State>): Abilities {
  return operationNames.flatMap((operation) => {
    const handler = handlers[operation];
    if (!handler) return [];
    return [{ operation, ...(handler.maxSeconds !== undefined && { max_seconds: handler.maxSeconds }) }];
  });
}

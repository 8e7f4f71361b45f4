import type { Abilities } from "@tillkeeper/contract/abilities";
import { CommandMessage } from "@tillkeeper/contract/mqtt";
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

/** What a handler is told about the operation it carries out. Times are RFC 3339. */
export type Operation = Static<typeof OperationSchema>;

/** A remembered command as an operation; `undefined` when this version knows no such operation or parameters. */
export function asOperation(remembered: object): Operation | undefined {
  return operationCheck.Check(remembered) ? remembered : undefined;
}

export interface Completed<Result, State = unknown> {
  status: "COMPLETED";
  /** Must fit the contract's schema for the operation; anything else is reported as `invalid_result`. */
  result: Result;
  /** What the terminal must remember from now on: kept in the same write as the answer, or not at all. */
  state?: State;
}

export interface Failed {
  status: "FAILED";
  reason: DeviceReason;
  error?: OperationError;
  /** It was begun, and nobody can say whether it was done. */
  unknown_end?: true;
}

export interface HandlerContext<State> {
  /** Aborted when the agent stops. A handler that can break off safely should reject then. */
  signal: AbortSignal;
  /**
   * Aborted when the operation is cancelled and the handler is `cancellable`. The handler then undoes what it can and
   * answers FAILED with reason `cancelled`, for which it may also reject with the signal's own reason; or it answers
   * whatever is true by then, COMPLETED too.
   */
  cancelled: AbortSignal;
  /** The state kept with the last answer. */
  state: State;
  /** The cautious estimate of the server's time, epoch milliseconds. */
  serverNow: () => number;
}

/** How a terminal carries out one kind of operation. */
export interface OperationHandler<Name extends OperationName, State = undefined> {
  /** How long it takes at most, from its beginning to its result; whole seconds from 1 to 600. The server is told in hello. */
  maxSeconds?: number;
  /**
   * Called at most once per operation id, ever. To throw means FAILED with reason `device_error`, and of a close that its end
   * is unknown.
   */
  run(operation: Operation, context: HandlerContext<State>): Promise<Completed<OperationResults[Name], State> | Failed>;
  /**
   * Asked after a crash between beginning and answering: the outcome, if the device still knows it. Must not carry the
   * operation out again. Without it, or on `undefined`, the operation is FAILED with the code `interrupted`, and its end is unknown.
   */
  recover?(
    operation: Operation,
    context: HandlerContext<State>,
  ): Promise<Completed<OperationResults[Name], State> | Failed | undefined>;
  /**
   * Whether it can be broken off once it runs; asked at the moment somebody cancels it. Without it the agent refuses to
   * cancel what has begun.
   */
  cancellable?: boolean | ((operation: Operation) => boolean);
}

/** The batch that a terminal closed last, and what it knows of that close. */
export type LastBatch = Pick<EndOfDayResult, "batch_id"> & Partial<EndOfDayResult> & { closed_at?: string };

/** How a terminal closes its day. */
export interface CloseHandler<State = undefined> extends OperationHandler<"end_of_day", State> {
  /**
   * Names the batch that was closed last, by whomever; undefined where none was. Asked often, and right before a close
   * begins: one that was not closed by an operation was closed at the terminal, and the next close has to know of it. It
   * must not name a batch of before once `run` has answered. Absent where the terminal cannot tell.
   */
  lastBatch?(state: State): Promise<LastBatch | undefined>;
}

/**
 * One handler per operation. The server is told which there are, so that it sends nothing else; an operation without one is
 * answered FAILED, reason `unsupported`, if it comes all the same.
 */
export type OperationHandlers<State = undefined> = {
  [Name in Exclude<OperationName, "end_of_day">]?: OperationHandler<Name, State>;
} & { end_of_day?: CloseHandler<State> };

/** What a hello says of them. */
export function abilitiesOf<State>(handlers: OperationHandlers<State>): Abilities {
  return operationNames.flatMap((operation) => {
    const handler = handlers[operation];
    if (!handler) return [];
    return [{ operation, ...(handler.maxSeconds !== undefined && { max_seconds: handler.maxSeconds }) }];
  });
}

import { mayHaveClosed, ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import { OperationName } from "@tillkeeper/contract/operations";
import { Identifier } from "@tillkeeper/contract/texts";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { maskText } from "../../logs/masking/mask-text.ts";
import { type Place, type UnreadableResult, unreadableError } from "../../operations/reports/results.ts";

/** A result that names an operation; nothing else of it is checked. */
const naming = Compile(Type.Pick(ResultMessage, ["operation_id"]));
const knownOperation = Compile(OperationName);

/** The stored place of an unreadable result in its device's log. */
const inLog = Compile(
  Type.Object({
    ...Type.Pick(ResultMessage, ["after", "operation_id"]).properties,
    ...Type.Required(Type.Pick(ResultMessage, ["number"])).properties,
    // Also an operation that only another protocol version knows.
    operation: Identifier({ maxLength: 64 }),
  }),
);

/** Characters that no text for people may have, and that PostgreSQL cannot store. */
const control = /\p{Cc}/gu;
const cleaned = (text: string) => maskText(text.toWellFormed().replace(control, "\ufffd"));

/**
 * What can be read of a result that is wrong in these places; undefined where it names no operation. `readsAlike`: whether
 * every reader takes its fields for the same. If not, its place in the log is not known.
 */
export function unreadableOf(said: unknown, places: Place[], readsAlike = true): UnreadableResult | undefined {
  if (!naming.Check(said)) return undefined;
  const { operation_id: id, operation } = said as Pick<ResultMessage, "operation_id" | "operation">;
  const error = unreadableError(places, cleaned);
  if (!readsAlike) return { id, operation: null, entry: null, error };
  // The log entry is read as the device reads it: both must agree on which entries are closes.
  if (inLog.Check(said)) return { id, operation, entry: logEntryOf(said as unknown as ResultMessage), error };
  return { id, operation: knownOperation.Check(operation) ? operation : null, entry: null, error };
}

/** The place of a result in the log of its device; null for a result without a number. */
function logEntryOf(message: ResultMessage): UnreadableResult["entry"] {
  const { number, after } = message;
  if (number === undefined) return null;
  return { number, after: after ?? number - 1, mayHaveClosed: mayHaveClosed(message) };
}

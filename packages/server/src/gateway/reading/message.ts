import { limits } from "@tillkeeper/contract/limits";
import { type Messages, mayHaveClosed, messages, ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import { type UpChannel, upChannels } from "@tillkeeper/contract/mqtt/topics";
import { operationKinds, operationNames } from "@tillkeeper/contract/operations";
import { Identifier } from "@tillkeeper/contract/texts";
import { Type } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { type ReadTexts, textReader } from "../../logs/masking/device-texts.ts";
import type { UnreadableResult } from "../../operations/reports/results.ts";
import { registerFormats } from "../../platform/formats.ts";
import { findUnstorable } from "../../platform/http/bodies/storable.ts";
import { hasMoreValues } from "../../platform/http/bodies/value-count.ts";
import { readClose } from "./close.ts";

/** What is wrong with a message, and where in it: `path` is a JSON pointer. */
export interface Place {
  path: string;
  message: string;
}

export type ReadMessage<C extends UpChannel> = { message: Messages[C]; places?: undefined } | Refused;

/** A message that is not understood: what is wrong, and what can be read all the same. */
export interface Refused {
  message?: undefined;
  places: Place[];
  operationId: string | undefined;
  /** Set for a result that at least names its place in the log. */
  unreadable?: UnreadableResult | undefined;
}

interface Reader {
  validator: Validator;
  texts: ReadTexts;
}

const mostPlaces = 10;

registerFormats();
const { result: _, ...resultHead } = messages.result.properties;
const readers = new Map<UpChannel, Reader>(
  upChannels.map((channel) => {
    const schema = messages[channel];
    // Each operation has its own schema for the result; it is read separately.
    const kept = channel === "result" ? { ...schema, properties: resultHead } : schema;
    return [channel, { validator: Compile(schema), texts: textReader(kept) }];
  }),
);
const resultReaders = new Map<string, Reader>(
  operationNames.map((name) => {
    const { facts, result } = operationKinds[name];
    return [name, { validator: Compile(facts), texts: textReader(result) }];
  }),
);

/**
 * Reads a message of a device. Answers the message as it may be stored, or the places that are not understood. Never
 * throws.
 */
export function readMessage<C extends UpChannel>(channel: C, payload: Buffer): ReadMessage<C> {
  let said: unknown;
  try {
    said = JSON.parse(payload.toString("utf8"));
  } catch {
    return { places: [{ path: "", message: "is not JSON" }], operationId: undefined };
  }
  // Checked before validation, because each value may be a wrong place.
  if (hasMoreValues(said, limits.mqttMessageValues)) {
    const message = `must not have more than ${limits.mqttMessageValues} values`;
    return { places: [{ path: "", message }], operationId: operationIdOf(said) };
  }
  const { validator, texts } = readers.get(channel) as Reader;
  const places = placesOf(validator, said, "");
  const result = channel === "result" && places.length === 0 ? readResult(said as ResultMessage) : {};
  places.push(...(result.places ?? []));
  const unstorable = places.length === 0 && findUnstorable(said, "");
  if (unstorable) places.push(unstorable);
  if (places.length > 0) {
    const unreadable = channel === "result" ? unreadableOf(said) : undefined;
    return { places: places.slice(0, mostPlaces), operationId: operationIdOf(said), unreadable };
  }
  const message = texts(said) as object;
  return { message: { ...message, ...(result.read && { result: result.read() }) } as Messages[C] };
}

function readResult({ operation, status, result }: ResultMessage): { places?: Place[]; read?: () => unknown } {
  if (status === "FAILED") return {};
  const { validator, texts } = resultReaders.get(operation) as Reader;
  const places = placesOf(validator, result, "/result");
  if (places.length > 0) return { places };
  // Figures that cannot be right are left out (D29).
  if (operation === "end_of_day") return { read: () => readClose(result as Parameters<typeof readClose>[0]) };
  return { read: () => texts(result) };
}

function placesOf(validator: Validator, value: unknown, root: string): Place[] {
  if (validator.Check(value)) return [];
  return validator.Errors(value).map((error) => ({ path: `${root}${error.instancePath}`, message: error.message }));
}

/** The operation id of a message that is not understood, if it names one. */
function operationIdOf(said: unknown): string | undefined {
  const id = (said as { operation_id?: unknown } | null)?.operation_id;
  return typeof id === "string" && id.length <= 64 ? id : undefined;
}

/** What is stored of an unreadable result. */
const inLog = Compile(
  Type.Object({
    ...Type.Pick(ResultMessage, ["after", "operation_id"]).properties,
    ...Type.Required(Type.Pick(ResultMessage, ["number"])).properties,
    // Also an operation that only another protocol version knows.
    operation: Identifier({ maxLength: 64 }),
  }),
);

/** The log entry of an unreadable result, read as the device reads it: both must agree on which entries are closes. */
function unreadableOf(said: unknown): UnreadableResult | undefined {
  if (!inLog.Check(said)) return undefined;
  return logEntryOf(said as unknown as ResultMessage);
}

/** The place of a result in the log of its device; undefined for a result without a number. */
export function logEntryOf(message: ResultMessage): UnreadableResult | undefined {
  const { number, after, operation_id: id, operation } = message;
  if (number === undefined) return undefined;
  return { number, after: after ?? number - 1, id, operation, mayHaveClosed: mayHaveClosed(message) };
}

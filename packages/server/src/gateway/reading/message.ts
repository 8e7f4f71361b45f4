import { type Messages, messages, type ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import { type UpChannel, upChannels } from "@tillkeeper/contract/mqtt/topics";
import { operationKinds, operationNames, resultTimes } from "@tillkeeper/contract/operations";
import { type TObject, Type } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { type ReadTexts, textReader } from "../../logs/masking/device-texts.ts";
import type { Place, UnreadableResult } from "../../operations/reports/results.ts";
import { isDateTime, registerFormats } from "../../platform/formats.ts";
import { findUnstorable } from "../../platform/http/bodies/storable.ts";
import { readClose } from "./close.ts";

import { readJson } from "./json.ts";
import { readHeartbeat, withOpenBatchFacts } from "./open-batch.ts";
import { unreadableOf } from "./unreadable.ts";

export type ReadMessage<C extends UpChannel> = { message: Messages[C]; places?: undefined } | Refused;

/** A message that is not understood: its faults, and the parts that can be read. */
export interface Refused {
  message?: undefined;
  places: Place[];
  operationId: string | undefined;
  /** Set for a result that at least names its operation. */
  unreadable?: UnreadableResult | undefined;
}

interface Reader {
  validator: Validator;
  texts: ReadTexts;
}

const mostPlaces = 10;

/**
 * Times by a device's own clock in messages that tell a fact. A clock that has gone wrong, or a time that cannot be, must not
 * cost the fact (D29). They pass as they are, and count only where they are valid.
 */
const ownTimes: Partial<Record<UpChannel, readonly string[]>> = {
  delivered: ["received_at"],
  started: ["started_at"],
  result: resultTimes,
};

registerFormats();
const { result: _, ...resultHead } = messages.result.properties;
const readers = new Map<UpChannel, Reader>(
  upChannels.map((channel) => {
    const schema = messages[channel];
    // Each operation has its own schema for the result; it is read separately.
    const kept = channel === "result" ? { ...schema, properties: resultHead } : schema;
    const lenient = channel === "heartbeat" ? withOpenBatchFacts(schema) : withAnyTime(schema, ownTimes[channel] ?? []);
    return [channel, { validator: Compile(lenient), texts: textReader(kept) }];
  }),
);
const resultReaders = new Map<string, Reader>(
  operationNames.map((name) => {
    const { facts, result } = operationKinds[name];
    return [name, { validator: Compile(facts), texts: textReader(result) }];
  }),
);

/** The schema with fields that may have any value. */
function withAnyTime(schema: TObject, fields: readonly string[]): TObject {
  return {
    ...schema,
    properties: { ...schema.properties, ...Object.fromEntries(fields.map((name) => [name, Type.Unknown()])) },
  };
}

/**
 * Reads a message of a device. Answers the message as it may be stored, or the places that are not understood. Never
 * throws.
 */
export function readMessage<C extends UpChannel>(channel: C, payload: Buffer): ReadMessage<C> {
  const { said, fault, ambiguous = false } = readJson(payload);
  if (fault) {
    const places = [fault];
    const unreadable = channel === "result" ? unreadableOf(said, places, !ambiguous) : undefined;
    return { places, operationId: operationIdOf(said), unreadable };
  }
  const { validator, texts } = readers.get(channel) as Reader;
  const places = placesOf(validator, said, "");
  const result = channel === "result" && places.length === 0 ? readResult(said as ResultMessage) : {};
  places.push(...(result.places ?? []));
  const unstorable = places.length === 0 && findUnstorable(said, "");
  if (unstorable) places.push(unstorable);
  if (places.length > 0) {
    const named = places.slice(0, mostPlaces);
    const unreadable = channel === "result" ? unreadableOf(said, named) : undefined;
    return { places: named, operationId: operationIdOf(said), unreadable };
  }
  const message = texts(channel === "heartbeat" ? readHeartbeat(said) : said) as object;
  return { message: { ...message, ...(result.read && { result: result.read() }) } as Messages[C] };
}

function readResult(message: ResultMessage): { places?: Place[]; read?: () => unknown } {
  const { operation, status, result } = message;
  if (status === "FAILED") return {};
  const { validator, texts } = resultReaders.get(operation) as Reader;
  const places = placesOf(validator, result, "/result");
  if (places.length > 0) return { places };
  // Figures that cannot be right are left out (D29).
  if (operation === "end_of_day") {
    const reported = result as Parameters<typeof readClose>[0];
    const invalidTimes = resultTimes.filter((name) => message[name] !== undefined && !isDateTime(message[name]));
    return { read: () => readClose(reported, invalidTimes) };
  }
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

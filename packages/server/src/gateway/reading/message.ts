import { limits } from "@tillkeeper/contract/limits";
import {
  type Messages,
  mayHaveClosed,
  messages,
  ResultMessage,
  type UpChannel,
  upChannels,
} from "@tillkeeper/contract/mqtt";
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

/** What is wrong with a message, and where in it. */
export interface Place {
  path: string;
  message: string;
}

export type ReadMessage<C extends UpChannel> = { message: Messages[C]; places?: undefined } | Refused;

/** A message that is not understood. */
export interface Refused {
  message?: undefined;
  places: Place[];
  operationId: string | undefined;
  /** Of a result that says at least where it stands in the log. */
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
    // What came of an operation has a schema for each.
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

/** Reads what a device says on a channel: as it may be kept, or what in it cannot be understood. */
export function readMessage<C extends UpChannel>(channel: C, payload: Buffer): ReadMessage<C> {
  let said: unknown;
  try {
    said = JSON.parse(payload.toString("utf8"));
  } catch {
    return { places: [{ path: "", message: "is not JSON" }], operationId: undefined };
  }
  // Before any place is looked for: each value may be one.
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
  // Of its figures those are left out that cannot be (D29).
  if (operation === "end_of_day") return { read: () => readClose(result as Parameters<typeof readClose>[0]) };
  return { read: () => texts(result) };
}

function placesOf(validator: Validator, value: unknown, root: string): Place[] {
  if (validator.Check(value)) return [];
  return validator.Errors(value).map((error) => ({ path: `${root}${error.instancePath}`, message: error.message }));
}

/** Of a message that is not understood, if it names one. */
function operationIdOf(said: unknown): string | undefined {
  const id = (said as { operation_id?: unknown } | null)?.operation_id;
  return typeof id === "string" && id.length <= 64 ? id : undefined;
}

/** All that is kept of a result that nobody can read. */
const inLog = Compile(
  Type.Object({
    ...Type.Pick(ResultMessage, ["after", "operation_id"]).properties,
    ...Type.Required(Type.Pick(ResultMessage, ["number"])).properties,
    // Also one that only another version knows.
    operation: Identifier({ maxLength: 64 }),
  }),
);

/** As the device sees it, whatever else is wrong: both have to agree on what is a close. */
function unreadableOf(said: unknown): UnreadableResult | undefined {
  if (!inLog.Check(said)) return undefined;
  return entryOf(said as unknown as ResultMessage);
}

/** Where a result stands in the log of its device; undefined of one that stands in none. */
export function entryOf(message: ResultMessage): UnreadableResult | undefined {
  const { number, after, operation_id: id, operation } = message;
  if (number === undefined) return undefined;
  return { number, after: after ?? number - 1, id, operation, mayHaveClosed: mayHaveClosed(message) };
}

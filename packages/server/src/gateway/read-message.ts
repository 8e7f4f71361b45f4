import { type Messages, messages, type ResultMessage, type UpChannel, upChannels } from "@tillkeeper/contract/mqtt";
import { operationNames, operationResults } from "@tillkeeper/contract/operations";
import { Compile, type Validator } from "typebox/compile";
import { type ReadTexts, textReader } from "../logs/device-texts.ts";
import { registerFormats } from "../platform/formats.ts";
import { findUnstorable } from "../platform/http/storable.ts";

/** What is wrong with a message, and where in it. */
export interface Place {
  path: string;
  message: string;
}

export type ReadMessage<C extends UpChannel> =
  | { message: Messages[C]; places?: undefined }
  | { places: Place[]; operationId: string | undefined };

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
    const schema = operationResults[name];
    return [name, { validator: Compile(schema), texts: textReader(schema) }];
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
  const { validator, texts } = readers.get(channel) as Reader;
  const places = placesOf(validator, said, "");
  const result = channel === "result" && places.length === 0 ? readResult(said as ResultMessage) : {};
  places.push(...(result.places ?? []));
  const unstorable = places.length === 0 && findUnstorable(said, "");
  if (unstorable) places.push(unstorable);
  if (places.length > 0) return { places: places.slice(0, mostPlaces), operationId: operationIdOf(said) };
  const message = texts(said) as object;
  return { message: { ...message, ...(result.read && { result: result.read() }) } as Messages[C] };
}

function readResult({ operation, status, result }: ResultMessage): { places?: Place[]; read?: () => unknown } {
  if (status === "FAILED") return {};
  const { validator, texts } = resultReaders.get(operation) as Reader;
  const places = placesOf(validator, result, "/result");
  return places.length > 0 ? { places } : { read: () => texts(result) };
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

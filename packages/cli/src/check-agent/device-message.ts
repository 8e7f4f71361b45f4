import { isDeepStrictEqual } from "node:util";
import { type Messages, messages, type ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { UpChannel } from "@tillkeeper/contract/mqtt/topics";
import { type OperationName, operationNames } from "@tillkeeper/contract/operations";
import { readMessage } from "@tillkeeper/server/gateway/reading/message";
import type { Place } from "@tillkeeper/server/operations/reports/results";
import { isDateTime } from "@tillkeeper/server/platform/formats";

export type Read<C extends UpChannel> =
  | { message: Messages[C]; places?: undefined }
  | { message?: undefined; places: Place[]; operationId: string | undefined };

/**
 * Checks a device's message as the server does, but also accepts a FAILED result of an operation that only this check knows.
 * The returned message is as the device sent it, with fields that the contract does not know.
 */
export function read<C extends UpChannel>(channel: C, payload: Buffer): Read<C> {
  const unknownResult = channel === "result" ? unknownOperationOf(payload) : undefined;
  // With a known operation's name in place of the unknown one, the other fields are checked as usual.
  const known = unknownResult && JSON.stringify({ ...unknownResult, operation: "open_menu" satisfies OperationName });
  const { places, operationId } = {
    operationId: undefined,
    ...readMessage(channel, known ? Buffer.from(known) : payload),
  };
  if (places) return { places, operationId };
  const message = JSON.parse(payload.toString("utf8"));
  const wrongTimes = timesOf(channel).filter((name) => message[name] !== undefined && !isDateTime(message[name]));
  if (wrongTimes.length === 0) return { message };
  return { places: wrongTimes.map((name) => ({ path: `/${name}`, message: "is no time" })), operationId };
}

/** Times of a message. The server takes a message whose time cannot be (D29); a device should not send one. */
function timesOf(channel: UpChannel): string[] {
  const properties = messages[channel].properties as Record<string, { format?: string }>;
  return Object.keys(properties).filter((name) => properties[name]?.format === "date-time");
}

function unknownOperationOf(payload: Buffer): ResultMessage | undefined {
  try {
    const said = JSON.parse(payload.toString("utf8"));
    const isUnknown = typeof said?.operation === "string" && !operationNames.includes(said.operation);
    return isUnknown && said.status === "FAILED" ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Whether two results are copies of one entry. Copies may differ in `after`. */
export function sameEntry(one: ResultMessage, other: ResultMessage): boolean {
  return isDeepStrictEqual({ ...one, after: undefined }, { ...other, after: undefined });
}

/** Whether two results are one entry under the numbers of two addresses. */
export function sameButNumber(one: ResultMessage, other: ResultMessage): boolean {
  return sameEntry({ ...one, number: 1 }, { ...other, number: 1 });
}

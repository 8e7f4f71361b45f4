import { isDeepStrictEqual } from "node:util";
import type { Messages, ResultMessage, UpChannel } from "@tillkeeper/contract/mqtt";
import { type OperationName, operationNames } from "@tillkeeper/contract/operations";
import { type Place, readMessage } from "@tillkeeper/server/gateway/reading/message";

export type Read<C extends UpChannel> =
  | { message: Messages[C]; places?: undefined }
  | { message?: undefined; places: Place[]; operationId: string | undefined };

/**
 * Checks what a device says as the server does, but knows the operations that only this check has. The message that it
 * answers is as the device said it, with the fields that the contract does not know.
 */
export function read<C extends UpChannel>(channel: C, payload: Buffer): Read<C> {
  const invented = channel === "result" ? inventedOf(payload) : undefined;
  // Everything else of it has to be right all the same.
  const known = invented && JSON.stringify({ ...invented, operation: "open_menu" satisfies OperationName });
  const { places, operationId } = {
    operationId: undefined,
    ...readMessage(channel, known ? Buffer.from(known) : payload),
  };
  return places ? { places, operationId } : { message: JSON.parse(payload.toString("utf8")) };
}

function inventedOf(payload: Buffer): ResultMessage | undefined {
  try {
    const said = JSON.parse(payload.toString("utf8"));
    const isInvented = typeof said?.operation === "string" && !operationNames.includes(said.operation);
    return isInvented && said.status === "FAILED" ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Whether two results are copies of one: they may differ in `after`. */
export function sameEntry(one: ResultMessage, other: ResultMessage): boolean {
  return isDeepStrictEqual({ ...one, after: undefined }, { ...other, after: undefined });
}

/** Whether two results are the same under numbers of different addresses. */
export function sameButNumber(one: ResultMessage, other: ResultMessage): boolean {
  return sameEntry({ ...one, number: 1 }, { ...other, number: 1 });
}

import { poster } from "./poster.ts";
import type { Stage } from "./stage.ts";

/** A terminal that speaks over HTTPS; no request with a client's token names it. */
export interface Device {
  terminalId: string;
  address: string;
  token: string;
  /** The body that has paired it; to send it again is the request of a thief. */
  pairing: object;
}

/** What came with a command that waits: its operation, and the token for its files. */
export interface Transfer {
  operationId: string;
  token: string;
}

export const transferKinds = ["send_logs", "check_update"] as const;
export type TransferKind = (typeof transferKinds)[number];

/** Devices that wait with an operation of each kind. */
export type Waiting = Record<TransferKind, { device: Device; transfer: Transfer }>;

/** As long a window as may be. */
export const transferSeconds = 600;

const session = "world";
const mostTries = 20;

/** Asks the device for something; answers what comes with the command. */
export async function transferOf(
  stage: Stage,
  token: string,
  device: Device,
  operation: TransferKind,
): Promise<Transfer> {
  const sent_at = new Date().toISOString();
  const hello = { protocol: 1, agent: "hostile 1", sent_at, session, operations: [] };
  await exchange(stage, device, [{ channel: "hello", message: hello }]);
  const request = { terminal_id: device.terminalId, operation, timeout: transferSeconds };
  const { id } = await poster(stage, token)("/v1/admin/terminals/operations", request);
  const { transfer } = await answered(stage, device, [], { channel: "command", operationId: id });
  if (!transfer) throw new Error(`the command of the operation ${id} brings no transfer`);
  return { operationId: id, token: transfer.token };
}

/**
 * What comes with a new command, so that there is always a token that counts. The device ends the operation before, since
 * a terminal has one at a time: so nothing has to wait for the end of a window.
 */
export async function renewTransfer(
  stage: Stage,
  { own, waiting }: { own: { token: string }; waiting: Waiting },
  kind: TransferKind,
): Promise<Transfer> {
  const { device, transfer } = waiting[kind];
  const { operationId } = transfer;
  const finished_at = new Date().toISOString();
  const failed = { operation_id: operationId, operation: kind, status: "FAILED", finished_at, reason: "device_error" };
  // It comes when the end is committed.
  await answered(stage, device, [{ channel: "result", message: failed }], { channel: "receipt", operationId });
  return transferOf(stage, own.token, device, kind);
}

/** What of a message for the device is looked at. */
interface Come {
  channel: string;
  message: { operation_id: string; transfer?: { token: string } };
}

interface Wanted {
  channel: string;
  operationId: string;
}

/** Sends the messages, and waits for one of that channel about the operation. */
async function answered(stage: Stage, device: Device, messages: object[], { channel, operationId }: Wanted) {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const { messages: come } = await exchange(stage, device, tries === 0 ? messages : []);
    const found = come.find((one) => one.channel === channel && one.message.operation_id === operationId);
    if (found) return found.message;
  }
  throw new Error(`no ${channel} for the operation ${operationId} has come to ${device.terminalId}`);
}

/** Sends messages as the device, and answers those that wait for it or come within two seconds. */
function exchange(stage: Stage, device: Device, messages: object[]): Promise<{ messages: Come[] }> {
  return poster(stage, device.token)("/v1/device/messages", { session, wait_seconds: 2, messages });
}

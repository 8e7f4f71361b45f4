import { poster } from "./setup-requests.ts";
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

/** The longest window that an operation may have. */
export const transferSeconds = 600;

const session = "world";
const mostTries = 20;

/** Sends an operation to the device. Returns the transfer in its command. */
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
 * Gets a transfer of a new operation, so that there is always a valid token. The device ends its earlier operation first,
 * because a terminal has one at a time. So the run need not wait for the end of a window.
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
  // The receipt comes after the end is committed.
  await answered(stage, device, [{ channel: "result", message: failed }], { channel: "receipt", operationId });
  return transferOf(stage, own.token, device, kind);
}

/** The fields of a message for the device that are read here. */
interface Come {
  channel: string;
  message: { operation_id: string; transfer?: { token: string } };
}

interface Wanted {
  channel: string;
  operationId: string;
}

/** Sends the messages, and waits for a message of the channel about the operation. Throws if none comes. */
async function answered(stage: Stage, device: Device, messages: object[], { channel, operationId }: Wanted) {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const { messages: come } = await exchange(stage, device, tries === 0 ? messages : []);
    const found = come.find((one) => one.channel === channel && one.message.operation_id === operationId);
    if (found) return found.message;
  }
  throw new Error(`no ${channel} for the operation ${operationId} has come to ${device.terminalId}`);
}

/** Sends messages as the device. Resolves with the messages for it that wait, or come within two seconds. */
function exchange(stage: Stage, device: Device, messages: object[]): Promise<{ messages: Come[] }> {
  return poster(stage, device.token)("/v1/device/messages", { session, wait_seconds: 2, messages });
}

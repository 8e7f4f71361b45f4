import type { UpChannel } from "@tillkeeper/contract/mqtt/topics";
import type { Reports } from "../operations/reports/reports.ts";
import type { Presence, ReportingDevice } from "../presence/hearing/hear.ts";
import type { DeviceTransport } from "./carriers/transport.ts";
import type { Refused } from "./reading/message.ts";

export interface RejectDeps {
  transport: DeviceTransport;
  presence: Presence;
  reports: Reports;
}

/** The device that a message came from. */
export interface MessageOrigin extends ReportingDevice {
  /** Over HTTPS: which message of its request it is, counted from 0. */
  index: number | undefined;
}

/** Messages of a terminal that leaves, or has left: they do not show that it is there. */
const leavingChannels: ReadonlySet<UpChannel> = new Set(["goodbye", "gone"]);

/**
 * Answers a message that is not understood. It still shows that its terminal is there. A result is noted on its operation
 * first: where that fails, the terminal has no answer and tells it again.
 */
export async function reject(
  { transport, presence, reports }: RejectDeps,
  origin: MessageOrigin,
  channel: UpChannel,
  { places, operationId, unreadable }: Refused,
): Promise<void> {
  if (!leavingChannels.has(channel)) presence.heard(origin);
  const errors = places;
  const memory = unreadable && (await reports.unreadable(origin, unreadable));
  await transport.publish(origin.address, "rejection", {
    channel,
    ...(operationId !== undefined && { operation_id: operationId }),
    ...(origin.index !== undefined && { index: origin.index }),
    errors,
  });
  // Repeating an entry of the log is useless, and the device must be told how much of its log the server has.
  if (memory && unreadable?.entry) await transport.publish(origin.address, "memory", { memory });
}

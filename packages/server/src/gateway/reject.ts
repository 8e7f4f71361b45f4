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

/** Messages of a terminal that leaves, or has left: they do not show that it is there. */
const leavingChannels: ReadonlySet<UpChannel> = new Set(["goodbye", "gone"]);

/** Answers a message that is not understood. It still shows that its terminal is there. */
export async function reject(
  { transport, presence, reports }: RejectDeps,
  origin: ReportingDevice,
  channel: UpChannel,
  { places, operationId, unreadable }: Refused,
): Promise<void> {
  if (!leavingChannels.has(channel)) presence.heard(origin);
  const errors = places;
  await transport.publish(origin.address, "rejection", {
    channel,
    ...(operationId !== undefined && { operation_id: operationId }),
    errors,
  });
  // Repeating the result is useless, and the device must be told how much of its log the server has.
  const memory = unreadable && (await reports.unreadable(origin, unreadable));
  if (memory) await transport.publish(origin.address, "memory", { memory });
}

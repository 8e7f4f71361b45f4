import { type PresenceReason, type PresenceStatus, presenceDelays } from "@tillkeeper/contract/presence";
import type { Telemetry, TelemetryHistoryField } from "@tillkeeper/contract/telemetry";
import type { TimelineType } from "@tillkeeper/contract/timeline";
import { plural, spanInWords } from "./words.ts";

const { lostOfflineAfterMs, silentOfflineAfterMs } = presenceDelays;

/** What a change of presence is: its type, and the rest of a sentence that begins with the terminal. */
export function presenceInWords(
  status: Exclude<PresenceStatus, "never">,
  reason: PresenceReason,
): { type: TimelineType; words: string } {
  if (reason === "address_shared") return { type: "address_shared", words: "shares its address with another device" };
  const words: Record<typeof status, string> = {
    online: reason === "connected" ? "connected, and is online" : "was heard again, and is online",
    late: reason === "link_lost" ? "lost its connection" : "has not been heard in time: its next message is overdue",
    offline:
      reason === "link_lost"
        ? `went offline: its connection had been lost for ${spanInWords(lostOfflineAfterMs)}`
        : `went offline: its next message was ${spanInWords(silentOfflineAfterMs)} overdue`,
    shut_down: "said goodbye: it was switched off",
  };
  return { type: `terminal_${status}`, words: words[status] };
}

const telemetryWords: Record<TelemetryHistoryField, (told: Telemetry) => string> = {
  software_version: (told) => `runs software version ${told.software_version}`,
  configuration_version: (told) => `has configuration version ${told.configuration_version}`,
  battery: ({ battery }) => `has its battery at ${battery?.percent}%${chargingWords(battery?.charging)}`,
  link: (told) => `is connected by ${linkWords(told.link)}`,
  printer: (told) => printerWords[told.printer ?? "none"],
  unsent_batch: (told) => unsentWords(told.unsent_batch),
};

/** What a device reported about itself: the rest of a sentence that begins with the terminal. */
export function telemetryInWords(field: TelemetryHistoryField, value: unknown): string {
  return telemetryWords[field]({ [field]: value });
}

function chargingWords(charging: boolean | undefined): string {
  return charging === undefined ? "" : charging ? ", and is charging" : ", and is not charging";
}

function linkWords(link: Telemetry["link"]): string {
  const names = { ethernet: "cable", wifi: "Wi-Fi", mobile: "the mobile network", other: "another kind of link" };
  const signal = link?.signal_percent === undefined ? "" : `, with ${link.signal_percent}% of the signal`;
  return `${names[link?.type ?? "other"]}${signal}`;
}

const printerWords: Record<NonNullable<Telemetry["printer"]>, string> = {
  ok: "has a printer that works",
  paper_low: "is running out of paper",
  paper_out: "is out of paper",
  error: "has a printer with an error",
  none: "has no printer",
};

function unsentWords(batch: Telemetry["unsent_batch"]): string {
  const count = batch?.transactions_count ?? 0;
  return count === 0 ? "has sent all its transactions on" : `has not sent ${plural(count, "transaction")} on yet`;
}

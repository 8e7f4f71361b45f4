import type { Versions } from "@tillkeeper/agent/files/updates";
import type { Telemetry } from "@tillkeeper/contract/telemetry";
import { seededRandom } from "./day.ts";

const hourMs = 60 * 60 * 1000;
/** A battery discharges in the first part of the period and is charged in the rest. */
const batteryPeriodMs = 12 * hourMs;
const dischargingShare = 0.75;
const emptiestPercent = 30;

/**
 * Telemetry of a virtual terminal at `nowMs`. Its parts follow from the serial number, the battery's charge from the
 * time, too. The versions are not invented: `running` is reported as it is.
 */
export function virtualTelemetry(serialNumber: string, nowMs: number, running: Versions): Telemetry {
  const random = seededRandom(`${serialNumber}:telemetry`);
  const mobile = random() < 0.5;
  const signal = 45 + Math.floor(random() * 55);
  const paperLow = random() < 0.1;
  const unsent = random() < 0.1 ? 1 + Math.floor(random() * 9) : 0;
  return {
    ...running,
    ...(mobile && { battery: batteryAt(nowMs + random() * batteryPeriodMs) }),
    link: mobile ? { type: "mobile", signal_percent: signal } : { type: "ethernet" },
    printer: paperLow ? "paper_low" : "ok",
    unsent_batch: { transactions_count: unsent },
  };
}

function batteryAt(ms: number): NonNullable<Telemetry["battery"]> {
  const share = (ms % batteryPeriodMs) / batteryPeriodMs;
  const charging = share >= dischargingShare;
  const charge = charging ? (share - dischargingShare) / (1 - dischargingShare) : 1 - share / dischargingShare;
  return { percent: Math.round(emptiestPercent + charge * (100 - emptiestPercent)), charging };
}

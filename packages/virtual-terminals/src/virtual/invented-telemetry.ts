import type { Versions } from "@tillkeeper/agent/files/updates";
import type { Telemetry } from "@tillkeeper/contract/telemetry";
import { numbersFrom } from "./invented-day.ts";

const hourMs = 60 * 60 * 1000;
/** A battery lasts for the first part of the period and is charged in the rest. */
const batteryPeriodMs = 12 * hourMs;
const dischargingShare = 0.75;
const emptiestPercent = 30;

/**
 * How a virtual terminal is: what it has follows from its serial number, the charge of its battery from the time too. What it
 * runs is not invented.
 */
export function inventedTelemetry(serialNumber: string, nowMs: number, running: Versions): Telemetry {
  const random = numbersFrom(`${serialNumber}:telemetry`);
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

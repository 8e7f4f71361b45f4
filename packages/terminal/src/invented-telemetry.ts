import type { Telemetry } from "@tillkeeper/contract/telemetry";
import { numbersFrom } from "./invented-day.ts";

const hourMs = 60 * 60 * 1000;
/** A battery lasts for the first part of the period and is charged in the rest. */
const batteryPeriodMs = 12 * hourMs;
const dischargingShare = 0.75;
const emptiestPercent = 30;

/** Versions of a virtual terminal. One in four, by its serial number, has an update waiting. */
export function inventedVersions(serialNumber: string) {
  const waiting = numbersFrom(`${serialNumber}:update`)() < 0.25;
  return {
    current_version: waiting ? "4.1.2" : "4.2.0",
    latest_version: "4.2.0",
    update_available: waiting,
    configuration_version: "1",
  };
}

/** How a virtual terminal is: what it has follows from its serial number, the charge of its battery from the time too. */
export function inventedTelemetry(serialNumber: string, nowMs: number): Telemetry {
  const random = numbersFrom(`${serialNumber}:telemetry`);
  const { current_version, configuration_version } = inventedVersions(serialNumber);
  const mobile = random() < 0.5;
  const signal = 45 + Math.floor(random() * 55);
  const paperLow = random() < 0.1;
  const unsent = random() < 0.1 ? 1 + Math.floor(random() * 9) : 0;
  return {
    software_version: current_version,
    configuration_version,
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

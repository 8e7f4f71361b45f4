import { timestamp } from "@tillkeeper/agent/clock";
import type { Versions } from "@tillkeeper/agent/files/updates";
import type { OpenBatch, Telemetry } from "@tillkeeper/contract/telemetry";
import { type DayTotals, seededRandom, type TradeSince } from "./day.ts";
import { currency } from "./state.ts";

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

/** Returns the open batch with these totals. An empty batch has no figures. */
export function openBatchOf(totals: DayTotals, oldestAt: string | undefined): OpenBatch {
  const transactions_count = totals.purchases_count + totals.reversals_count;
  if (transactions_count === 0) return { transactions_count };
  const { purchases_count, purchases_amount, reversals_count, reversals_amount, sale_amount, tip_amount } = totals;
  const figures = { purchases_count, purchases_amount, reversals_count, reversals_amount, sale_amount, tip_amount };
  return {
    transactions_count,
    ...(oldestAt !== undefined && { oldest_at: oldestAt }),
    currencies: [{ currency, ...figures }],
  };
}

/** Returns the open batch of a virtual terminal that trades by itself. */
export function tradedBatch({ oldestMs, ...totals }: TradeSince): OpenBatch {
  return openBatchOf(totals, oldestMs === undefined ? undefined : timestamp(oldestMs));
}

function batteryAt(ms: number): NonNullable<Telemetry["battery"]> {
  const share = (ms % batteryPeriodMs) / batteryPeriodMs;
  const charging = share >= dischargingShare;
  const charge = charging ? (share - dischargingShare) / (1 - dischargingShare) : 1 - share / dischargingShare;
  return { percent: Math.round(emptiestPercent + charge * (100 - emptiestPercent)), charging };
}

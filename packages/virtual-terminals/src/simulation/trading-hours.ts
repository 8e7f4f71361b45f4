import { seededRandom } from "../virtual/day.ts";

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** The opening hours of a store, in hours of its day, and how busy it is at each hour. */
export interface TradingHours {
  opensAt: number;
  closesAt: number;
  /** Returns how busy an hour is, as a multiple of the average of the open hours; 0 while the store is closed. */
  busyAt: (hour: number) => number;
  /** An upper bound of the values of `busyAt`. */
  peak: number;
}

/** The unscaled demand at an hour: a peak around lunch and a higher peak after work. */
function demandAt(hour: number): number {
  return 0.4 + Math.exp(-(((hour - 12.5) / 1.2) ** 2)) + 1.4 * Math.exp(-(((hour - 17) / 1.6) ** 2));
}

const stepsPerHour = 4;

/** Returns the opening hours of one store, which follow from the seed and its number. */
export function tradingHours(seed: string, store: number): TradingHours {
  const random = seededRandom(`${seed}:store:${store}`);
  const opensAt = 7 + Math.floor(random() * 7) / 2;
  const closesAt = 17 + Math.floor(random() * 11) / 2;
  const steps = Array.from({ length: (closesAt - opensAt) * stepsPerHour }, (_, step) =>
    demandAt(opensAt + (step + 0.5) / stepsPerHour),
  );
  const average = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  return {
    opensAt,
    closesAt,
    busyAt: (hour) => (hour >= opensAt && hour < closesAt ? demandAt(hour) / average : 0),
    // 0.4 and the two peaks of 1 and 1.4: the sum is never more than 2.8.
    peak: 2.8 / average,
  };
}

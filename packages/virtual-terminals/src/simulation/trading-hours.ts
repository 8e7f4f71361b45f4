import { numbersFrom } from "../virtual/invented-day.ts";

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** When a store trades, in hours of its day, and how busy it is then. */
export interface TradingHours {
  opensAt: number;
  closesAt: number;
  /** How many times the average of its open hours it is busy at this hour; 0 while it is closed. */
  busyAt: (hour: number) => number;
  /** Nothing that `busyAt` answers is more than this. */
  peak: number;
}

/** A bump around lunch and a higher one after work. */
function appetite(hour: number): number {
  return 0.4 + Math.exp(-(((hour - 12.5) / 1.2) ** 2)) + 1.4 * Math.exp(-(((hour - 17) / 1.6) ** 2));
}

const stepsPerHour = 4;

/** The hours of one store, which follow from the seed and its number. */
export function tradingHours(seed: string, store: number): TradingHours {
  const random = numbersFrom(`${seed}:store:${store}`);
  const opensAt = 7 + Math.floor(random() * 7) / 2;
  const closesAt = 17 + Math.floor(random() * 11) / 2;
  const steps = Array.from({ length: (closesAt - opensAt) * stepsPerHour }, (_, step) =>
    appetite(opensAt + (step + 0.5) / stepsPerHour),
  );
  const average = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  return {
    opensAt,
    closesAt,
    busyAt: (hour) => (hour >= opensAt && hour < closesAt ? appetite(hour) / average : 0),
    // The two bumps never add up to more than this.
    peak: 2.8 / average,
  };
}

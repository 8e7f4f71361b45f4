import type { Telemetry } from "@tillkeeper/contract/telemetry";
import type { Fault } from "../virtual/faults.ts";
import { numbersFrom } from "../virtual/invented-day.ts";
import type { FaultMix } from "./fault-mix.ts";
import { dayMs, tradingHours } from "./trading-hours.ts";

const mostSkewMs = 600_000;
const mostDriftPerSecond = 0.001;
const driftingShare = 0.3;
const receiptsPerRoll = 160;
const lowBeforeEnd = 20;

/** What a simulated terminal is like, all of it from the seed and its number. */
export interface Character {
  /** What its clock is off at the beginning, and milliseconds that this grows by in each. */
  clock: { offMs: number; drift: number };
  /** How it is after so many milliseconds of the simulated day since midnight, and so many receipts printed. */
  conditionAt: (dayTimeMs: number, receipts: number) => Pick<Telemetry, "battery" | "link" | "printer">;
  /** Whether it can tell which batch it closed last. */
  namesBatches: boolean;
  /** What befalls its n-th operation. */
  fateOf: (operation: number) => Fault | undefined;
}

interface Origin {
  seed: string;
  number: number;
  store: number;
  faults: FaultMix;
}

const linkTypes = ["ethernet", "wifi", "wifi", "mobile"] as const;
/** The host alone would say nothing about the other operations. */
const refusals = ["failure", "user_aborted", "host_unreachable"] as const satisfies Fault[];

export function characterOf({ seed, number, store, faults }: Origin): Character {
  const random = numbersFrom(`${seed}:${number}:character`);
  const { opensAt, closesAt } = tradingHours(seed, store);
  const type = linkTypes[Math.floor(random() * linkTypes.length)] ?? "other";
  const signal = 35 + Math.floor(random() * 65);
  const charged = 85 + Math.floor(random() * 16);
  const drained = 15 + Math.floor(random() * 50);
  const printed = Math.floor(random() * receiptsPerRoll);
  return {
    clock: clockOf(numbersFrom(`${seed}:${number}:clock`), faults["clock-skew"]),
    conditionAt: (dayTimeMs, receipts) => {
      const hour = ((dayTimeMs % dayMs) / dayMs) * 24;
      const open = hour >= opensAt && hour < closesAt;
      const left = receiptsPerRoll - ((printed + receipts) % receiptsPerRoll);
      return {
        battery: { percent: batteryAt(hour, { opensAt, closesAt, charged, drained }), charging: !open },
        link: type === "ethernet" ? { type } : { type, signal_percent: signal },
        printer: left <= 1 ? "paper_out" : left <= lowBeforeEnd ? "paper_low" : "ok",
      };
    },
    namesBatches: numbersFrom(`${seed}:${number}:nameless`)() >= faults.nameless,
    fateOf: (operation) => {
      const draw = numbersFrom(`${seed}:${number}:operation:${operation}`);
      if (draw() < faults.refusals) return refusals[Math.floor(draw() * refusals.length)];
      return draw() < faults.slow ? "slow" : undefined;
    },
  };
}

function clockOf(random: () => number, share: number): Character["clock"] {
  if (random() >= share) return { offMs: 0, drift: 0 };
  const offMs = Math.round((2 * random() - 1) * mostSkewMs);
  const drift = random() < driftingShare ? (2 * random() - 1) * mostDriftPerSecond : 0;
  return { offMs, drift };
}

interface Battery {
  opensAt: number;
  closesAt: number;
  charged: number;
  drained: number;
}

/** Drains while the store is open, and is charged again by the next morning. */
function batteryAt(hour: number, { opensAt, closesAt, charged, drained }: Battery): number {
  const openHours = closesAt - opensAt;
  const sinceOpening = (hour - opensAt + 24) % 24;
  const used = sinceOpening < openHours ? sinceOpening / openHours : 1 - (sinceOpening - openHours) / (24 - openHours);
  return Math.round(charged - used * (charged - drained));
}

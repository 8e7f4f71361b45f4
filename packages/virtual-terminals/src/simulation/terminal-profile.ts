import type { Telemetry } from "@tillkeeper/contract/telemetry";
import { seededRandom } from "../virtual/day.ts";
import type { Fault } from "../virtual/faults.ts";
import type { FaultMix } from "./fault-mix.ts";
import { dayMs, tradingHours } from "./trading-hours.ts";

const mostSkewMs = 600_000;
const mostDriftPerSecond = 0.001;
const driftingShare = 0.3;
const receiptsPerRoll = 160;
const lowReceiptsLeft = 20;

/** The properties of a simulated terminal, which follow from the seed and its number. */
export interface TerminalProfile {
  /** The error of its clock at the beginning, and the milliseconds that the error grows by per millisecond. */
  clock: { offMs: number; drift: number };
  /**
   * Returns telemetry at a time of the simulated day, in milliseconds since midnight, and after so many printed
   * receipts.
   */
  conditionAt: (dayTimeMs: number, receipts: number) => Pick<Telemetry, "battery" | "link" | "printer">;
  /** Whether it can name the batch that it closed last. */
  namesBatches: boolean;
  /** Returns the fault of its n-th operation; undefined without one. */
  faultOf: (operation: number) => Fault | undefined;
}

interface ProfileOptions {
  seed: string;
  number: number;
  store: number;
  faults: FaultMix;
}

const linkTypes = ["ethernet", "wifi", "wifi", "mobile"] as const;
/**
 * The faults of the kind `refusals`. `host_unreachable` alone would leave operations other than a close without a
 * refusal.
 */
const refusals = ["failure", "user_aborted", "host_unreachable"] as const satisfies Fault[];

/** Returns the properties of a terminal by its seed, number, store and the rates of faults. */
export function profileOf({ seed, number, store, faults }: ProfileOptions): TerminalProfile {
  const random = seededRandom(`${seed}:${number}:character`);
  const { opensAt, closesAt } = tradingHours(seed, store);
  const type = linkTypes[Math.floor(random() * linkTypes.length)] ?? "other";
  const signal = 35 + Math.floor(random() * 65);
  const charged = 85 + Math.floor(random() * 16);
  const drained = 15 + Math.floor(random() * 50);
  const printed = Math.floor(random() * receiptsPerRoll);
  return {
    clock: clockOf(seededRandom(`${seed}:${number}:clock`), faults["clock-skew"]),
    conditionAt: (dayTimeMs, receipts) => {
      const hour = ((dayTimeMs % dayMs) / dayMs) * 24;
      const open = hour >= opensAt && hour < closesAt;
      const left = receiptsPerRoll - ((printed + receipts) % receiptsPerRoll);
      return {
        battery: { percent: batteryAt(hour, { opensAt, closesAt, charged, drained }), charging: !open },
        link: type === "ethernet" ? { type } : { type, signal_percent: signal },
        printer: left <= 1 ? "paper_out" : left <= lowReceiptsLeft ? "paper_low" : "ok",
      };
    },
    namesBatches: seededRandom(`${seed}:${number}:nameless`)() >= faults.nameless,
    faultOf: (operation) => {
      const draw = seededRandom(`${seed}:${number}:operation:${operation}`);
      if (draw() < faults.refusals) return refusals[Math.floor(draw() * refusals.length)];
      return draw() < faults.slow ? "slow" : undefined;
    },
  };
}

function clockOf(random: () => number, share: number): TerminalProfile["clock"] {
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

/** Returns the battery's charge in percent: it drains while the store is open, and is charged by the next morning. */
function batteryAt(hour: number, { opensAt, closesAt, charged, drained }: Battery): number {
  const openHours = closesAt - opensAt;
  const sinceOpening = (hour - opensAt + 24) % 24;
  const used = sinceOpening < openHours ? sinceOpening / openHours : 1 - (sinceOpening - openHours) / (24 - openHours);
  return Math.round(charged - used * (charged - drained));
}

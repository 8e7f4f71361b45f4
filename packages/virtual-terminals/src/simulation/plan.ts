import { numbersFrom } from "../virtual/invented-day.ts";
import type { FaultMix } from "./fault-mix.ts";
import { dayMs, hourMs, tradingHours } from "./trading-hours.ts";

/** A customer pays, or gets money back. Sums in minor units. */
export interface PlannedPayment {
  kind: "payment";
  /** Purchase: what the goods cost, without the tip. Reversal: what is paid back. */
  type: "purchase" | "reversal";
  amount: number;
  tip: number;
  /** Milliseconds of the simulated day. */
  takesMs: number;
}

/**
 * What happens to one terminal. Payments go by the simulated day; how long a trouble lasts is told in real milliseconds,
 * because a server judges links by real ones.
 */
type Happening =
  | PlannedPayment
  | { kind: "drop" }
  | { kind: "silent"; lastsMs: number }
  | { kind: "slow_link"; delayMs: number; lastsMs: number }
  | { kind: "restart"; lastsMs: number }
  | { kind: "by_hand" }
  | { kind: "device_fault"; code: DeviceFaultCode; lastsMs: number };
export type HappeningKind = Happening["kind"];

/** `at`: milliseconds of the simulated day after the plan's beginning. */
export type PlannedEvent = Happening & { at: number };

const deviceFaultCodes = ["card_reader_blocked", "printer_jam", "tamper_alert", "key_missing"] as const;
export type DeviceFaultCode = (typeof deviceFaultCodes)[number];

export interface PlanOptions {
  seed: string;
  /** The terminal's number in the fleet, and its store's. */
  number: number;
  store: number;
  /** On average while the store is open. */
  paymentsPerHour: number;
  faults: FaultMix;
  /** Time of the simulated day at which the plan begins, in milliseconds after midnight. */
  fromMs: number;
}

type Random = () => number;

/**
 * Everything that happens to a terminal, in order, without an end: the same for the same options. Each kind is drawn from
 * numbers of its own, so that more of one changes nothing about the others.
 */
export function* planOf(options: PlanOptions): Generator<PlannedEvent, never> {
  const { seed, number, faults } = options;
  const random = (kind: string) => numbersFrom(`${seed}:${number}:${kind}`);
  const streams = [
    payments(options, random("payments")),
    byChance(faults["bad-links"], random("bad-links"), badLink),
    byChance(faults.restarts, random("restarts"), restart),
    byChance(faults.faults, random("faults"), deviceFault),
    byChance(faults["by-hand"], random("by-hand"), () => ({ kind: "by_hand" })),
  ];
  const heads = streams.map((stream) => stream.next().value);
  for (;;) {
    let earliest = 0;
    for (const [index, head] of heads.entries()) if (head.at < (heads[earliest]?.at ?? 0)) earliest = index;
    const event = heads[earliest];
    const following = streams[earliest]?.next().value;
    if (!event || !following) throw new Error("a plan has no end");
    heads[earliest] = following;
    yield event;
  }
}

/** What never happens stands at the end of time. */
function* nothing(): Generator<PlannedEvent, never> {
  for (;;) yield { kind: "drop", at: Number.POSITIVE_INFINITY };
}

/** Customers come by chance, as often as the hour has it, and one after the other. */
function* payments(options: PlanOptions, random: Random): Generator<PlannedEvent, never> {
  const { seed, store, paymentsPerHour, fromMs } = options;
  const { busyAt, peak } = tradingHours(seed, store);
  const mostPerHour = paymentsPerHour * peak;
  if (mostPerHour === 0) return yield* nothing();
  for (let at = 0; ; ) {
    at += pause(random, mostPerHour);
    const hour = ((fromMs + at) % dayMs) / hourMs;
    if (random() * peak >= busyAt(hour)) continue;
    const payment = paymentOf(random);
    yield { ...payment, at };
    // The next customer stands in line.
    at += payment.takesMs;
  }
}

function paymentOf(random: Random): PlannedPayment {
  const type = random() < 0.04 ? "reversal" : "purchase";
  // Many small amounts, few large ones: 29.00 to about 1 500.00.
  const amount = 2900 + 10 * Math.floor(14_700 * random() ** 3);
  const tipped = random() < 0.15 && type === "purchase";
  const tip = tipped ? 100 * Math.ceil((amount / 100) * (0.05 + random() / 10)) : 0;
  return { kind: "payment", type, amount, tip, takesMs: Math.round(between(random, 6000, 30_000)) };
}

function* byChance(
  perHour: number,
  random: Random,
  draw: (random: Random) => Happening,
): Generator<PlannedEvent, never> {
  if (perHour === 0) return yield* nothing();
  for (let at = 0; ; ) {
    at += pause(random, perHour);
    yield { ...draw(random), at };
  }
}

function badLink(random: Random): Happening {
  const kind = random();
  const lastsMs = Math.round(between(random, 10_000, 40_000));
  if (kind < 0.5) return { kind: "drop" };
  if (kind < 0.75) return { kind: "silent", lastsMs };
  return { kind: "slow_link", delayMs: Math.round(between(random, 200, 2000)), lastsMs };
}

function restart(random: Random): Happening {
  return { kind: "restart", lastsMs: Math.round(between(random, 1000, 15_000)) };
}

function deviceFault(random: Random): Happening {
  const code = deviceFaultCodes[Math.floor(random() * deviceFaultCodes.length)] ?? "tamper_alert";
  return { kind: "device_fault", code, lastsMs: Math.round(between(random, 5000, 30_000)) };
}

/** Milliseconds until the next of what happens so often an hour, independently of each other. */
function pause(random: Random, perHour: number): number {
  return Math.ceil((-Math.log(1 - random()) * hourMs) / perHour);
}

function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least);
}

import { seededRandom } from "../virtual/day.ts";
import type { FaultMix } from "./fault-mix.ts";
import { dayMs, hourMs, tradingHours } from "./trading-hours.ts";

/** A purchase or a reversal. Amounts in minor units. */
export interface PlannedPayment {
  kind: "payment";
  /** Purchase: the price of the goods, without the tip. Reversal: the amount paid back. */
  type: "purchase" | "reversal";
  amount: number;
  tip: number;
  /** The length of the payment, in milliseconds of the simulated day. */
  takesMs: number;
}

/**
 * An event at one terminal. The length of a payment is in milliseconds of the simulated day. `lastsMs` of a fault is in
 * real milliseconds, because the server judges connections by real time.
 */
type TerminalEvent =
  | PlannedPayment
  | { kind: "drop" }
  | { kind: "silent"; lastsMs: number }
  | { kind: "slow_link"; delayMs: number; lastsMs: number }
  | { kind: "restart"; lastsMs: number }
  | { kind: "by_hand" }
  | { kind: "device_fault"; code: DeviceFaultCode; lastsMs: number };
export type SimulatedEventKind = TerminalEvent["kind"];

/** An event with its time: `at` is in milliseconds of the simulated day since the plan's beginning. */
export type PlannedEvent = TerminalEvent & { at: number };

const deviceFaultCodes = ["card_reader_blocked", "printer_jam", "tamper_alert", "key_missing"] as const;
export type DeviceFaultCode = (typeof deviceFaultCodes)[number];

/** What the plan of a terminal depends on. */
export interface PlanOptions {
  seed: string;
  /** The terminal's number in the fleet, and its store's. */
  number: number;
  store: number;
  /** The average rate while the store is open. */
  paymentsPerHour: number;
  faults: FaultMix;
  /** Time of the simulated day at which the plan begins, in milliseconds after midnight. */
  fromMs: number;
}

type Random = () => number;

/**
 * Yields all events of a terminal in order, without an end; equal options give equal events. Each kind of event has its
 * own random numbers, so that a higher rate of one kind changes no other.
 */
export function* planOf(options: PlanOptions): Generator<PlannedEvent, never> {
  const { seed, number, faults } = options;
  const random = (kind: string) => seededRandom(`${seed}:${number}:${kind}`);
  const streams = [
    payments(options, random("payments")),
    atRandom(faults["bad-links"], random("bad-links"), badLink),
    atRandom(faults.restarts, random("restarts"), restart),
    atRandom(faults.faults, random("faults"), deviceFault),
    atRandom(faults["by-hand"], random("by-hand"), () => ({ kind: "by_hand" })),
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

/** Yields events at infinity, which never happen. */
function* noEvents(): Generator<PlannedEvent, never> {
  for (;;) yield { kind: "drop", at: Number.POSITIVE_INFINITY };
}

/** Yields payments at random, as often as the hour's rate says, one after the other. */
function* payments(options: PlanOptions, random: Random): Generator<PlannedEvent, never> {
  const { seed, store, paymentsPerHour, fromMs } = options;
  const { busyAt, peak } = tradingHours(seed, store);
  const mostPerHour = paymentsPerHour * peak;
  if (mostPerHour === 0) return yield* noEvents();
  for (let at = 0; ; ) {
    at += pause(random, mostPerHour);
    const hour = ((fromMs + at) % dayMs) / hourMs;
    if (random() * peak >= busyAt(hour)) continue;
    const payment = paymentOf(random);
    yield { ...payment, at };
    // The next payment waits for the end of this payment.
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

function* atRandom(
  perHour: number,
  random: Random,
  draw: (random: Random) => TerminalEvent,
): Generator<PlannedEvent, never> {
  if (perHour === 0) return yield* noEvents();
  for (let at = 0; ; ) {
    at += pause(random, perHour);
    yield { ...draw(random), at };
  }
}

function badLink(random: Random): TerminalEvent {
  const kind = random();
  const lastsMs = Math.round(between(random, 10_000, 40_000));
  if (kind < 0.5) return { kind: "drop" };
  if (kind < 0.75) return { kind: "silent", lastsMs };
  return { kind: "slow_link", delayMs: Math.round(between(random, 200, 2000)), lastsMs };
}

function restart(random: Random): TerminalEvent {
  return { kind: "restart", lastsMs: Math.round(between(random, 1000, 15_000)) };
}

function deviceFault(random: Random): TerminalEvent {
  const code = deviceFaultCodes[Math.floor(random() * deviceFaultCodes.length)] ?? "tamper_alert";
  return { kind: "device_fault", code, lastsMs: Math.round(between(random, 5000, 30_000)) };
}

/** Draws the milliseconds until the next of independent events with that rate (exponential distribution). */
function pause(random: Random, perHour: number): number {
  return Math.ceil((-Math.log(1 - random()) * hourMs) / perHour);
}

function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least);
}

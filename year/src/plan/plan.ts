import { createRandom, type Random } from "@tillkeeper/stage/programs/random";
import { clockChanges, type DayConfiguration, dayOf, labelsBetween, localTime } from "../days.ts";
import { type Fault, faultsOf } from "./faults.ts";
import { zones } from "./zones.ts";

export interface PlanOptions {
  seed: number;
  stores: number;
  days: number;
  /** The date with which the simulated time begins. */
  from: string;
}

/** How a store is from an instant on. */
export interface StoreState {
  configuration: DayConfiguration;
  enabled: boolean;
  suspended: boolean;
}

/** Something that a person does, at the first visit after its time. */
export type Change = { at: number } & (
  | ({ kind: "store"; store: number } & StoreState)
  | { kind: "move"; terminal: number; store: number }
  | { kind: "swap"; terminal: number }
);

interface PlannedTerminal {
  /** The store with which it begins. */
  store: number;
  faults: readonly Fault[];
}

/** An instant to which the clock is moved. */
export interface PlannedVisit {
  at: number;
  /** Servers that are killed so many milliseconds of real time after the clock was moved. */
  kill?: { servers: readonly number[]; afterMs: number };
}

/** All that happens in a run; it follows from the options alone. */
export interface Plan {
  from: number;
  until: number;
  stores: readonly StoreState[];
  terminals: readonly PlannedTerminal[];
  changes: readonly Change[];
  visits: readonly PlannedVisit[];
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** In a run of less than so many days more goes wrong: it has to show as much. */
const shortDays = 60;
/** The share of nights in which a terminal has a fault, and of visits at which a server is killed, or both are. */
const usual = { faulty: 0.16, killed: 1 / 40 };
const rough = { faulty: 0.4, killed: 1 / 20 };
const gridMs = 2 * hourMs;

/** Makes the plan of a run. */
export function makePlan({ seed, stores: count, days, from: date }: PlanOptions): Plan {
  const random = createRandom(seed);
  const from = Date.parse(`${date}T00:00:00Z`);
  const until = from + days * dayMs;
  const { faulty, killed } = days < shortDays ? rough : usual;
  const stores = Array.from({ length: count }, (_, number) => firstState(random, number));
  const changes = stores.flatMap((state, store) => storeChanges(random, { store, state, from, until }));
  const terminals = stores.flatMap((_, store) =>
    Array.from({ length: random.pick([1, 1, 2]) }, () => ({ store, faults: [] as readonly Fault[] })),
  );
  changes.push(...terminalChanges(random, { terminals: terminals.map(({ store }) => store), stores, from, until }));
  changes.sort((one, other) => one.at - other.at);
  const withFaults = terminals.map(({ store }, terminal) => {
    const { configuration } = stores[store] as StoreState;
    // The windows of the store with which it begins: after a move or another zone the faults come at other hours.
    const windows = labelsBetween(configuration.zone, from, until).flatMap((label) => {
      const { window } = dayOf(label, configuration);
      return window ? [window] : [];
    });
    return { store, faults: faultsOf(createRandom(seed * 7919 + terminal), windows, faulty) };
  });
  return {
    from,
    until,
    stores,
    terminals: withFaults,
    changes,
    visits: visitsOf(random, { stores, from, until, killed }),
  };
}

/** How many days are at most between two changes: fewer in a short run, so that it has some. */
function rarest(lengthMs: number, most: number): number {
  return Math.min(most, Math.max(10, Math.round(lengthMs / dayMs / 3)));
}

function firstState(random: Random, number: number): StoreState {
  const startsAt = random.pick(["05:00", "05:00", "06:00", "04:30"]);
  const zone = zones[number % zones.length] as string;
  const configuration: DayConfiguration = {
    zone,
    startsAt,
    ...timesOf(random, startsAt),
    spreadMinutes: random.pick([0, 0, 5, 30]),
    exceptions: [],
  };
  return { configuration, enabled: true, suspended: false };
}

/** Times to try of at least three hours and a half, so that the grid of visits comes into each. */
function timesOf(random: Random, startsAt: string): Pick<DayConfiguration, "time" | "retryUntil"> {
  const time = random.pick(["20:15", "21:30", "22:00", "23:30", "23:30", "00:30", "01:00"]);
  const late = time < "12:00";
  return { time, retryUntil: late || random.chance(0.5) ? startsAt : random.pick(["03:00", "03:30", "04:00"]) };
}

/** A store is changed every five weeks or so, mostly at noon, and sometimes at any hour. */
function storeChanges(
  random: Random,
  { store, state, from, until }: { store: number; state: StoreState; from: number; until: number },
): Change[] {
  const changes: Change[] = [];
  let current = state;
  let at = from;
  const to = (time: number, next: Partial<StoreState>) => {
    current = { ...current, ...next };
    if (time < until) changes.push({ kind: "store", at: time, store, ...current });
  };
  for (;;) {
    at += random.integer(1, rarest(until - from, 70)) * dayMs;
    if (at >= until) return changes;
    const { configuration } = current;
    const begin = random.chance(0.8) ? noonAfter(configuration.zone, at) : at + random.integer(0, 24 * 60) * minuteMs;
    const kind = random.pick(["time", "time", "zone", "exceptions", "exceptions", "off", "suspended"] as const);
    const end = begin + random.integer(2, 6) * dayMs;
    if (kind === "time") to(begin, { configuration: { ...configuration, ...timesOf(random, configuration.startsAt) } });
    else if (kind === "zone") to(begin, { configuration: { ...configuration, zone: random.pick(zones) } });
    else if (kind === "exceptions") {
      const dates = labelsBetween(configuration.zone, begin + dayMs, begin + 5 * dayMs).slice(1);
      const exceptions = dates.map((date, index) =>
        index % 2 === 0 ? { date, closed: true as const } : { date, time: "18:00" },
      );
      to(begin, { configuration: { ...configuration, exceptions } });
    } else {
      to(begin, kind === "off" ? { enabled: false } : { suspended: true });
      to(end, { enabled: true, suspended: false });
    }
    at = end;
  }
}

function noonAfter(zone: string, at: number): number {
  const noon = localTime(zone, at).with({ hour: 13, minute: 0, second: 0, millisecond: 0 }).epochMilliseconds;
  return noon > at ? noon : noon + dayMs;
}

interface TerminalsBetween {
  terminals: readonly number[];
  stores: readonly StoreState[];
  from: number;
  until: number;
}

/** Terminals are moved to another store, or replaced by another device, every two months or so. */
function terminalChanges(random: Random, { terminals, stores, from, until }: TerminalsBetween): Change[] {
  return terminals.flatMap((first, terminal) => {
    const changes: Change[] = [];
    let store = first;
    let at = from;
    for (;;) {
      at += random.integer(1, rarest(until - from, 120)) * dayMs;
      if (at >= until) return changes;
      const { zone } = (stores[store] as StoreState).configuration;
      const begin = random.chance(0.8) ? noonAfter(zone, at) : at + random.integer(0, 24 * 60) * minuteMs;
      if (random.chance(0.5) || stores.length === 1) changes.push({ kind: "swap", at: begin, terminal });
      else {
        store = random.integer(0, stores.length - 1);
        changes.push({ kind: "move", at: begin, terminal, store });
      }
    }
  });
}

/** A grid of two hours, shaken, and instants around every change of clocks: there it matters to the minute. */
function visitsOf(
  random: Random,
  { stores, from, until, killed }: { stores: readonly StoreState[]; from: number; until: number; killed: number },
): PlannedVisit[] {
  const times = new Set<number>();
  for (let at = from + gridMs; at < until; at += gridMs) times.add(at + random.integer(-30, 30) * minuteMs);
  for (const { configuration } of stores) {
    for (const change of clockChanges(configuration.zone, from, until)) {
      for (const label of labelsBetween(configuration.zone, change - dayMs, change + dayMs)) {
        const { window } = dayOf(label, configuration);
        if (!window) continue;
        for (const at of [window.from - minuteMs, window.latestFrom + minuteMs, window.until - 2 * minuteMs]) {
          if (at > from && at < until && Math.abs(at - change) < dayMs) times.add(at);
        }
      }
    }
  }
  const sorted = [...times].toSorted((one, other) => one - other);
  const apart = sorted.filter((at, index) => index === 0 || at - (sorted[index - 1] as number) >= minuteMs);
  return apart.map((at) => {
    if (!random.chance(killed)) return { at };
    const servers = random.chance(0.15) ? [0, 1] : [random.integer(0, 1)];
    return { at, kill: { servers, afterMs: random.integer(0, 250) } };
  });
}

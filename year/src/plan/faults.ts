import type { Random } from "@tillkeeper/stage/programs/random";

/**
 * How a terminal is. off: switched off, after a goodbye. away: gone without a word. busy: in the middle of a payment. host: its
 * payment host does not answer. device: it fails to close, and a person has to look at it. silent: connected, and deaf and dumb.
 * dies: it loses its power right after it has closed its batch, before it tells the server.
 */
export type Condition = "up" | "off" | "away" | "busy" | "host" | "device" | "silent" | "dies";

/** From and until when a terminal is in that condition. */
export interface Fault {
  from: number;
  until: number;
  condition: Exclude<Condition, "up">;
}

const hourMs = 3_600_000;
const weights: readonly Fault["condition"][] = [
  "off",
  "off",
  "away",
  "away",
  "busy",
  "busy",
  "busy",
  "host",
  "host",
  "device",
  "silent",
  "silent",
  "dies",
];

/**
 * The faults of a terminal: they begin before or within the time to try of a night, and last an hour, or all night. `faulty`: in such a
 * share of the nights.
 */
export function faultsOf(random: Random, windows: readonly { from: number; until: number }[], faulty: number): Fault[] {
  const faults: Fault[] = [];
  for (const window of windows) {
    if (!random.chance(faulty)) continue;
    const condition = random.pick(weights);
    const share = random.next();
    const from = window.from - 4 * hourMs + share * (4 * hourMs + (window.until - window.from) / 2);
    const until = random.chance(0.4) ? window.until + hourMs : from + hourMs * random.integer(1, 6);
    const last = faults.at(-1);
    if (last === undefined || last.until < from) faults.push({ from, until, condition });
  }
  return faults;
}

/** The condition of a terminal at an instant. */
export function conditionAt(faults: readonly Fault[], at: number): Condition {
  return faults.find(({ from, until }) => from <= at && at < until)?.condition ?? "up";
}

import { type Day, dayOf, labelsBetween } from "../days.ts";
import type { History, StoreHistory } from "./history.ts";

/**
 * A business day of a store of which the plan says for sure what has to happen. close: it is to be closed within its window.
 * none: no automatic close is due.
 */
export interface StoreDay {
  store: number;
  day: Day;
  expected: "close" | "none";
}

type State = StoreHistory["states"][number];

const dayMs = 86_400_000;
/** A change of the zone, or of when days begin, makes days around it shorter or longer. */
const aroundMs = 30 * 3_600_000;

const isOn = ({ enabled, suspended }: State) => enabled && !suspended;

/**
 * The days of a store on which nothing was changed while it mattered. Of a day in whose window the store was changed, or around
 * which its zone was, only the laws that hold for every day are checked.
 */
export function storeDays({ stores, visits }: History, store: number): StoreDay[] {
  const { states } = stores[store] as StoreHistory;
  const end = visits.at(-1)?.until ?? 0;
  return states.flatMap((state, index) => {
    const until = states[index + 1]?.at ?? end;
    const { zone } = state.configuration;
    return labelsBetween(zone, state.at, until).flatMap((label): StoreDay[] => {
      const day = dayOf(label, state.configuration);
      if (!isCertain(states.slice(0, index), state, day, until)) return [];
      return [{ store, day, expected: day.window && isOn(state) ? "close" : "none" }];
    });
  });
}

function isCertain(earlier: readonly State[], state: State, { label, startsAt, endsAt, window }: Day, until: number) {
  const [from, to] = window ? [window.from, window.until] : [startsAt, endsAt];
  if (state.at >= from || until <= to) return false;
  return earlier.every((former, index) => {
    const ended = earlier[index + 1]?.at ?? state.at;
    const { zone, startsAt: begin } = former.configuration;
    if (zone !== state.configuration.zone || begin !== state.configuration.startsAt) return ended < startsAt - aroundMs;
    if (ended < startsAt - dayMs || !isOn(former)) return true;
    // Under the former configuration the day was not begun when it was changed.
    const due = dayOf(label, former.configuration).window;
    return due === undefined || due.from > ended;
  });
}

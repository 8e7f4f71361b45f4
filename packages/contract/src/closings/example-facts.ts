import type { AttemptFacts, BatchFacts, CloseFacts, DayFacts, TerminalFacts } from "./facts.ts";
import type { Standing } from "./standing.ts";

/** The rules are decision D31; each example is told as a shopkeeper would tell it. Times are UTC, the day ends at 05:00. */
export const at = (time: string) => new Date(`2026-06-29T${time.padEnd(8, ":00")}Z`);
export const nextDay = (time: string) => new Date(`2026-06-30T${time}:00Z`);
export const evening: DayFacts = {
  now: at("22:01"),
  endsAt: nextDay("05:00"),
  retryUntil: nextDay("05:00"),
  cancelled: false,
};
export const lastCall: DayFacts = { ...evening, retryUntil: at("22:00") };
export const morning: DayFacts = { ...evening, now: nextDay("07:00"), retryUntil: new Date("2026-07-01T05:00:00Z") };
export const ready: TerminalFacts = {
  status: "ACTIVE",
  here: true,
  online: true,
  shutDown: false,
  busy: false,
  closes: [],
  attempts: [],
  askedAt: at("22:00"),
  again: false,
};
export const close = (facts: Partial<CloseFacts> = {}): CloseFacts => ({
  id: "close",
  at: at("22:00"),
  knownAt: facts.end === "pending" ? null : (facts.at ?? at("22:00")),
  end: "closed",
  by: "closing",
  belongs: "day",
  ...facts,
});
export const byHand = (time: string, facts: Partial<CloseFacts> = {}) =>
  close({ id: "hand", at: at(time), by: "terminal", ...facts });
export const batch = (count: number, time: string, oldestAt?: Date): BatchFacts => ({ count, at: at(time), oldestAt });
export const tried = (facts: Partial<AttemptFacts> = {}): AttemptFacts => ({
  at: at("22:00"),
  close: "close",
  ...facts,
});
/** This closing tried, and its close ended so. */
export const after = (facts: Partial<CloseFacts>, more: Partial<TerminalFacts> = {}) => ({
  closes: [close(facts)],
  attempts: [tried()],
  ...more,
});

/** What an example says of a field that is not there. */
export const absent = undefined as never;
/** A story of a terminal, its facts where they differ from `ready`, and where it stands. */
export type Example = [story: string, facts: Partial<TerminalFacts>, stands: Partial<Standing>, day?: DayFacts];
export type Examples = Record<string, Example[]>;

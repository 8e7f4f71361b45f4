import type { Case, Finding } from "../case.ts";
import type { StoreDay } from "../store-days.ts";
import type { TerminalClose } from "../terminal-truth.ts";

/** An operation that was sent in the last moment of a window may be heard until its deadline. It belongs to its closing's day (D31). */
export const heardWithinMs = 180_000;
/** Around a move to another store. */
const slackMs = 60_000;
const iso = (at: number) => new Date(at).toISOString();

/** Never two successful closes of a terminal for a business day of a store, and never two within one business day. */
export function closedTwice({ history, truth, days }: Case): Finding[] {
  const findings: Finding[] = [];
  const byDay = Map.groupBy(truth.allClosed(), ({ terminal, storeId, businessDay }) =>
    JSON.stringify([terminal, storeId, businessDay]),
  );
  for (const closes of byDay.values()) {
    const [first] = closes;
    if (!first || first.closingId === undefined || closes.length < 2) continue;
    findings.push({ law: "closed twice", ...place(history, first), text: `closed at ${times(closes)}` });
  }
  for (const { store, day } of days) {
    for (const terminal of membersOf({ truth, history }, store, day.startsAt, day.endsAt)) {
      // The window of the day before may have ended with that day.
      const closes = truth
        .closed(terminal, day.startsAt, day.endsAt - 1)
        .filter(({ at, businessDay }) => businessDay === day.label || at > day.startsAt + heardWithinMs);
      const [first] = closes;
      if (first && closes.length > 1 && new Set(closes.map(({ businessDay }) => businessDay)).size > 1)
        findings.push({ law: "closed twice", ...place(history, first), text: `in one day at ${times(closes)}` });
    }
  }
  return findings;
}

/** Each close was sent by a closing, at a time at which the store was to be closed. */
export function closedUnasked({ history, truth, days }: Case): Finding[] {
  const known = new Map(days.map((day) => [nameOf(history.stores[day.store]?.storeId, day.day.label), day]));
  return truth.closes.flat().flatMap((close): Finding[] => {
    const found = { ...place(history, close) };
    if (close.closingId === undefined)
      return [{ law: "no closing", ...found, text: `nobody asked at ${iso(close.at)}` }];
    const day = known.get(nameOf(close.storeId, close.businessDay));
    return day && !isWithin(day, close.at)
      ? [{ law: "wrong time", ...found, text: `a close was begun at ${iso(close.at)}, ${windowText(day)}` }]
      : [];
  });
}

/** A close has something to close, or the terminal could not say so. */
export function closedWithoutNeed({ history, truth }: Case): Finding[] {
  return truth
    .allClosed()
    .filter(({ batch }) => batch?.count === 0)
    .map((close) => ({
      law: "nothing to close",
      ...place(history, close),
      text: `an empty batch at ${iso(close.at)}`,
    }));
}

/** A terminal is closed for the store to which it belongs. */
export function wrongStore({ history, truth }: Case): Finding[] {
  return truth.closes.flat().flatMap((close): Finding[] => {
    const homes = [...truth.storesBetween(close.terminal, close.at - slackMs, close.at + slackMs)];
    if (close.storeId === undefined || homes.some((home) => history.stores[home]?.storeId === close.storeId)) return [];
    const names = homes.map((home) => history.stores[home]?.storeId).join(", ");
    return [{ law: "wrong store", ...place(history, close), text: `at ${iso(close.at)} it belonged to ${names}` }];
  });
}

/** The terminals that belonged to the store, and to no other, all through the span. */
export function membersOf(
  { truth, history }: Pick<Case, "truth" | "history">,
  store: number,
  from: number,
  until: number,
) {
  return history.terminals.flatMap((_, terminal) => {
    const homes = truth.storesBetween(terminal, from, until);
    return homes.size === 1 && homes.has(store) ? [terminal] : [];
  });
}

function isWithin({ day: { window }, expected }: StoreDay, at: number): boolean {
  return expected === "close" && window !== undefined && at >= window.from && at <= window.until + heardWithinMs;
}

function windowText({ day: { window }, expected }: StoreDay): string {
  return expected === "close" && window
    ? `its window is ${iso(window.from)} to ${iso(window.until)}`
    : "no close was due";
}

function place(history: Case["history"], { terminal, storeId, businessDay }: TerminalClose) {
  const terminalId = history.terminals[terminal]?.terminalId ?? "";
  return { terminalId, ...(storeId !== undefined && { storeId }), ...(businessDay !== undefined && { businessDay }) };
}

function times(closes: readonly TerminalClose[]): string {
  return closes.map(({ at, businessDay }) => `${iso(at)} (${businessDay})`).join(", ");
}

function nameOf(storeId: string | undefined, label: string | undefined): string {
  return `${storeId} ${label}`;
}

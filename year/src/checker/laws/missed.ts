import type { Case, Finding } from "../case.ts";
import type { ToldMissed, Visit } from "../history.ts";
import type { StoreDay } from "../store-days.ts";
import { heardWithinMs, membersOf } from "./closes.ts";

/** What became of a day, and what had to become of it. */
interface MissedDays {
  findings: Finding[];
  due: number;
  prevented: number;
}

/**
 * Each terminal that has something to close is closed at the first time in the window at which it is reachable and free,
 * unless the plan left none, or it failed so that a person has to look. What is not closed is told by exactly one event, which names it.
 */
export function missedDays(given: Case): MissedDays {
  const { history, days } = given;
  const events = Map.groupBy(history.missed, ({ storeId, businessDay }) => `${storeId} ${businessDay}`);
  const told: MissedDays = { findings: [], due: 0, prevented: 0 };
  for (const day of days) {
    const storeId = history.stores[day.store]?.storeId as string;
    const ofDay = { storeId, businessDay: day.day.label };
    const [event] = events.get(`${storeId} ${day.day.label}`) ?? [];
    if (day.expected === "none" || !day.day.window) {
      if (event) told.findings.push({ law: "missed unasked", ...ofDay, text: "nobody was to close it" });
      continue;
    }
    const open = openTerminals(given, day, told, ofDay);
    told.findings.push(...eventFindings(given, day, { event, open, ofDay }));
  }
  return told;
}

type OfDay = { storeId: string; businessDay: string };

/** The terminals that had something to close and were not closed in the window; finds those without an excuse. */
function openTerminals({ history, truth }: Case, { store, day }: StoreDay, told: MissedDays, ofDay: OfDay): number[] {
  const { from, latestFrom, until } = day.window as NonNullable<typeof day.window>;
  const open: number[] = [];
  for (const terminal of membersOf({ truth, history }, store, from, until + heardWithinMs)) {
    if (truth.swappedBetween(terminal, from, until) || truth.openAt(terminal, from) === 0) continue;
    told.due += 1;
    const [closed] = truth.closed(terminal, from, until + heardWithinMs);
    const chance = truth.goodVisit(terminal, latestFrom, until);
    if (closed) {
      if (chance && closed.at > chance.until) told.findings.push(late(history, { terminal, ofDay, closed, chance }));
      continue;
    }
    open.push(terminal);
    const failed = truth.begun(terminal, from, until + heardWithinMs).some(({ outcome }) => outcome === "device");
    if (failed || !chance) told.prevented += 1;
    else {
      const text = `it was reachable and free at ${new Date(chance.at).toISOString()}, and its batch was open`;
      told.findings.push({
        law: "not closed",
        ...ofDay,
        terminalId: history.terminals[terminal]?.terminalId ?? "",
        text,
      });
    }
  }
  return open;
}

/** Closed in its window, and not at the first time in it at which it was reachable and free. */
function late(
  history: Case["history"],
  { terminal, ofDay, closed, chance }: { terminal: number; ofDay: OfDay; closed: { at: number }; chance: Visit },
): Finding {
  const terminalId = history.terminals[terminal]?.terminalId ?? "";
  const text = `at ${new Date(closed.at).toISOString()}, and it could be at ${new Date(chance.at).toISOString()}`;
  return { law: "closed late", ...ofDay, terminalId, text };
}

interface Told {
  event: ToldMissed | undefined;
  open: readonly number[];
  ofDay: OfDay;
}

function eventFindings({ history, truth }: Case, { store, day }: StoreDay, { event, open, ofDay }: Told): Finding[] {
  const { from, until } = day.window as NonNullable<typeof day.window>;
  const findings: Finding[] = [];
  const named = new Set(event?.terminals);
  for (const terminal of open) {
    const terminalId = history.terminals[terminal]?.terminalId as string;
    if (!named.has(terminalId))
      findings.push({ law: "missed and not told", ...ofDay, terminalId, text: "no event names it" });
  }
  for (const terminalId of named) {
    const terminal = history.terminals.findIndex((one) => one.terminalId === terminalId);
    if (open.includes(terminal) || isExcused(terminal)) continue;
    findings.push({ law: "told as missed", ...ofDay, terminalId, text: "it had nothing open, or was closed" });
  }
  return findings;

  /** Of these terminals an event may say that they are open, or that it is unknown. */
  function isExcused(terminal: number): boolean {
    const homes = truth.storesBetween(terminal, from, until + heardWithinMs);
    // A terminal that went without a goodbye may have sold since; that is unknown. The server looks at the first visit after the end.
    const looks = [history.visits.findLast((visit) => visit.at <= until), history.visits.find(({ at }) => at >= until)];
    const isGone = looks.some(
      (visit) => visit && ["away", "silent", "dies"].includes(truth.conditionAt(terminal, visit.at)),
    );
    return (
      isGone ||
      (homes.has(store) && homes.size > 1) ||
      truth.swappedBetween(terminal, from, until) ||
      truth.leftBatch(terminal, until) ||
      truth.soldBetween(terminal, from, until) ||
      truth.closed(terminal, from, until + heardWithinMs).some(({ outcome }) => outcome === "died")
    );
  }
}

/** A day is told as missed once. */
export function oneEvent({ history }: Case): Finding[] {
  const events = Map.groupBy(history.missed, ({ storeId, businessDay }) => `${storeId} ${businessDay}`);
  return [...events.values()].flatMap(([first, ...more]): Finding[] =>
    first && more.length > 0
      ? [
          {
            law: "told twice",
            storeId: first.storeId,
            businessDay: first.businessDay,
            text: `${more.length + 1} events`,
          },
        ]
      : [],
  );
}

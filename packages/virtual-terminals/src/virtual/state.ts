import { timestamp } from "@tillkeeper/agent/clock";
import { type FileJournalOptions, resumeFileJournal } from "@tillkeeper/agent/memory/file-journal";
import { type Journal, memoryJournal } from "@tillkeeper/agent/memory/journal";
import type { LastBatch } from "@tillkeeper/agent/operations/operation";
import { type EndOfDayFigure, EndOfDayResult } from "@tillkeeper/contract/operations";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { dayTotals } from "./invented-day.ts";

const firstDayMs = 9 * 60 * 60 * 1000;
const currency = "NOK";

/** What a virtual terminal remembers between closes. */
export const TerminalState = Type.Object({
  /** The number of the batch that is open now. */
  batch_number: Type.Integer({ minimum: 1 }),
  /** When it was opened: the instant of the close before it. */
  start_of_day_at: Type.String({ format: "date-time" }),
  /** The close before it; absent while there was none. */
  last_close: Type.Optional(EndOfDayResult),
  /** What it runs from its next start on; absent as long as that is what it came with. */
  software_version: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  configuration_version: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
});
export type TerminalState = Static<typeof TerminalState>;
const check = Compile(TerminalState);

/** A terminal that has been trading for nine hours when it is started for the first time. */
export function newTerminalState(nowMs: number): TerminalState {
  return { batch_number: 1, start_of_day_at: timestamp(nowMs - firstDayMs) };
}

/** The state after a close that was made elsewhere; undefined when the terminal knows of one as late. */
export function afterClose(
  state: TerminalState,
  close: EndOfDayResult | undefined,
): (TerminalState & { last_close: EndOfDayResult }) | undefined {
  const at = close?.last_end_of_day_at;
  const known = state.last_close?.last_end_of_day_at;
  if (!close || at === undefined || (known !== undefined && Date.parse(at) <= Date.parse(known))) return undefined;
  const number = Number(close.batch_id);
  if (!Number.isSafeInteger(number)) return undefined;
  return { ...state, batch_number: number + 1, start_of_day_at: at, last_close: close };
}

/** Opens what a terminal with this address remembers; again after each start of it. Rejects for a damaged file. */
export type OpenTerminalJournal = (address: string) => Promise<Journal<TerminalState>>;

/** Batch, start of the day and journal of one virtual terminal, in one file. */
export function terminalFile(path: string, now: () => number): FileJournalOptions<TerminalState> {
  return { path, readState: (stored) => check.Parse(stored), initial: () => newTerminalState(now()) };
}

/** The memory of a virtual terminal, in a file, or without a `path` in this process only. It goes on with another address. */
export function terminalJournal(path: string | undefined, now: () => number): OpenTerminalJournal {
  if (path !== undefined) return (address) => resumeFileJournal(terminalFile(path, now), address);
  let memory: Journal<TerminalState> | undefined;
  return async (address) => {
    memory ??= memoryJournal(newTerminalState(now()), address);
    await memory.move(address);
    return memory;
  };
}

/** A close that leaves nothing out. */
export type WholeClose = EndOfDayResult & Required<Pick<EndOfDayResult, EndOfDayFigure>>;

export interface ClosedDay {
  result: WholeClose;
  state: TerminalState;
}

/**
 * Closes the open batch at `nowMs`: its totals, and the state in which the next one is open. Both are to be stored
 * together. A clock that was set back closes an empty day and never opens a day that was closed.
 */
export function closeDay(serialNumber: string, state: TerminalState, nowMs: number): ClosedDay {
  const from = Date.parse(state.start_of_day_at);
  const until = Math.max(from, nowMs);
  const result: WholeClose = {
    outcome: "accepted",
    batch_id: String(state.batch_number).padStart(6, "0"),
    start_of_day_at: state.start_of_day_at,
    last_end_of_day_at: timestamp(until),
    ...dayTotals(serialNumber, from, until),
    currency,
  };
  const next = { batch_number: state.batch_number + 1, start_of_day_at: timestamp(until), last_close: result };
  return { result, state: { ...state, ...next } };
}

/** The batch that was closed last, by whomever. */
export function lastBatch({ last_close: close }: TerminalState): LastBatch | undefined {
  if (!close) return undefined;
  const { last_end_of_day_at: closedAt } = close;
  return { ...close, ...(closedAt !== undefined && { closed_at: closedAt }) };
}

import { rm } from "node:fs/promises";
import { timestamp } from "@tillkeeper/agent/clock";
import { type FileJournalOptions, readFileJournal, resumeFileJournal } from "@tillkeeper/agent/memory/file-journal";
import { type Journal, memoryJournal } from "@tillkeeper/agent/memory/journal";
import type { LastBatch } from "@tillkeeper/agent/operations/operation";
import { type EndOfDayFigure, EndOfDayResult } from "@tillkeeper/contract/operations";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import { type DayTotals, dayTotals } from "./day.ts";

const firstDayMs = 9 * 60 * 60 * 1000;
/** The currency of all amounts. */
export const currency = "NOK";

/** The state of a virtual terminal, which it stores in its journal. */
export const TerminalState = Type.Object({
  /** The number of the batch that is open now. */
  batch_number: Type.Integer({ minimum: 1 }),
  /** The instant at which the batch was opened, which is that of the close before it. */
  start_of_day_at: Type.String({ format: "date-time" }),
  /** The result of the close before it; absent while there was none. */
  last_close: Type.Optional(EndOfDayResult),
  /** The installed version, which runs from the next start on; absent while it is the first version. */
  software_version: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  configuration_version: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  /** Names the registration of the terminal; absent in files of earlier versions. */
  life: Type.Optional(Type.String()),
});
export type TerminalState = Static<typeof TerminalState>;
const check = Compile(TerminalState);

/** Returns the state of a new terminal, whose first batch was opened nine hours before. */
export function newTerminalState(nowMs: number): TerminalState {
  return { batch_number: 1, start_of_day_at: timestamp(nowMs - firstDayMs) };
}

/** Returns the state after a close that was made elsewhere; undefined when the terminal's own last close is as late. */
export function stateAfterClose(
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

/**
 * Opens the journal of a terminal with this address; called at each start of the terminal. Rejects for a damaged file.
 */
export type OpenTerminalJournal = (address: string) => Promise<Journal<TerminalState>>;

/**
 * Returns the options for the journal file of one virtual terminal. `now` returns epoch milliseconds. A file without
 * a `life` gets this one.
 */
export function terminalFile(path: string, now: () => number, life?: string): FileJournalOptions<TerminalState> {
  const ofLife = life === undefined ? {} : { life };
  return {
    path,
    readState: (stored) => ({ ...ofLife, ...check.Parse(stored) }),
    initial: () => ({ ...newTerminalState(now()), ...ofLife }),
  };
}

/** Deletes the journal of another registration of the terminal's id. */
async function forgetOtherLife(path: string, life: string | undefined): Promise<void> {
  if (life === undefined) return;
  const known = await readFileJournal<TerminalState>(terminalFile(path, () => 0));
  if (known?.state.life !== undefined && known.state.life !== life) await rm(path, { force: true });
}

/**
 * Returns how to open the journal of a virtual terminal: in a file, or without `path` in memory. Another address goes
 * on with it.
 */
export function terminalJournal(path: string | undefined, now: () => number, life?: string): OpenTerminalJournal {
  if (path !== undefined) {
    return async (address) => {
      await forgetOtherLife(path, life);
      return resumeFileJournal(terminalFile(path, now, life), address);
    };
  }
  let memory: Journal<TerminalState> | undefined;
  return async (address) => {
    memory ??= memoryJournal(newTerminalState(now()), address);
    await memory.move(address);
    return memory;
  };
}

/** The result of a close with all figures. */
export type WholeClose = EndOfDayResult & Required<Pick<EndOfDayResult, EndOfDayFigure>>;

/** The result of a close, and the state after it. */
export interface ClosedDay {
  result: WholeClose;
  state: TerminalState;
}

/**
 * Closes the open batch at `nowMs`. Returns its totals and the state with the next batch; the caller stores both in one
 * write. `totalsOf` counts the trade between two instants. When the clock was set back, an empty day is closed: a closed day is never opened again.
 */
export function closeDay(
  serialNumber: string,
  state: TerminalState,
  nowMs: number,
  totalsOf = (fromMs: number, untilMs: number): DayTotals => dayTotals(serialNumber, fromMs, untilMs),
): ClosedDay {
  const from = Date.parse(state.start_of_day_at);
  const until = Math.max(from, nowMs);
  const result: WholeClose = {
    outcome: "accepted",
    batch_id: String(state.batch_number).padStart(6, "0"),
    start_of_day_at: state.start_of_day_at,
    last_end_of_day_at: timestamp(until),
    ...totalsOf(from, until),
    currency,
  };
  const next = { batch_number: state.batch_number + 1, start_of_day_at: timestamp(until), last_close: result };
  return { result, state: { ...state, ...next } };
}

/** Returns the batch that was closed last, by an operation or by hand; undefined when there is none. */
export function lastBatch({ last_close: close }: TerminalState): LastBatch | undefined {
  if (!close) return undefined;
  const { last_end_of_day_at: closedAt } = close;
  return { ...close, ...(closedAt !== undefined && { closed_at: closedAt }) };
}

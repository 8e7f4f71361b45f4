import type { ClosingReason, ClosingStep, ClosingTerminalState } from "@tillkeeper/contract/closings/states";
import type { Closing, ClosingPreview, ClosingTerminal } from "@tillkeeper/sdk";
import type { Tone } from "../parts/state.tsx";

/** A terminal as the screens of a business day show it. */
export interface TerminalRow {
  id: string;
  tone: Tone;
  /** The state in a closing; `open` before a closing was asked for. */
  state: ClosingTerminalState | "open";
  reason: ClosingReason | undefined;
  step: ClosingStep | undefined;
  isWaiting: boolean;
  /** It sold after it was closed. */
  openAgain: boolean;
  amounts: { currency: string; minor: number }[];
  /** When it was closed. */
  closedAt: string | undefined;
  /** The batch that was closed, as the terminal names it. */
  batch: string | undefined;
}

const tones: Readonly<Record<ClosingTerminalState, Tone>> = {
  closed: "good",
  already_closed: "good",
  waiting: "busy",
  failed: "bad",
  unknown: "doubt",
  not_needed: "idle",
};

/** The terminals of a closing. Terminals at which a person has something to do come first. */
export function rowsOfClosing({ terminals }: Closing): TerminalRow[] {
  return terminals.map(rowOfClosing).toSorted((one, other) => rank(one) - rank(other));
}

function rowOfClosing(terminal: ClosingTerminal): TerminalRow {
  const { terminal_id: id, state, reason, next_step: step, close, open_again: openAgain, open_batch: open } = terminal;
  const isClosed = state === "closed" || state === "already_closed";
  return {
    id,
    // What waits for a person stands out from what goes on by itself.
    tone: openAgain || (state === "waiting" && step !== "wait") ? "doubt" : tones[state],
    state,
    reason,
    step,
    isWaiting: state === "waiting",
    openAgain: openAgain === true,
    amounts: isClosed ? amountsOf(close?.result ? [close.result] : []) : amountsOf(open?.currencies),
    closedAt: isClosed ? close?.result?.last_end_of_day_at : undefined,
    batch: close?.result?.batch_id,
  };
}

const asState: Readonly<Record<ClosingPreview["terminals"][number]["would"], TerminalRow["state"]>> = {
  close: "open",
  wait: "open",
  ask: "unknown",
  leave: "not_needed",
};

/** The terminals of a day without a closing. */
export function rowsOfPreview({ terminals }: ClosingPreview): TerminalRow[] {
  return terminals
    .map(({ terminal_id: id, would, reason, next_step: step, open_batch: open }): TerminalRow => {
      const isClosed = would === "leave" && reason !== "empty" && (reason?.startsWith("closed") ?? false);
      const state = isClosed ? "already_closed" : asState[would];
      return {
        id,
        tone: state === "open" ? (would === "wait" ? "doubt" : "idle") : tones[state],
        state,
        reason,
        step: would === "wait" || would === "ask" ? step : undefined,
        isWaiting: would === "wait",
        openAgain: false,
        amounts: amountsOf(open?.currencies),
        closedAt: undefined,
        batch: undefined,
      };
    })
    .toSorted((one, other) => rank(one) - rank(other));
}

const order: readonly Tone[] = ["bad", "doubt", "busy", "good", "idle"];
const rank = ({ tone }: TerminalRow) => order.indexOf(tone);

type Figures = { currency?: string | undefined; sale_amount?: number | undefined };

function amountsOf(figures: readonly Figures[] = []): TerminalRow["amounts"] {
  return figures.flatMap(({ currency, sale_amount: minor }) =>
    currency === undefined || minor === undefined ? [] : [{ currency, minor }],
  );
}

import type { ClosingState, ClosingTerminalState } from "@tillkeeper/contract/closings/states";

const terminals = (count: number) => (count === 1 ? "1 terminal" : `${count} terminals`);
const are = (count: number) => (count === 1 ? "is" : "are");

/** How a closing stands, as a sentence for a person. */
export function closingText(state: ClosingState, counts: Record<ClosingTerminalState, number>): string {
  const { closed, already_closed: already, waiting, failed, unknown } = counts;
  const done = closed + already;
  const all = done + waiting + failed + unknown;
  if (state === "nothing_to_close") return "There is nothing to close.";
  if (all === 1) return ofOne(state);
  if (state === "closed") return `${all === 2 ? "Both" : `All ${all}`} terminals are closed.`;
  const rest = [
    ...(waiting > 0 ? [`${waiting} ${are(waiting)} waiting`] : []),
    ...(failed > 0 ? [`${failed} ${are(failed)} not closed`] : []),
    ...(unknown > 0 ? [`of ${unknown} nobody knows`] : []),
  ];
  const closedOnes =
    done === 0 ? `None of ${terminals(all)} is closed` : `${done} of ${terminals(all)} ${are(done)} closed`;
  return `${closedOnes}; ${rest.join(", ")}.`;
}

function ofOne(state: Exclude<ClosingState, "nothing_to_close">): string {
  const texts = {
    closed: "The terminal is closed.",
    running: "The terminal is waiting to be closed.",
    partly_closed: "The terminal is not closed.",
    unknown: "Nobody knows whether the terminal is closed.",
  };
  return texts[state];
}

/** What a closing would do, as a sentence for a person. */
export function previewText(would: Record<"close" | "wait" | "leave" | "ask", number>): string {
  const parts = [
    ...(would.close > 0 ? [`${terminals(would.close)} would be closed`] : []),
    ...(would.wait > 0 ? [`${terminals(would.wait)} would be waited for`] : []),
    ...(would.ask > 0 ? [`${terminals(would.ask)} ${would.ask === 1 ? "needs" : "need"} a person first`] : []),
  ];
  if (parts.length === 0) return "There is nothing to close.";
  return `${parts.join(", ")}.`;
}

import type { TerminalControls } from "./http/sandbox-terminals.ts";

/** How a virtual terminal is to behave until `untilMs`, in epoch milliseconds of business time; without it, for ever. */
export interface TimedControls {
  controls: TerminalControls;
  untilMs?: number | undefined;
}

/** A purchase or refund that was put into the open batch of a virtual terminal from outside. */
export interface PutInTrade {
  id: string;
  kind: "purchase" | "refund";
  /** In minor units; of a purchase with its tip. */
  amount: number;
  tip: number;
  /** When it happened by the terminal's clock, in epoch milliseconds. */
  atMs: number;
}

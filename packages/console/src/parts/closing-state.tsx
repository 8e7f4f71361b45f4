import type { ClosingState as StateName } from "@tillkeeper/contract/closings/states";
import { closingWords } from "@tillkeeper/words/screen";
import { shownLanguage } from "../app/language.ts";
import { State, type Tone } from "./state.tsx";

const tones: Readonly<Record<StateName, Tone>> = {
  running: "busy",
  closed: "good",
  partly_closed: "bad",
  unknown: "doubt",
  nothing_to_close: "idle",
};

/** How a closing stands, as icon and words. */
export function ClosingState({ state }: { state: StateName }) {
  return <State tone={tones[state]}>{closingWords[state][shownLanguage()]}</State>;
}

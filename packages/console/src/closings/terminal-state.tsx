import { Trans } from "@lingui/react/macro";
import { terminalStateWords } from "@tillkeeper/words/reasons";
import { shownLanguage } from "../app/language.ts";
import { State } from "../parts/state.tsx";
import type { TerminalRow } from "./rows.ts";

/** Where a terminal stands in the day, as icon and word. */
export function TerminalState({ row: { tone, state, openAgain } }: { row: TerminalRow }) {
  return (
    <State tone={tone}>
      {openAgain ? (
        <Trans>Open again</Trans>
      ) : state === "open" ? (
        <Trans>Open</Trans>
      ) : (
        terminalStateWords[state][shownLanguage()]
      )}
    </State>
  );
}

import { useLingui } from "@lingui/react/macro";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import { State, type Tone } from "./state.tsx";

const tones: Readonly<Record<TerminalStatus, Tone>> = {
  ACTIVE: "good",
  PENDING: "busy",
  ACTION_REQUIRED: "doubt",
  INACTIVE: "idle",
  ERROR: "bad",
  DELETED: "idle",
};

/** The words for the statuses of a terminal, as the console shows them. */
export function useTerminalStatusWords(): Readonly<Record<TerminalStatus, string>> {
  const { t } = useLingui();
  return {
    ACTIVE: t`In use`,
    PENDING: t`Not paired yet`,
    ACTION_REQUIRED: t`Must fetch its configuration`,
    INACTIVE: t`Its store is suspended`,
    ERROR: t`Faulty`,
    DELETED: t`Deleted`,
  };
}

/** Where a terminal stands in its life. */
export function TerminalStatusState({ status }: { status: TerminalStatus }) {
  return <State tone={tones[status]}>{useTerminalStatusWords()[status]}</State>;
}

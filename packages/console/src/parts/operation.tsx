import { useLingui } from "@lingui/react/macro";
import type { OperationName, OperationStatus } from "@tillkeeper/contract/operations";
import type { Operation } from "@tillkeeper/sdk";
import { reasonWords } from "@tillkeeper/words/reasons";
import { shownLanguage } from "../app/language.ts";
import { State, type Tone } from "./state.tsx";

const tones: Readonly<Record<OperationStatus, Tone>> = {
  PENDING: "busy",
  COMPLETED: "good",
  FAILED: "bad",
  TIMEOUT: "doubt",
};

/** The words for what a terminal is asked to do. */
export function useOperationWords(): Readonly<Record<OperationName, string>> {
  const { t } = useLingui();
  return {
    end_of_day: t`Close its day`,
    send_logs: t`Send its logs`,
    check_update: t`Check for an update`,
    open_menu: t`Open its menu`,
  };
}

/** The words for how operations stand, by their status alone. */
export function useOperationStatusWords(): Readonly<Record<OperationStatus, string>> {
  const { t } = useLingui();
  return { PENDING: t`Under way`, COMPLETED: t`Done`, FAILED: t`Failed`, TIMEOUT: t`No answer in time` };
}

/** How an operation stands, with the reason of one that was not done. A close that the host declined is not done. */
export function OperationState({ operation }: { operation: Operation }) {
  const { t } = useLingui();
  const words = useOperationStatusWords();
  const { status, reason } = operation;
  if (isDeclined(operation)) return <State tone="bad">{t`Declined by the payment host`}</State>;
  return (
    <>
      <State tone={tones[status]}>{words[status]}</State>
      {reason !== undefined && (
        <>
          <br />
          <small className="dimmed">{reasonWords[reason][shownLanguage()]}</small>
        </>
      )}
    </>
  );
}

function isDeclined(operation: Operation): boolean {
  return operation.operation === "end_of_day" && operation.result?.outcome === "declined";
}

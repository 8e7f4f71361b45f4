import { useLingui } from "@lingui/react/macro";
import type { Closing } from "@tillkeeper/sdk";
import { reasonWords } from "@tillkeeper/words/reasons";
import { figureWords, reportWords } from "@tillkeeper/words/report";
import { screenStepText } from "@tillkeeper/words/screen";
import { shownLanguage } from "../../app/language.ts";
import { rowsOfClosing } from "../../closings/rows.ts";
import { TerminalState } from "../../closings/terminal-state.tsx";
import { Amounts } from "../../parts/amounts.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Instant } from "../../parts/instant.tsx";
import { TerminalName } from "../../parts/terminal-name.tsx";

/** Where each terminal stands in the day. */
export function TerminalTable({ closing, zone }: { closing: Closing; zone: string }) {
  const { t } = useLingui();
  const language = shownLanguage();
  return (
    <DataTable
      caption={reportWords.terminals[language]}
      rows={rowsOfClosing(closing)}
      rowKey={({ id }) => id}
      empty={reportWords.noTerminals[language]}
      columns={[
        { key: "terminal", title: reportWords.terminal[language], cell: ({ id }) => <TerminalName id={id} /> },
        {
          key: "state",
          title: reportWords.status[language],
          cell: (row) => <TerminalState row={row} />,
        },
        {
          key: "reason",
          title: t`Detail`,
          cell: ({ reason, closedAt }) =>
            closedAt === undefined ? reason && reasonWords[reason][language] : <Instant at={closedAt} zone={zone} />,
        },
        {
          key: "batch",
          title: reportWords.batch[language],
          cell: ({ batch }) => batch ?? "–",
        },
        {
          key: "sales",
          title: figureWords.sale_amount[language],
          numeric: true,
          cell: ({ amounts }) => <Amounts of={amounts} />,
        },
        {
          key: "todo",
          title: reportWords.toDo[language],
          cell: ({ step, isWaiting }) =>
            step === undefined || step === "nothing" ? "–" : screenStepText(step, isWaiting, language),
        },
      ]}
    />
  );
}

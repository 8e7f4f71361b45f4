import type { Closing } from "@tillkeeper/sdk";
import { figureWords, reportWords } from "@tillkeeper/words/report";
import { shownLanguage } from "../../app/language.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Money } from "../../parts/money.tsx";

type Sum = Closing["totals"][number];
const figures = [
  "sale_amount",
  "purchases_amount",
  "reversals_amount",
  "tip_amount",
  "purchases_count",
  "reversals_count",
] as const;

/** The sums of the day, a row for each currency. */
export function Totals({ closing }: { closing: Closing }) {
  const language = shownLanguage();
  const columns: Column<Sum>[] = [
    { key: "currency", title: reportWords.currency[language], cell: ({ currency }) => currency },
    ...figures.map(
      (figure): Column<Sum> => ({
        key: figure,
        title: figureWords[figure][language],
        numeric: true,
        cell: (sum) => <Figure sum={sum} figure={figure} />,
      }),
    ),
  ];
  return (
    <section className="stack" aria-labelledby="totals">
      <h2 id="totals">{reportWords.totals[language]}</h2>
      <DataTable
        caption={reportWords.totals[language]}
        columns={columns}
        rows={closing.totals}
        rowKey={({ currency }) => currency}
        empty={reportWords.noTotals[language]}
      />
      {closing.totals.some(({ incomplete }) => incomplete) && (
        <p className="dimmed">{reportWords.incomplete[language]}</p>
      )}
      {closing.batches_without_totals !== undefined && (
        <p className="dimmed">
          {reportWords.withoutTotals[language]}: {closing.batches_without_totals}
        </p>
      )}
    </section>
  );
}

function Figure({ sum, figure }: { sum: Sum; figure: (typeof figures)[number] }) {
  const value = sum[figure];
  if (value === undefined) return reportWords.unknownAmount[shownLanguage()];
  return (
    <>
      {figure.endsWith("_amount") ? <Money minor={value} currency={sum.currency} /> : value}
      {sum.incomplete?.includes(figure) && " *"}
    </>
  );
}

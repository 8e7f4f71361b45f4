import type { Closing } from "@tillkeeper/sdk";
import { figureWords, reportWords } from "@tillkeeper/words/report";
import { shownLanguage } from "../../app/language.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Money } from "../../parts/money.tsx";
import { State } from "../../parts/state.tsx";

type Comparison = NonNullable<Closing["comparison"]>;
const tones = { agrees: "good", differs: "bad", undecided: "doubt" } as const;

/** The till's own figures beside those of the terminals, where the till has sent them. */
export function Till({ comparison }: { comparison: Comparison | undefined }) {
  if (!comparison) return null;
  const language = shownLanguage();
  const value = (figure: string, currency: string, amount: number | undefined) => {
    if (amount === undefined) return reportWords.unknownAmount[language];
    return figure.endsWith("_amount") ? <Money minor={amount} currency={currency} /> : amount;
  };
  return (
    <section className="stack" aria-labelledby="till">
      <h2 id="till">{reportWords.till[language]}</h2>
      <div>
        <State tone={tones[comparison.state]}>{reportWords[comparison.state][language]}</State>
      </div>
      {comparison.differences.length > 0 && (
        <DataTable
          caption={reportWords.till[language]}
          rows={comparison.differences}
          rowKey={({ currency, figure }) => `${currency} ${figure}`}
          empty={null}
          columns={[
            { key: "figure", title: reportWords.figure[language], cell: ({ figure }) => figureWords[figure][language] },
            {
              key: "expected",
              title: reportWords.expected[language],
              numeric: true,
              cell: ({ figure, currency, expected }) => value(figure, currency, expected),
            },
            {
              key: "actual",
              title: reportWords.actual[language],
              numeric: true,
              cell: ({ figure, currency, actual }) => value(figure, currency, actual),
            },
            {
              key: "difference",
              title: reportWords.difference[language],
              numeric: true,
              cell: ({ figure, currency, difference }) => value(figure, currency, difference),
            },
          ]}
        />
      )}
    </section>
  );
}

import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { Closing, ClosingPreview } from "@tillkeeper/sdk";
import { figureWords, reportWords } from "@tillkeeper/words/report";
import { shownLanguage } from "../../app/language.ts";
import { Money } from "../../parts/money.tsx";
import { storeRoute } from "../store/route.ts";

/** The sums of the day by currency: of closed batches, or of open ones before the close. */
export function Sums({ closing, preview }: { closing: Closing | undefined; preview: ClosingPreview }) {
  const { t } = useLingui();
  const params = storeRoute.useParams();
  const totals = closing ? closing.totals : preview.open;
  if (totals.length === 0) return null;
  const language = shownLanguage();
  return (
    <section className="panel stack" aria-label={closing ? t`Sums of what is closed` : t`Sums of what is open`}>
      <h2>{closing ? <Trans>Closed today</Trans> : <Trans>Open today</Trans>}</h2>
      {totals.map(({ currency, incomplete, ...figures }) => (
        <dl key={currency} className="facts">
          {(["sale_amount", "reversals_amount", "tip_amount"] as const).map((figure) => (
            <div key={figure} className="contents">
              <dt>{figureWords[figure][language]}</dt>
              <dd>
                {figures[figure] === undefined ? (
                  reportWords.unknownAmount[language]
                ) : (
                  <Money minor={figures[figure]} currency={currency} />
                )}
                {incomplete?.includes(figure) && " *"}
              </dd>
            </div>
          ))}
          <dt>{figureWords.purchases_count[language]}</dt>
          <dd className="figure">{figures.purchases_count ?? reportWords.unknownAmount[language]}</dd>
        </dl>
      ))}
      {totals.some(({ incomplete }) => incomplete) && <p className="dimmed">{reportWords.incomplete[language]}</p>}
      {closing?.batches_without_totals !== undefined && (
        <p className="dimmed">
          <Plural
            value={closing.batches_without_totals}
            one="# batch of the day tells no figures."
            other="# batches of the day tell no figures."
          />
        </p>
      )}
      {closing && (
        <p>
          <Link to="/$account/stores/$store/reports/$closing" params={{ ...params, closing: closing.id }}>
            <Trans>The day's report</Trans>
          </Link>
        </p>
      )}
    </section>
  );
}

import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Closing } from "@tillkeeper/sdk";
import { reportWords } from "@tillkeeper/words/report";
import { reportsQuery } from "../../api/queries.ts";
import { shownLanguage } from "../../app/language.ts";
import { Instant } from "../../parts/instant.tsx";
import { Read } from "../../parts/read.tsx";
import { numberOf } from "../../parts/terminal-name.tsx";
import { ReportLinks } from "./report-links.tsx";

const reportRoute = getRouteApi("/$account/stores/$store/reports/$closing");

/** The numbered reports of the day: the original, and what corrected it. They never change. */
export function NumberedReports({ closing, zone }: { closing: Closing; zone: string }) {
  const { account, store } = reportRoute.useParams();
  const listed = useQuery(reportsQuery(account, store, closing.id));
  const language = shownLanguage();
  return (
    <section className="panel stack" aria-labelledby="reports">
      <h2 id="reports">
        <Trans>Numbered reports</Trans>
      </h2>
      <Read of={listed} lines={1}>
        {(data) => (
          <ul className="plain-list stack">
            {data.reports.length === 0 && (
              <li className="dimmed">
                {reportWords.provisional[language]}. {reportWords.provisionalMeaning[language]}
              </li>
            )}
            {data.reports.map((report) => (
              <li key={report.number} className="stack">
                <div className="row spread">
                  <span>
                    <strong>
                      {reportWords.number[language]} {report.number}
                    </strong>
                    {report.corrects !== undefined && (
                      <>
                        {" – "}
                        {reportWords.correction[language]} {report.corrects}
                      </>
                    )}
                    {" – "}
                    <Instant at={report.made_at} zone={zone} date />
                  </span>
                  <span className="row">
                    <ReportLinks closing={closing} report={report.number} />
                  </span>
                </div>
                <Changes changes={report.changes} />
              </li>
            ))}
          </ul>
        )}
      </Read>
    </section>
  );
}

interface Change {
  what: string;
  terminal_id?: string;
  currency?: string;
  from?: number | string;
  to?: number | string;
}

/** What a correction changed, by the words of the report's file. */
function Changes({ changes }: { changes: readonly Change[] | undefined }) {
  const { t } = useLingui();
  if (!changes || changes.length === 0) return null;
  return (
    <ul aria-label={t`What changed`}>
      {changes.map(({ what, terminal_id: terminal, currency, from, to }) => (
        <li key={[what, terminal, currency].join(" ")}>
          {terminal !== undefined && <Trans>Terminal {numberOf(terminal)}</Trans>} {what} {currency}: {from ?? "–"} →{" "}
          {to ?? "–"}
        </li>
      ))}
    </ul>
  );
}

import { Trans, useLingui } from "@lingui/react/macro";
import { useSuspenseQuery } from "@tanstack/react-query";
import { createLazyRoute, getRouteApi } from "@tanstack/react-router";
import { reportWords } from "@tillkeeper/words/report";
import { closingQuery } from "../../api/queries.ts";
import { shownLanguage } from "../../app/language.ts";
import { ClosingState } from "../../parts/closing-state.tsx";
import { Freshness } from "../../parts/freshness.tsx";
import { dayText, Instant } from "../../parts/instant.tsx";
import { Note } from "../../parts/note.tsx";
import { Page } from "../../parts/page.tsx";
import { NumberedReports } from "./numbered-reports.tsx";
import { ReportLinks } from "./report-links.tsx";
import { TerminalTable } from "./terminal-table.tsx";
import { Till } from "./till.tsx";
import { Totals } from "./totals.tsx";

/** One business day: its terminals, its sums, and the reports of it. */
export const Screen = createLazyRoute("/$account/stores/$store/reports/$closing")({ component: Report });

const storeRoute = getRouteApi("/$account/stores/$store");

function Report() {
  const { t } = useLingui();
  const { account, store, closing: id } = Screen.useParams();
  const { place, zone } = storeRoute.useRouteContext();
  const { data: closing, dataUpdatedAt, isError } = useSuspenseQuery(closingQuery(account, store, id));
  const language = shownLanguage();
  const day = dayText(closing.business_day, true);
  return (
    <Page title={day} place={place} actions={<ReportLinks closing={closing} />}>
      <Freshness readAt={dataUpdatedAt} zone={zone} failed={isError} />
      {closing.corrected_at !== undefined && (
        <Note tone="doubt">
          <Trans>
            A terminal answered after the day had ended: corrected at <Instant at={closing.corrected_at} zone={zone} />.
          </Trans>
        </Note>
      )}
      <section className="panel stack" aria-label={t`The day`}>
        <div>
          <ClosingState state={closing.state} />
        </div>
        <dl className="facts">
          <dt>{reportWords.store[language]}</dt>
          <dd>{place}</dd>
          <dt>{reportWords.from[language]}</dt>
          <dd>
            <Instant at={closing.day_starts_at} zone={zone} date />
          </dd>
          <dt>{reportWords.until[language]}</dt>
          <dd>
            <Instant at={closing.day_ends_at} zone={zone} date />
          </dd>
          <dt>
            <Trans>Asked for</Trans>
          </dt>
          <dd>
            <Instant at={closing.created_at} zone={zone} date />
          </dd>
          {closing.ended_at !== undefined && (
            <>
              <dt>
                <Trans>Ended</Trans>
              </dt>
              <dd>
                <Instant at={closing.ended_at} zone={zone} date />
              </dd>
            </>
          )}
        </dl>
      </section>
      <Totals closing={closing} />
      <Till comparison={closing.comparison} />
      <section className="stack" aria-labelledby="terminals">
        <h2 id="terminals">{reportWords.terminals[language]}</h2>
        <TerminalTable closing={closing} zone={zone} />
      </section>
      <NumberedReports closing={closing} zone={zone} />
    </Page>
  );
}

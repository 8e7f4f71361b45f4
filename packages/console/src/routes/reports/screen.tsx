import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { createLazyRoute, getRouteApi, Link } from "@tanstack/react-router";
import type { ClosingSummary } from "@tillkeeper/contract/http/closing-schemas";
import { closingsQuery } from "../../api/queries.ts";
import { Amounts } from "../../parts/amounts.tsx";
import { ClosingState } from "../../parts/closing-state.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Freshness } from "../../parts/freshness.tsx";
import { dayText } from "../../parts/instant.tsx";
import { Page } from "../../parts/page.tsx";
import { Read } from "../../parts/read.tsx";

/** The business days of a store for which a closing was asked, newest first. */
export const Screen = createLazyRoute("/$account/stores/$store/reports")({ component: Reports });

const storeRoute = getRouteApi("/$account/stores/$store");

function Reports() {
  const { t } = useLingui();
  const { account, store } = Screen.useParams();
  const { after } = Screen.useSearch();
  const { place, zone } = storeRoute.useRouteContext();
  const listed = useQuery(closingsQuery(account, store, after));
  const columns = useColumns();
  return (
    <Page title={t`Reports`} place={place}>
      <Read of={listed}>
        {(data) => (
          <>
            <Freshness readAt={listed.dataUpdatedAt} zone={zone} failed={listed.isError} />
            <DataTable
              caption={t`Closed days`}
              columns={columns}
              rows={data.closings}
              rowKey={({ id }) => id}
              empty={<Trans>No day of this store has been closed yet. The first one will stand here.</Trans>}
            />
            <nav className="row" aria-label={t`Further days`}>
              {after !== undefined && (
                <Link to="/$account/stores/$store/reports" params={{ account, store }} search={{}}>
                  <Trans>Newest days</Trans>
                </Link>
              )}
              {data.starting_after !== undefined && (
                <Link
                  to="/$account/stores/$store/reports"
                  params={{ account, store }}
                  search={{ after: data.starting_after }}
                >
                  <Trans>Older days</Trans>
                </Link>
              )}
            </nav>
          </>
        )}
      </Read>
    </Page>
  );
}

function useColumns(): Column<ClosingSummary>[] {
  const { t } = useLingui();
  const { account, store } = Screen.useParams();
  return [
    {
      key: "day",
      title: t`Business day`,
      cell: ({ id, business_day: day }) => (
        <Link to="/$account/stores/$store/reports/$closing" params={{ account, store, closing: id }}>
          {dayText(day, true)}
        </Link>
      ),
    },
    {
      key: "state",
      title: t`Status`,
      cell: ({ state, corrected_at: corrected }) => (
        <>
          <ClosingState state={state} />
          {corrected !== undefined && (
            <>
              {" "}
              <Trans>corrected</Trans>
            </>
          )}
        </>
      ),
    },
    {
      key: "closed",
      title: t`Terminals closed`,
      numeric: true,
      cell: ({ counts }) => {
        const closed = counts.closed + counts.already_closed;
        const all = closed + counts.waiting + counts.failed + counts.unknown;
        return t`${closed} of ${all}`;
      },
    },
    {
      key: "sales",
      title: t`Sales`,
      numeric: true,
      cell: ({ totals }) => (
        <Amounts of={totals.map(({ currency, sale_amount: minor = 0 }) => ({ currency, minor }))} />
      ),
    },
  ];
}

import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { createLazyRoute, Link } from "@tanstack/react-router";
import type { TerminalListItem } from "@tillkeeper/contract/http/terminals";
import { terminalsQuery } from "../../api/queries.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Freshness } from "../../parts/freshness.tsx";
import { ownZone } from "../../parts/instant.tsx";
import { Page } from "../../parts/page.tsx";
import { Read } from "../../parts/read.tsx";
import { TerminalName } from "../../parts/terminal-name.tsx";
import { TerminalStatusState } from "../../parts/terminal-status.tsx";
import { Filters } from "./filters.tsx";

/** The terminals of an account, a page at a time. */
export const Screen = createLazyRoute("/$account/operations/terminals")({ component: Fleet });

function Fleet() {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  const search = Screen.useSearch();
  const { after, ...filters } = search;
  const listed = useQuery(terminalsQuery(account, search));
  const columns = useColumns();
  return (
    <Page title={t`All terminals`}>
      <Filters key={JSON.stringify(filters)} account={account} filters={filters} />
      <Read of={listed}>
        {(data) => (
          <>
            <Freshness readAt={listed.dataUpdatedAt} zone={ownZone()} failed={listed.isError} />
            <DataTable
              caption={t`Terminals`}
              columns={columns}
              rows={data.terminals}
              rowKey={({ terminal_id }) => terminal_id}
              empty={
                Object.keys(search).length === 0 ? (
                  <Trans>This account has no terminals yet.</Trans>
                ) : (
                  <Trans>No terminal meets these filters.</Trans>
                )
              }
            />
            <nav className="row" aria-label={t`Further terminals`}>
              {after !== undefined && (
                <Link to="/$account/terminals" params={{ account }} search={filters}>
                  <Trans>Newest terminals</Trans>
                </Link>
              )}
              {data.starting_after !== undefined && (
                <Link to="/$account/terminals" params={{ account }} search={{ ...filters, after: data.starting_after }}>
                  <Trans>Older terminals</Trans>
                </Link>
              )}
            </nav>
          </>
        )}
      </Read>
    </Page>
  );
}

function useColumns(): Column<TerminalListItem>[] {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  return [
    {
      key: "terminal",
      title: t`Terminal`,
      cell: ({ terminal_id: id, device_serial_number: serial }) => (
        <Link to="/$account/terminals/$terminal" params={{ account, terminal: id }}>
          <TerminalName id={id} serial={serial} />
        </Link>
      ),
    },
    {
      key: "store",
      title: t`Store`,
      cell: ({ store, store_id: id }) => store?.store_name ?? store?.store_id ?? id,
    },
    { key: "model", title: t`Model`, cell: ({ device_model: model }) => model ?? "–" },
    { key: "status", title: t`Status`, cell: ({ status }) => <TerminalStatusState status={status} /> },
  ];
}

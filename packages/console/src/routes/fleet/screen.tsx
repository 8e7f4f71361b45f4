import { Trans, useLingui } from "@lingui/react/macro";
import { createLazyRoute, Link } from "@tanstack/react-router";
import type { TerminalListItem } from "@tillkeeper/contract/http/terminals";
import { usePages } from "../../api/pages.ts";
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
  const listed = usePages(
    JSON.stringify([account, search]),
    (after) => terminalsQuery(account, search, after),
    ({ terminal_id }) => terminal_id,
  );
  const columns = useColumns();
  return (
    <Page title={t`All terminals`}>
      <Filters key={JSON.stringify(search)} account={account} filters={search} />
      <Read of={listed}>
        {({ rows, hasMore }) => (
          <>
            <Freshness readAt={listed.dataUpdatedAt} zone={ownZone()} failed={listed.isError} />
            <DataTable
              caption={t`Terminals`}
              columns={columns}
              rows={rows}
              hasMore={hasMore}
              onReach={listed.onReach}
              rowKey={({ terminal_id }) => terminal_id}
              empty={
                Object.keys(search).length === 0 ? (
                  <Trans>This account has no terminals yet.</Trans>
                ) : (
                  <Trans>No terminal meets these filters.</Trans>
                )
              }
            />
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

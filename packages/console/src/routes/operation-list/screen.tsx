import { Trans, useLingui } from "@lingui/react/macro";
import { createLazyRoute, Link } from "@tanstack/react-router";
import { writeOperations } from "@tillkeeper/contract/scopes";
import type { Operation } from "@tillkeeper/sdk";
import { usePages } from "../../api/pages.ts";
import { operationsQuery } from "../../api/queries.ts";
import { CancelOperation } from "../../parts/cancel-operation.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Freshness } from "../../parts/freshness.tsx";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { OperationState, useOperationWords } from "../../parts/operation.tsx";
import { Page } from "../../parts/page.tsx";
import { Read } from "../../parts/read.tsx";
import { useMay } from "../../parts/rights.ts";
import { TerminalName } from "../../parts/terminal-name.tsx";
import { Filters } from "./filters.tsx";

/** What the terminals of an account were asked to do, a page at a time. */
export const Screen = createLazyRoute("/$account/operations/operations")({ component: Operations });

function Operations() {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  const search = Screen.useSearch();
  const listed = usePages(
    JSON.stringify([account, search]),
    (after) => operationsQuery(account, search, after),
    ({ id }) => id,
  );
  const columns = useColumns();
  return (
    <Page title={t`Operations`}>
      <Filters key={JSON.stringify(search)} account={account} filters={search} />
      <Read of={listed}>
        {({ rows, hasMore }) => (
          <>
            <Freshness readAt={listed.dataUpdatedAt} zone={ownZone()} failed={listed.isError} />
            <DataTable
              caption={t`Operations`}
              columns={columns}
              rows={rows}
              hasMore={hasMore}
              onReach={listed.onReach}
              rowKey={({ id }) => id}
              empty={
                Object.keys(search).length === 0 ? (
                  <Trans>No terminal was asked to do anything yet.</Trans>
                ) : (
                  <Trans>No operation meets these filters.</Trans>
                )
              }
            />
          </>
        )}
      </Read>
    </Page>
  );
}

function useColumns(): Column<Operation>[] {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  const words = useOperationWords();
  const mayWrite = useMay(writeOperations);
  return [
    {
      key: "terminal",
      title: t`Terminal`,
      cell: ({ terminal_id: terminal }) => (
        <Link to="/$account/terminals/$terminal" params={{ account, terminal }}>
          <TerminalName id={terminal} />
        </Link>
      ),
    },
    { key: "operation", title: t`Operation`, cell: ({ operation }) => words[operation] },
    { key: "status", title: t`Status`, cell: (operation) => <OperationState operation={operation} /> },
    { key: "at", title: t`Asked for`, cell: ({ created_at: at }) => <Instant at={at} zone={ownZone()} date /> },
    { key: "by", title: t`By`, cell: ({ created_by: by, created_by_name: name }) => name ?? by },
    ...(mayWrite
      ? [
          {
            key: "cancel",
            title: t`Cancel`,
            cell: (one: Operation) =>
              one.status === "PENDING" ? <CancelOperation account={account} operation={one} /> : "–",
          },
        ]
      : []),
  ];
}

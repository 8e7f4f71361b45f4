import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { createLazyRoute, Link } from "@tanstack/react-router";
import type { AuditEntry } from "@tillkeeper/contract/http/audit";
import { auditQuery } from "../../api/audit.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { LookAgain } from "../../parts/look-again.tsx";
import { Page } from "../../parts/page.tsx";
import { Read } from "../../parts/read.tsx";
import { Change } from "./change.tsx";
import { Filters } from "./filters.tsx";
import { instantOf } from "./search.ts";

/** Who changed what in an account, a page at a time. */
export const Screen = createLazyRoute("/$account/operations/audit")({ component: Audit });

function Audit() {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  const search = Screen.useSearch();
  const { after, ...filters } = search;
  const { from, to } = filters;
  const listed = useQuery(auditQuery(account, { ...search, from: instantOf(from), to: instantOf(to) }));
  const columns = useColumns();
  return (
    <Page title={t`Audit log`}>
      <Filters key={JSON.stringify(filters)} account={account} filters={filters} />
      <Read of={listed}>
        {(data) => (
          <>
            <LookAgain of={listed} />
            <DataTable
              caption={t`Audit log`}
              columns={columns}
              rows={data.entries}
              rowKey={({ seq }) => String(seq)}
              empty={<Trans>No change meets these filters.</Trans>}
            />
            <nav className="row" aria-label={t`Further changes`}>
              {after !== undefined && (
                <Link to="/$account/audit" params={{ account }} search={filters}>
                  <Trans>Newest changes</Trans>
                </Link>
              )}
              {data.starting_after !== undefined && (
                <Link to="/$account/audit" params={{ account }} search={{ ...filters, after: data.starting_after }}>
                  <Trans>Older changes</Trans>
                </Link>
              )}
            </nav>
          </>
        )}
      </Read>
    </Page>
  );
}

function useColumns(): Column<AuditEntry>[] {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  return [
    { key: "action", title: t`Action`, cell: ({ action }) => action },
    { key: "at", title: t`Time`, cell: ({ at }) => <Instant at={at} zone={ownZone()} date /> },
    {
      key: "actor",
      title: t`By`,
      cell: ({ actor, actor_name: name }) => (
        <Link to="/$account/audit" params={{ account }} search={{ actor }}>
          {name ?? actor}
        </Link>
      ),
    },
    {
      key: "subject",
      title: t`Of what`,
      cell: ({ subject: { type, id } }) => (
        <>
          {type}{" "}
          <Link to="/$account/audit" params={{ account }} search={{ subject: id }}>
            {id}
          </Link>
        </>
      ),
    },
    { key: "change", title: t`Change`, cell: (entry) => <Change entry={entry} /> },
  ];
}

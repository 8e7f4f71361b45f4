import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { createLazyRoute, Link } from "@tanstack/react-router";
import type { Client } from "@tillkeeper/contract/http/clients";
import { writeClients } from "@tillkeeper/contract/scopes";
import { apiClientsQuery } from "../../api/api-clients.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Instant, ownZone } from "../../parts/instant.tsx";
import { Page } from "../../parts/page.tsx";
import { Read } from "../../parts/read.tsx";
import { useMay } from "../../parts/rights.ts";
import { NewClient } from "./new-client.tsx";

/** The API clients of an account, a page at a time. */
export const Screen = createLazyRoute("/$account/operations/api-clients")({ component: ApiClients });

function ApiClients() {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  const { after } = Screen.useSearch();
  const listed = useQuery(apiClientsQuery(account, after));
  const columns = useColumns();
  const mayWrite = useMay(writeClients);
  return (
    <Page title={t`API clients`}>
      <Read of={listed}>
        {(data) => (
          <>
            <DataTable
              caption={t`API clients`}
              columns={columns}
              rows={data.clients}
              rowKey={({ id }) => id}
              empty={<Trans>No program may use this account yet.</Trans>}
            />
            <nav className="row" aria-label={t`Further API clients`}>
              {after !== undefined && (
                <Link to="/$account/api-clients" params={{ account }} search={{}}>
                  <Trans>Newest API clients</Trans>
                </Link>
              )}
              {data.starting_after !== undefined && (
                <Link to="/$account/api-clients" params={{ account }} search={{ after: data.starting_after }}>
                  <Trans>Older API clients</Trans>
                </Link>
              )}
            </nav>
          </>
        )}
      </Read>
      {mayWrite && <NewClient account={account} />}
    </Page>
  );
}

function useColumns(): Column<Client>[] {
  const { t } = useLingui();
  const { account } = Screen.useParams();
  return [
    {
      key: "name",
      title: t`Name`,
      cell: ({ id, name, client_id: clientId }) => (
        <Link to="/$account/api-clients/$client" params={{ account, client: id }}>
          {name ?? clientId}
        </Link>
      ),
    },
    { key: "client", title: t`Client id`, cell: ({ client_id: clientId }) => clientId },
    { key: "description", title: t`Description`, cell: ({ description }) => description ?? "–" },
    { key: "secrets", title: t`Secrets`, numeric: true, cell: ({ secrets }) => secrets.length },
    { key: "made", title: t`Made`, cell: ({ created_at: at }) => <Instant at={at} zone={ownZone()} date /> },
  ];
}
